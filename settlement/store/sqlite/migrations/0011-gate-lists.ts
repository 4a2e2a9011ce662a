/** What a gate says of its lists with every batch: how old its deny list is, and what it refuses for it. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const GATE_LISTS: DurableMigration = {
  name: '0011-gate-lists',
  statements: [
    `ALTER TABLE gate ADD COLUMN deny_at_s INTEGER`,
    `ALTER TABLE gate ADD COLUMN lists_stage TEXT`,
  ],
};
