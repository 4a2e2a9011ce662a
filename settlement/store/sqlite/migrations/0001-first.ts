/**
 * The first schema. Raw statements, because STRICT tables, triggers and partial indexes have no words
 * in the query builder. What was received and what was posted can't be changed or deleted: triggers
 * refuse it, so that no bug of ours can rewrite history.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

const STATEMENTS = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,

  // Keys, lists
  `CREATE TABLE issuer_key (
     issuer INTEGER NOT NULL, key_id INTEGER NOT NULL, public_key TEXT NOT NULL,
     not_before_s INTEGER NOT NULL, not_after_s INTEGER NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('active', 'retired', 'revoked')),
     ceiling_exponent INTEGER NOT NULL, PRIMARY KEY (issuer, key_id)) STRICT`,
  `CREATE TABLE tariff_line (
     version INTEGER PRIMARY KEY, line TEXT NOT NULL, fare_cents INTEGER NOT NULL CHECK (fare_cents >= 0),
     from_s INTEGER NOT NULL, set_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE INDEX tariff_by_line ON tariff_line (line)`,
  `CREATE TABLE trust_list (
     version INTEGER PRIMARY KEY, jws TEXT NOT NULL, payload TEXT NOT NULL,
     made_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE TABLE deny_version (
     version INTEGER PRIMARY KEY, count INTEGER NOT NULL CHECK (count >= 0),
     set_digest TEXT NOT NULL, made_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE TABLE deny_entry (
     id BLOB NOT NULL CHECK (length(id) = 14), added_in INTEGER NOT NULL, removed_in INTEGER,
     PRIMARY KEY (id, added_in)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX deny_added ON deny_entry (added_in)`,
  `CREATE INDEX deny_removed ON deny_entry (removed_in) WHERE removed_in IS NOT NULL`,
  `CREATE TABLE denial (
     number INTEGER PRIMARY KEY, id BLOB NOT NULL CHECK (length(id) = 14),
     cause TEXT NOT NULL CHECK (cause IN ('DEBT', 'OPERATOR')), note TEXT NOT NULL,
     since_ms INTEGER NOT NULL, lifted_at_ms INTEGER) STRICT`,
  `CREATE UNIQUE INDEX denial_active ON denial (id, cause) WHERE lifted_at_ms IS NULL`,
  `CREATE TABLE deny_dirty (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID`,

  // Riders
  `CREATE TABLE account (account TEXT PRIMARY KEY, created_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE TABLE pass (
     account TEXT NOT NULL REFERENCES account, serial INTEGER NOT NULL CHECK (serial > 0),
     algorithm TEXT NOT NULL CHECK (algorithm IN ('Ed25519', 'P-256')),
     public_key TEXT NOT NULL UNIQUE, enrolled_at_ms INTEGER NOT NULL,
     PRIMARY KEY (account, serial)) STRICT`,
  `CREATE TABLE pass_issue (
     number INTEGER PRIMARY KEY, account TEXT NOT NULL, serial INTEGER NOT NULL,
     issuer INTEGER NOT NULL, key_id INTEGER NOT NULL,
     issued_at_s INTEGER NOT NULL, expires_at_s INTEGER NOT NULL,
     FOREIGN KEY (account, serial) REFERENCES pass) STRICT`,
  `CREATE INDEX pass_issue_of ON pass_issue (account, serial)`,
  `CREATE TABLE session (
     token_hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, serial INTEGER NOT NULL,
     expires_at_s INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE INDEX session_expiry ON session (expires_at_s)`,
  `CREATE TABLE top_up (
     number INTEGER PRIMARY KEY, account TEXT NOT NULL REFERENCES account, key TEXT NOT NULL,
     amount_cents INTEGER NOT NULL CHECK (amount_cents > 0), at_ms INTEGER NOT NULL,
     UNIQUE (account, key)) STRICT`,

  // Gates and what they sent
  `CREATE TABLE gate (
     gate TEXT PRIMARY KEY, scope INTEGER NOT NULL, created_at_ms INTEGER NOT NULL,
     enrolled_at_ms INTEGER, last_sync_ms INTEGER,
     trust_seen INTEGER, deny_seen INTEGER, tariff_seen INTEGER) STRICT`,
  `CREATE TABLE gate_line (
     number INTEGER PRIMARY KEY, gate TEXT NOT NULL REFERENCES gate, line TEXT NOT NULL,
     from_ms INTEGER NOT NULL) STRICT`,
  `CREATE INDEX gate_line_of ON gate_line (gate)`,
  `CREATE TABLE gate_token (
     token_hash TEXT PRIMARY KEY, gate TEXT NOT NULL REFERENCES gate, line TEXT NOT NULL,
     scope INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, used_at_ms INTEGER) STRICT, WITHOUT ROWID`,
  `CREATE TABLE gate_key (
     id INTEGER PRIMARY KEY, gate TEXT NOT NULL REFERENCES gate, public_key BLOB NOT NULL,
     from_ms INTEGER NOT NULL, until_ms INTEGER) STRICT`,
  `CREATE INDEX gate_key_of ON gate_key (gate)`,
  `CREATE TABLE gate_epoch (
     id INTEGER PRIMARY KEY, gate TEXT NOT NULL REFERENCES gate, epoch TEXT NOT NULL,
     last_seq INTEGER NOT NULL, head BLOB NOT NULL CHECK (length(head) = 32),
     UNIQUE (gate, epoch)) STRICT`,
  `CREATE TABLE batch (
     id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL REFERENCES gate_epoch,
     header_line BLOB NOT NULL, seal_line BLOB NOT NULL, gate_key_id INTEGER NOT NULL,
     received_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE TABLE record (
     id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL, seq INTEGER NOT NULL,
     batch_id INTEGER NOT NULL, line BLOB NOT NULL, hash BLOB NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('tap', 'void', 'note', 'unreadable')),
     verdict TEXT, gate_reason TEXT, at_ms INTEGER NOT NULL, clock TEXT, ride_line TEXT, of_seq INTEGER,
     use TEXT, ruling TEXT NOT NULL, reason TEXT, received_at_ms INTEGER NOT NULL, outcome TEXT,
     UNIQUE (epoch_id, seq)) STRICT`,
  `CREATE INDEX record_by_use ON record (use) WHERE use IS NOT NULL`,
  `CREATE INDEX record_odd ON record (epoch_id, outcome)
     WHERE outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING')`,
  `CREATE TABLE odd_line (
     id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL, seq INTEGER NOT NULL, batch_id INTEGER NOT NULL,
     line BLOB NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL, checked TEXT NOT NULL,
     received_at_ms INTEGER NOT NULL,
     why TEXT NOT NULL CHECK (why IN ('GAP', 'FORK', 'OTHER_BYTES', 'JOINED')),
     UNIQUE (epoch_id, seq, hash)) STRICT`,
  `CREATE INDEX odd_line_waiting ON odd_line (epoch_id, seq) WHERE why = 'GAP'`,

  // Money
  `CREATE TABLE ledger_account (
     name TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('cash', 'wallet', 'receivable', 'revenue')),
     debits_cents INTEGER NOT NULL CHECK (debits_cents >= 0),
     credits_cents INTEGER NOT NULL CHECK (credits_cents >= 0),
     CHECK (CASE WHEN kind IN ('cash', 'receivable') THEN debits_cents >= credits_cents
            ELSE credits_cents >= debits_cents END)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE transfer (
     number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
     debit TEXT NOT NULL REFERENCES ledger_account, credit TEXT NOT NULL REFERENCES ledger_account,
     amount_cents INTEGER NOT NULL CHECK (amount_cents > 0), code TEXT NOT NULL,
     happened_at_ms INTEGER NOT NULL, recorded_at_ms INTEGER NOT NULL, CHECK (debit <> credit)) STRICT`,
  `CREATE TABLE charge (
     use TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, rev INTEGER NOT NULL,
     record INTEGER NOT NULL REFERENCES record, line TEXT NOT NULL,
     fare_cents INTEGER NOT NULL CHECK (fare_cents >= 0),
     owed_cents INTEGER NOT NULL CHECK (owed_cents BETWEEN 0 AND fare_cents),
     state TEXT NOT NULL, reason TEXT, ridden_at_ms INTEGER NOT NULL,
     recorded_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE INDEX charge_by_account ON charge (account, ridden_at_ms)`,
  `CREATE INDEX charge_owed ON charge (account, ridden_at_ms, use) WHERE owed_cents > 0`,
  `CREATE TABLE charge_event (
     number INTEGER PRIMARY KEY, use TEXT NOT NULL, rev INTEGER NOT NULL, state TEXT NOT NULL,
     fare_cents INTEGER NOT NULL, owed_cents INTEGER NOT NULL, record INTEGER NOT NULL, reason TEXT,
     ridden_at_ms INTEGER NOT NULL, recorded_at_ms INTEGER NOT NULL) STRICT`,

  // What is still to do
  `CREATE TABLE outbox (
     id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('settle', 'reprice', 'join', 'publish')),
     cursor INTEGER NOT NULL, until INTEGER NOT NULL, subject TEXT NOT NULL,
     attempts INTEGER NOT NULL, created_at_ms INTEGER NOT NULL, failed TEXT) STRICT`,
  `CREATE UNIQUE INDEX outbox_publish ON outbox (kind) WHERE kind = 'publish'`,
];

/** Rows that are written once. `record` may still learn its outcome, nothing else. */
const FOREVER = ['transfer', 'charge_event', 'top_up', 'batch', 'pass_issue', 'trust_list'];

function refuse(
  table: string,
  { what, of = '' }: { what: 'UPDATE' | 'DELETE'; of?: string },
): string {
  const name = `${table}_no_${what.toLowerCase()}`;
  const message = `${table} is append-only`;
  return `CREATE TRIGGER ${name} BEFORE ${what} ${of} ON ${table} BEGIN SELECT RAISE(ABORT, '${message}'); END`;
}

function triggers(): string[] {
  const record = [
    'id',
    'epoch_id',
    'seq',
    'batch_id',
    'line',
    'hash',
    'kind',
    'verdict',
    'gate_reason',
    'at_ms',
    'clock',
    'ride_line',
    'of_seq',
    'use',
    'ruling',
    'reason',
    'received_at_ms',
  ];
  const odd = ['epoch_id', 'seq', 'batch_id', 'line', 'prev', 'hash', 'checked', 'received_at_ms'];
  return [
    ...FOREVER.flatMap((table) => [
      refuse(table, { what: 'UPDATE' }),
      refuse(table, { what: 'DELETE' }),
    ]),
    refuse('record', { what: 'UPDATE', of: `OF ${record.join(', ')}` }),
    refuse('record', { what: 'DELETE' }),
    refuse('odd_line', { what: 'UPDATE', of: `OF ${odd.join(', ')}` }),
    refuse('odd_line', { what: 'DELETE' }),
    refuse('charge', { what: 'DELETE' }),
  ];
}

export const FIRST: DurableMigration = {
  name: '0001-first',
  statements: [...STATEMENTS, ...triggers()],
};
