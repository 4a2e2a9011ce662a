/** Who of several processes leads; each change of hands has its number. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const LEASE: DurableMigration = {
  name: '0027-lease',
  statements: [
    `CREATE TABLE lease (
       number INTEGER PRIMARY KEY CHECK (number = 1), fence INTEGER NOT NULL, holder TEXT,
       beats INTEGER NOT NULL) STRICT`,
  ],
};
