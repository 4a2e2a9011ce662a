/** From where accounts were made within the last hour, so that a restart does not begin to count anew. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const ENROLMENTS: DurableMigration = {
  name: '0021-enrolments',
  statements: [
    `CREATE TABLE enrolment (
       number INTEGER PRIMARY KEY, address TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT`,
    `CREATE INDEX enrolment_from ON enrolment (address, at_ms)`,
    `CREATE INDEX enrolment_age ON enrolment (at_ms)`,
  ],
};
