/** The seal of the books: the last link of the ledger's chain, and a seal on each epoch. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const BOOK_SEAL: DurableMigration = {
  name: '0009-book-seal',
  statements: [
    `CREATE TABLE book_seal (
       name TEXT PRIMARY KEY CHECK (name IN ('ledger')), last_number INTEGER NOT NULL,
       link BLOB NOT NULL CHECK (length(link) = 32)) STRICT, WITHOUT ROWID`,
    `ALTER TABLE gate_epoch ADD COLUMN seal BLOB`,
  ],
};
