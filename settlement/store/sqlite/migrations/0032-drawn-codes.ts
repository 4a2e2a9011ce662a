/** Codes know which phone drew them, and when another one was confirmed in their place. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const DRAWN_CODES: DurableMigration = {
  name: '0032-drawn-codes',
  statements: [
    'ALTER TABLE recovery_code ADD COLUMN drawn_by INTEGER',
    'ALTER TABLE recovery_code ADD COLUMN replaced_at_ms INTEGER',
  ],
};
