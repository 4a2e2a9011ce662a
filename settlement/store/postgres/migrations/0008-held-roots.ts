/** How far a gate has heard the operator's roots: after a restored backup it may be further than settlement. */
import type { Migration } from './migration.ts';

export const HELD_ROOTS: Migration = {
  name: '0008-held-roots',
  statements: [
    `ALTER TABLE gate ADD COLUMN root_generation bigint, ADD COLUMN root_number bigint,
       ADD COLUMN root_floor bigint`,
  ],
};
