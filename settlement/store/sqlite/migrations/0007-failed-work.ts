/**
 * Work that fails is tried again for ever: when next, since when it fails, and in pieces of how many records.
 * What was set aside for good before is due again. Which kinds there are is the code's to say.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const FAILED_WORK: DurableMigration = {
  name: '0007-failed-work',
  statements: [
    `CREATE TABLE outbox_next (
       id INTEGER PRIMARY KEY, kind TEXT NOT NULL, cursor INTEGER NOT NULL, until INTEGER NOT NULL,
       subject TEXT NOT NULL, attempts INTEGER NOT NULL, created_at_ms INTEGER NOT NULL,
       failed TEXT, failed_since_ms INTEGER, due_at_ms INTEGER NOT NULL DEFAULT 0,
       records_max INTEGER, CHECK ((failed IS NULL) = (failed_since_ms IS NULL))) STRICT`,
    `INSERT INTO outbox_next (id, kind, cursor, until, subject, attempts, created_at_ms)
       SELECT id, kind, cursor, until, subject, attempts, created_at_ms FROM outbox
       WHERE failed IS NULL`,
    `INSERT INTO outbox_next (id, kind, cursor, until, subject, attempts, created_at_ms, failed,
         failed_since_ms)
       SELECT id, kind, cursor, until, subject, attempts, created_at_ms, failed, created_at_ms FROM outbox
       WHERE failed IS NOT NULL`,
    `DROP TABLE outbox`,
    `ALTER TABLE outbox_next RENAME TO outbox`,
    `CREATE UNIQUE INDEX outbox_publish ON outbox (kind) WHERE kind = 'publish'`,
    `CREATE UNIQUE INDEX outbox_use ON outbox (subject) WHERE kind = 'use'`,
  ],
};
