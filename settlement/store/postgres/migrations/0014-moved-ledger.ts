/** Transfers that came from a file of books: which number each had in the one chain that they were in there. */
import type { Migration } from './migration.ts';

export const MOVED_LEDGER: Migration = {
  name: '0014-moved-ledger',
  statements: [
    'ALTER TABLE transfer ADD COLUMN moved_number bigint',
    `CREATE UNIQUE INDEX transfer_moved ON transfer (moved_number, chain)
       WHERE moved_number IS NOT NULL`,
  ],
};
