/** Codes know which phone drew them, and when another one was confirmed in their place. */
import type { Migration } from './migration.ts';

export const DRAWN_CODES: Migration = {
  name: '0017-drawn-codes',
  statements: [
    'ALTER TABLE recovery_code ADD COLUMN drawn_by bigint',
    'ALTER TABLE recovery_code ADD COLUMN replaced_at_ms bigint',
  ],
};
