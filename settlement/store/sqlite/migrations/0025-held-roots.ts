/** How far a gate has heard the operator's roots: after a restored backup it may be further than settlement. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const HELD_ROOTS: DurableMigration = {
  name: '0025-held-roots',
  statements: [
    `ALTER TABLE gate ADD COLUMN root_generation INTEGER`,
    `ALTER TABLE gate ADD COLUMN root_number INTEGER`,
    `ALTER TABLE gate ADD COLUMN root_floor INTEGER`,
  ],
};
