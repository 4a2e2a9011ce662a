/** A top-up of which nobody knows yet is asked about again by itself: how often so far, and when next. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const TOP_UP_INQUIRIES: DurableMigration = {
  name: '0020-top-up-inquiries',
  statements: [
    'ALTER TABLE top_up_intent ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE top_up_intent ADD COLUMN due_at_ms INTEGER NOT NULL DEFAULT 0',
    `CREATE INDEX top_up_open ON top_up_intent (due_at_ms) WHERE state IN ('INTENT', 'UNKNOWN')`,
  ],
};
