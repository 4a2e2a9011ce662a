/** Who of several processes leads; each change of hands has its number. */
import type { Migration } from './migration.ts';

export const LEASE: Migration = {
  name: '0011-lease',
  statements: [
    `CREATE TABLE lease (
       number smallint PRIMARY KEY CHECK (number = 1), fence bigint NOT NULL,
       holder text COLLATE "C", beats bigint NOT NULL) WITH (fillfactor = 10)`,
  ],
};
