/** The first schema. Append-only from here on: a change is a new migration, never an edit of this one. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `CREATE TABLE account (account TEXT PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('active', 'closed')),
     created_at_ms BIGINT NOT NULL)`,
  `CREATE TABLE device (account TEXT NOT NULL REFERENCES account, serial INTEGER NOT NULL CHECK (serial > 0),
     algorithm TEXT NOT NULL, public_key TEXT NOT NULL UNIQUE, pass TEXT NOT NULL, pass_expires_s BIGINT NOT NULL,
     created_at_ms BIGINT NOT NULL, PRIMARY KEY (account, serial))`,
  `CREATE TABLE session (token_hash TEXT PRIMARY KEY, account TEXT NOT NULL, serial INTEGER NOT NULL,
     expires_at_s BIGINT NOT NULL)`,
  `CREATE TABLE top_up (account TEXT NOT NULL REFERENCES account, idempotency_key TEXT NOT NULL,
     amount_cents BIGINT NOT NULL CHECK (amount_cents > 0), at_ms BIGINT NOT NULL,
     PRIMARY KEY (account, idempotency_key))`,
  `CREATE TABLE issuer_key (issuer INTEGER NOT NULL, key_id INTEGER NOT NULL, public_key TEXT NOT NULL,
     not_before_s BIGINT NOT NULL, not_after_s BIGINT NOT NULL,
     status TEXT NOT NULL CHECK (status IN ('active', 'retired', 'revoked')), ceiling_exponent INTEGER NOT NULL,
     PRIMARY KEY (issuer, key_id))`,
  `CREATE TABLE fare (line TEXT NOT NULL, from_s BIGINT NOT NULL, fare_cents BIGINT NOT NULL CHECK (fare_cents >= 0),
     PRIMARY KEY (line, from_s))`,
  `CREATE TABLE gate (gate TEXT PRIMARY KEY, line TEXT NOT NULL, scope INTEGER NOT NULL, created_at_ms BIGINT NOT NULL)`,
  `CREATE TABLE gate_key (gate TEXT NOT NULL REFERENCES gate, public_key TEXT NOT NULL, from_ms BIGINT NOT NULL,
     PRIMARY KEY (gate, public_key))`,
  `CREATE TABLE gate_token (token_hash TEXT PRIMARY KEY, gate TEXT NOT NULL REFERENCES gate,
     expires_at_s BIGINT NOT NULL, used_at_ms BIGINT)`,
  `CREATE TABLE chain (gate TEXT NOT NULL REFERENCES gate, epoch TEXT NOT NULL, last_seq BIGINT NOT NULL,
     head TEXT NOT NULL, first_at_ms BIGINT NOT NULL, last_at_ms BIGINT NOT NULL, PRIMARY KEY (gate, epoch))`,
  `CREATE TABLE record (gate TEXT NOT NULL, epoch TEXT NOT NULL, seq BIGINT NOT NULL, line BLOB NOT NULL,
     hash BLOB NOT NULL, kind TEXT NOT NULL, verdict TEXT, gate_reason TEXT, ruling TEXT NOT NULL,
     ruling_reason TEXT, at_ms BIGINT, received_at_ms BIGINT NOT NULL, use_key TEXT, account TEXT,
     line_name TEXT, fare_cents BIGINT, voided_by_seq BIGINT, PRIMARY KEY (gate, epoch, seq))`,
  'CREATE INDEX record_use ON record (use_key) WHERE use_key IS NOT NULL',
  `CREATE INDEX record_ruling ON record (ruling) WHERE ruling <> 'accepted'`,
  `CREATE TABLE aside (id INTEGER PRIMARY KEY AUTOINCREMENT, gate TEXT NOT NULL, epoch TEXT NOT NULL,
     seq BIGINT NOT NULL, line BLOB NOT NULL, hash TEXT NOT NULL, why TEXT NOT NULL,
     received_at_ms BIGINT NOT NULL, joined_at_ms BIGINT, UNIQUE (gate, epoch, seq, hash, why))`,
  `CREATE TABLE alarm (id INTEGER PRIMARY KEY AUTOINCREMENT, gate TEXT NOT NULL, what TEXT NOT NULL,
     detail TEXT NOT NULL, at_ms BIGINT NOT NULL)`,
  `CREATE TABLE charge (use_key TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, state TEXT NOT NULL,
     gate TEXT, epoch TEXT, seq BIGINT, line TEXT, fare_cents BIGINT NOT NULL, ridden_at_ms BIGINT,
     charged_at_ms BIGINT NOT NULL, withheld_cents BIGINT NOT NULL, revision INTEGER NOT NULL)`,
  'CREATE INDEX charge_account ON charge (account, ridden_at_ms)',
  `CREATE TABLE charge_event (id INTEGER PRIMARY KEY AUTOINCREMENT, use_key TEXT NOT NULL, state TEXT NOT NULL,
     at_ms BIGINT NOT NULL, recorded_at_ms BIGINT NOT NULL, cause TEXT NOT NULL)`,
  'CREATE INDEX charge_event_use ON charge_event (use_key)',
  `CREATE TABLE ledger_account (name TEXT PRIMARY KEY, debits_cents BIGINT NOT NULL CHECK (debits_cents >= 0),
     credits_cents BIGINT NOT NULL CHECK (credits_cents >= 0),
     CHECK (name NOT LIKE 'wallet:%' OR credits_cents >= debits_cents),
     CHECK (name NOT LIKE 'receivable:%' OR debits_cents >= credits_cents))`,
  `CREATE TABLE transfer (id TEXT PRIMARY KEY, debit TEXT NOT NULL, credit TEXT NOT NULL,
     amount_cents BIGINT NOT NULL CHECK (amount_cents > 0), code TEXT NOT NULL, ref TEXT NOT NULL,
     event_at_ms BIGINT NOT NULL, recorded_at_ms BIGINT NOT NULL, CHECK (debit <> credit))`,
  `CREATE TABLE deny_cause (id TEXT NOT NULL, cause TEXT NOT NULL, account TEXT NOT NULL, note TEXT NOT NULL,
     since_ms BIGINT NOT NULL, PRIMARY KEY (id, cause))`,
  `CREATE TABLE deny_entry (id TEXT NOT NULL, added_in BIGINT NOT NULL, removed_in BIGINT,
     PRIMARY KEY (id, added_in))`,
  'CREATE INDEX deny_entry_added ON deny_entry (added_in)',
  'CREATE INDEX deny_entry_removed ON deny_entry (removed_in) WHERE removed_in IS NOT NULL',
  'CREATE TABLE deny_dirty (id TEXT PRIMARY KEY)',
  `CREATE TABLE deny_version (version BIGINT PRIMARY KEY, count BIGINT NOT NULL, set_digest TEXT NOT NULL,
     at_ms BIGINT NOT NULL)`,
  `CREATE TABLE trust_list (version BIGINT PRIMARY KEY, jws TEXT NOT NULL, issued_at_s BIGINT NOT NULL)`,
  `CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, ref TEXT NOT NULL,
     created_at_ms BIGINT NOT NULL, UNIQUE (job, ref))`,
];

/** History is append-only: what was posted or received is never changed or removed. */
const APPEND_ONLY = [
  ['transfer', 'UPDATE'],
  ['transfer', 'DELETE'],
  ['charge_event', 'UPDATE'],
  ['charge_event', 'DELETE'],
  ['record', 'DELETE'],
  ['aside', 'DELETE'],
  ['record', 'UPDATE OF line, hash, seq, gate, epoch'],
] as const;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  for (const [index, [table, what]] of APPEND_ONLY.entries()) {
    await sql
      .raw(
        `CREATE TRIGGER append_only_${index} BEFORE ${what} ON ${table}
         BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`,
      )
      .execute(db);
  }
}
