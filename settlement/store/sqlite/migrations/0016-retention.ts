/**
 * Trust lists, refused payments and the deny list's history are kept for a time. What has to stay of them has
 * tables of its own, and no list or payment goes before it stands there; what was paid never goes.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const RETENTION: DurableMigration = {
  name: '0016-retention',
  statements: [
    `CREATE TABLE list_rules (
       version INTEGER PRIMARY KEY, issued_at_s INTEGER NOT NULL,
       code_lifetime_s_max INTEGER NOT NULL, skew_s INTEGER NOT NULL, revoked TEXT NOT NULL,
       list_sha256 BLOB NOT NULL CHECK (length(list_sha256) = 32),
       seal BLOB NOT NULL CHECK (length(seal) = 32)) STRICT`,
    `CREATE TABLE refused_key (
       payee TEXT NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL,
       PRIMARY KEY (payee, key)) STRICT, WITHOUT ROWID`,
    `CREATE TABLE cut (
       kind TEXT PRIMARY KEY, rows INTEGER NOT NULL CHECK (rows > 0),
       link BLOB NOT NULL CHECK (length(link) = 32),
       seal BLOB NOT NULL CHECK (length(seal) = 32)) STRICT, WITHOUT ROWID`,
    `CREATE INDEX payment_refused ON payment (at_ms, id) WHERE outcome = 'REFUSED'`,
    `CREATE INDEX denial_lifted ON denial (lifted_at_ms) WHERE lifted_at_ms IS NOT NULL`,
    `CREATE INDEX invite_expiry ON invite (expires_at_ms)`,
    ...['list_rules', 'refused_key'].flatMap((table) =>
      ['UPDATE', 'DELETE'].map(
        (what) =>
          `CREATE TRIGGER ${table}_no_${what.toLowerCase()} BEFORE ${what} ON ${table}
             BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`,
      ),
    ),
    `DROP TRIGGER trust_list_no_delete`,
    `CREATE TRIGGER trust_list_no_delete BEFORE DELETE ON trust_list
       WHEN NOT EXISTS (SELECT 1 FROM list_rules WHERE version = OLD.version)
       BEGIN SELECT RAISE(ABORT, 'trust_list is append-only'); END`,
    `DROP TRIGGER payment_no_delete`,
    `CREATE TRIGGER payment_no_delete BEFORE DELETE ON payment
       WHEN OLD.outcome <> 'REFUSED' OR NOT EXISTS (
         SELECT 1 FROM refused_key WHERE payee = OLD.payee AND key = OLD.key)
       BEGIN SELECT RAISE(ABORT, 'payment is append-only'); END`,
  ],
};
