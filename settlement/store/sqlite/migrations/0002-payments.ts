/**
 * Paying with a network: merchants, seeds, one-time codes, orders, payments. Two older tables name their
 * kinds in a CHECK, which SQLite can only change by making the table anew; foreign keys are off while
 * migrations run and are checked as a whole afterwards.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

const LEDGER = [
  `CREATE TABLE ledger_account_next (
     name TEXT PRIMARY KEY,
     kind TEXT NOT NULL CHECK (kind IN ('cash', 'wallet', 'receivable', 'revenue', 'merchant')),
     debits_cents INTEGER NOT NULL CHECK (debits_cents >= 0),
     credits_cents INTEGER NOT NULL CHECK (credits_cents >= 0),
     CHECK (CASE WHEN kind IN ('cash', 'receivable') THEN debits_cents >= credits_cents
            ELSE credits_cents >= debits_cents END)) STRICT, WITHOUT ROWID`,
  `INSERT INTO ledger_account_next SELECT * FROM ledger_account`,
  `DROP TABLE ledger_account`,
  `ALTER TABLE ledger_account_next RENAME TO ledger_account`,
];

const RECORDS = [
  `CREATE TABLE record_next (
     id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL, seq INTEGER NOT NULL,
     batch_id INTEGER NOT NULL, line BLOB NOT NULL, hash BLOB NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('tap', 'ask', 'answer', 'void', 'note', 'unreadable')),
     verdict TEXT, gate_reason TEXT, at_ms INTEGER NOT NULL, clock TEXT, ride_line TEXT, of_seq INTEGER,
     use TEXT, ruling TEXT NOT NULL, reason TEXT, received_at_ms INTEGER NOT NULL, outcome TEXT,
     UNIQUE (epoch_id, seq)) STRICT`,
  `INSERT INTO record_next SELECT * FROM record`,
  `DROP TABLE record`,
  `ALTER TABLE record_next RENAME TO record`,
  `CREATE INDEX record_by_use ON record (use) WHERE use IS NOT NULL`,
  `CREATE INDEX record_odd ON record (epoch_id, outcome)
     WHERE outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')`,
];

const MERCHANTS = [
  `CREATE TABLE merchant (
     merchant TEXT PRIMARY KEY, name TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE,
     last_receipt INTEGER NOT NULL, created_at_ms INTEGER NOT NULL, blocked_at_ms INTEGER) STRICT`,
  `CREATE TABLE payment_seed (
     handle TEXT PRIMARY KEY CHECK (length(handle) = 8), account TEXT NOT NULL, serial INTEGER NOT NULL,
     key_id TEXT NOT NULL, sealed BLOB NOT NULL, created_at_ms INTEGER NOT NULL,
     expires_at_ms INTEGER NOT NULL, confirmed_at_ms INTEGER, ended_at_ms INTEGER,
     failures INTEGER NOT NULL, paid_cents INTEGER NOT NULL,
     FOREIGN KEY (account, serial) REFERENCES pass) STRICT`,
  `CREATE INDEX payment_seed_of ON payment_seed (account, serial)`,
  `CREATE INDEX payment_seed_expiry ON payment_seed (expires_at_ms)`,
  `CREATE TABLE spent_step (
     handle TEXT NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (handle, step)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX spent_step_age ON spent_step (step)`,
  `CREATE TABLE online_code (
     code_hash TEXT PRIMARY KEY, account TEXT NOT NULL, serial INTEGER NOT NULL,
     expires_at_ms INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('live', 'used', 'ended')),
     FOREIGN KEY (account, serial) REFERENCES pass) STRICT, WITHOUT ROWID`,
  `CREATE INDEX online_code_of ON online_code (account, serial)`,
  `CREATE INDEX online_code_expiry ON online_code (expires_at_ms)`,
  `CREATE TABLE payee_failure (
     number INTEGER PRIMARY KEY, payee TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT`,
  `CREATE INDEX payee_failure_of ON payee_failure (payee, at_ms)`,
  `CREATE INDEX payee_failure_age ON payee_failure (at_ms)`,
  `CREATE TABLE purchase_order (
     order_id TEXT PRIMARY KEY, merchant TEXT NOT NULL REFERENCES merchant, key TEXT NOT NULL,
     amount_cents INTEGER NOT NULL CHECK (amount_cents > 0), note TEXT,
     state TEXT NOT NULL CHECK (state IN ('OPEN', 'PAID', 'CANCELLED')),
     created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, UNIQUE (merchant, key)) STRICT`,
  `CREATE TABLE payment (
     id INTEGER PRIMARY KEY, payee TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL,
     outcome TEXT NOT NULL CHECK (outcome IN ('PAID', 'REFUSED')), reason TEXT, way TEXT,
     account TEXT, serial INTEGER, handle TEXT, line TEXT, note TEXT, order_id TEXT,
     amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0),
     refunded_cents INTEGER NOT NULL CHECK (refunded_cents BETWEEN 0 AND amount_cents),
     receipt INTEGER, at_ms INTEGER NOT NULL, UNIQUE (payee, key),
     CHECK ((outcome = 'PAID') = (reason IS NULL)),
     CHECK (outcome = 'REFUSED' OR account IS NOT NULL)) STRICT`,
  `CREATE UNIQUE INDEX payment_receipt ON payment (payee, receipt) WHERE receipt IS NOT NULL`,
  `CREATE INDEX payment_of ON payment (account, at_ms) WHERE outcome = 'PAID'`,
  `CREATE INDEX payment_at ON payment (payee, at_ms, id)`,
  `CREATE TABLE payment_refund (
     id INTEGER PRIMARY KEY, payment INTEGER NOT NULL REFERENCES payment, key TEXT NOT NULL,
     amount_cents INTEGER NOT NULL CHECK (amount_cents > 0), why TEXT NOT NULL,
     at_ms INTEGER NOT NULL, UNIQUE (payment, key)) STRICT`,
];

/** A payment may learn of its refunds, an order of its end; nothing else of them may change. */
const FROZEN: readonly (readonly [table: string, columns: string])[] = [
  [
    'payment',
    'id, payee, key, request_hash, outcome, reason, way, account, serial, handle, line, note, order_id, amount_cents, receipt, at_ms',
  ],
  ['payment_refund', 'id, payment, key, amount_cents, why, at_ms'],
  ['purchase_order', 'order_id, merchant, key, amount_cents, note, created_at_ms, expires_at_ms'],
  [
    'record',
    'id, epoch_id, seq, batch_id, line, hash, kind, verdict, gate_reason, at_ms, clock, ride_line, of_seq, use, ruling, reason, received_at_ms',
  ],
];

function refuse(
  table: string,
  { what, of = '' }: { what: 'UPDATE' | 'DELETE'; of?: string },
): string {
  const name = `${table}_no_${what.toLowerCase()}`;
  const message = `${table} is append-only`;
  return `CREATE TRIGGER ${name} BEFORE ${what} ${of} ON ${table} BEGIN SELECT RAISE(ABORT, '${message}'); END`;
}

const triggers = FROZEN.flatMap(([table, columns]) => [
  refuse(table, { what: 'UPDATE', of: `OF ${columns}` }),
  refuse(table, { what: 'DELETE' }),
]);

export const PAYMENTS: DurableMigration = {
  name: '0002-payments',
  statements: [...LEDGER, ...RECORDS, ...MERCHANTS, ...triggers],
};
