/**
 * Taps that wait for what settlement does not know yet are judged again; then, and once, a record gets the use that it
 * could not have before.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

const FROZEN =
  'id, epoch_id, seq, batch_id, line, hash, kind, verdict, gate_reason, at_ms, clock, ride_line, of_seq, ruling, reason, received_at_ms';

export const UNJUDGED: DurableMigration = {
  name: '0012-unjudged',
  statements: [
    `CREATE TABLE unjudged (
       record INTEGER PRIMARY KEY REFERENCES record, account TEXT,
       due INTEGER NOT NULL CHECK (due IN (0, 1))) STRICT`,
    `CREATE INDEX unjudged_due ON unjudged (record) WHERE due = 1`,
    `CREATE INDEX unjudged_account ON unjudged (account) WHERE account IS NOT NULL`,
    `INSERT INTO unjudged SELECT id, NULL, 1 FROM record
       WHERE kind = 'tap' AND verdict = 'open' AND use IS NULL
         AND reason IN ('KEY_UNKNOWN', 'KEY_EXPIRED', 'ACCOUNT_UNKNOWN', 'PASS_NOT_ISSUED')`,
    `DROP TRIGGER record_no_update`,
    `CREATE TRIGGER record_no_update BEFORE UPDATE OF ${FROZEN} ON record
       BEGIN SELECT RAISE(ABORT, 'record is append-only'); END`,
    `CREATE TRIGGER record_use_once BEFORE UPDATE OF use ON record WHEN OLD.use IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'record is append-only'); END`,
  ],
};
