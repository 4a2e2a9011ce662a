/**
 * Codes that bring an account to another phone, passes that have ended, denials of their riders' own, and moves
 * that a second operator confirms.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const RECOVERY: DurableMigration = {
  name: '0017-recovery',
  statements: [
    `CREATE TABLE recovery_code (
       code_hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account,
       kind TEXT NOT NULL CHECK (kind IN ('RECOVERY', 'MOVE', 'PHONE')),
       made_at_ms INTEGER NOT NULL, expires_at_ms INTEGER, ended_at_ms INTEGER,
       used_serial INTEGER) STRICT, WITHOUT ROWID`,
    'CREATE INDEX recovery_code_of ON recovery_code (account) WHERE ended_at_ms IS NULL',
    'ALTER TABLE pass ADD COLUMN ended_at_ms INTEGER',
    `ALTER TABLE pass ADD COLUMN ended_why TEXT CHECK (ended_why IN ('MOVED', 'BLOCKED'))`,
    'CREATE INDEX session_of ON session (account, serial)',
    `CREATE TABLE approval (
       id INTEGER PRIMARY KEY, account TEXT NOT NULL REFERENCES account, note TEXT NOT NULL,
       by_name TEXT NOT NULL, asked_at_ms INTEGER NOT NULL, ends_at_ms INTEGER NOT NULL,
       approved_by TEXT CHECK (approved_by <> by_name), approved_at_ms INTEGER,
       used_at_ms INTEGER) STRICT`,
    'CREATE INDEX approval_of ON approval (account, by_name)',
    `CREATE TABLE denial_next (
       number INTEGER PRIMARY KEY, id BLOB NOT NULL CHECK (length(id) = 14),
       cause TEXT NOT NULL CHECK (cause IN ('DEBT', 'OPERATOR', 'RIDER')), note TEXT NOT NULL,
       since_ms INTEGER NOT NULL, lifted_at_ms INTEGER) STRICT`,
    `INSERT INTO denial_next (number, id, cause, note, since_ms, lifted_at_ms)
       SELECT number, id, cause, note, since_ms, lifted_at_ms FROM denial`,
    'DROP TABLE denial',
    'ALTER TABLE denial_next RENAME TO denial',
    'CREATE UNIQUE INDEX denial_active ON denial (id, cause) WHERE lifted_at_ms IS NULL',
    'CREATE INDEX denial_lifted ON denial (lifted_at_ms) WHERE lifted_at_ms IS NOT NULL',
  ],
};
