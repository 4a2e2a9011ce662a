/**
 * How an account came to be and who is behind it, invitations that make accounts, and what a provider of
 * payments has said of each top-up so far.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const STANDING: DurableMigration = {
  name: '0008-standing',
  statements: [
    `ALTER TABLE account ADD COLUMN enrolled_by TEXT NOT NULL DEFAULT 'open'`,
    `ALTER TABLE account ADD COLUMN person_hash TEXT`,
    `CREATE INDEX account_person ON account (person_hash) WHERE person_hash IS NOT NULL`,
    `CREATE TABLE invite (
       token_hash TEXT PRIMARY KEY,
       kind TEXT NOT NULL CHECK (kind IN ('invite', 'deposit', 'verified')),
       person_hash TEXT, expires_at_ms INTEGER NOT NULL, used_at_ms INTEGER) STRICT, WITHOUT ROWID`,
    `CREATE TABLE top_up_intent (
       account TEXT NOT NULL REFERENCES account, key TEXT NOT NULL,
       amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
       state TEXT NOT NULL CHECK (state IN ('INTENT', 'UNKNOWN', 'FAILED', 'PAID')),
       begun_at_ms INTEGER NOT NULL, changed_at_ms INTEGER NOT NULL,
       PRIMARY KEY (account, key)) STRICT, WITHOUT ROWID`,
  ],
};
