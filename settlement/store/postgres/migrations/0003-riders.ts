/**
 * Riders, each with all that is theirs under their account. Which account has a key or a handle is looked up in a table
 * of its own, which is what keeps two accounts from having the same one.
 */
import { appendOnly } from './append-only.ts';
import type { Migration } from './migration.ts';

const ACCESS = [
  `CREATE TABLE account (
     account text COLLATE "C" PRIMARY KEY, created_at_ms bigint NOT NULL,
     enrolled_by text COLLATE "C" NOT NULL DEFAULT 'open', person_hash text COLLATE "C")`,
  `CREATE INDEX account_person ON account (person_hash) WHERE person_hash IS NOT NULL`,
  `CREATE TABLE pass_key (public_key text COLLATE "C" PRIMARY KEY, account text COLLATE "C" NOT NULL)`,
  `CREATE TABLE pass (
     account text COLLATE "C" NOT NULL REFERENCES account, serial bigint NOT NULL CHECK (serial > 0),
     algorithm text COLLATE "C" NOT NULL CHECK (algorithm IN ('Ed25519', 'P-256')),
     public_key text COLLATE "C" NOT NULL, enrolled_at_ms bigint NOT NULL, ended_at_ms bigint,
     ended_why text COLLATE "C" CHECK (ended_why IN ('MOVED', 'BLOCKED')),
     PRIMARY KEY (account, serial))`,
  `CREATE INDEX pass_by_key ON pass (public_key)`,
  `CREATE TABLE pass_issue (
     account text COLLATE "C" NOT NULL, number bigint NOT NULL, serial bigint NOT NULL,
     issuer bigint NOT NULL, key_id bigint NOT NULL, issued_at_s bigint NOT NULL,
     expires_at_s bigint NOT NULL, PRIMARY KEY (account, number),
     FOREIGN KEY (account, serial) REFERENCES pass)`,
  `CREATE INDEX pass_issue_of ON pass_issue (account, serial)`,
  `CREATE TABLE session (
     token_hash text COLLATE "C" NOT NULL, account text COLLATE "C" NOT NULL REFERENCES account,
     serial bigint NOT NULL, expires_at_s bigint NOT NULL, PRIMARY KEY (token_hash, account))`,
  `CREATE INDEX session_expiry ON session (expires_at_s)`,
  `CREATE INDEX session_of ON session (account, serial)`,
  `CREATE TABLE recovery_code (
     code_hash text COLLATE "C" NOT NULL, account text COLLATE "C" NOT NULL REFERENCES account,
     kind text COLLATE "C" NOT NULL CHECK (kind IN ('RECOVERY', 'MOVE', 'PHONE')),
     made_at_ms bigint NOT NULL, expires_at_ms bigint, ended_at_ms bigint, used_serial bigint,
     PRIMARY KEY (code_hash, account))`,
  `CREATE INDEX recovery_code_of ON recovery_code (account) WHERE ended_at_ms IS NULL`,
  `CREATE TABLE approval (
     id bigint NOT NULL, account text COLLATE "C" NOT NULL REFERENCES account,
     note text COLLATE "C" NOT NULL, by_name text COLLATE "C" NOT NULL, asked_at_ms bigint NOT NULL,
     ends_at_ms bigint NOT NULL, approved_by text COLLATE "C" CHECK (approved_by <> by_name),
     approved_at_ms bigint, used_at_ms bigint, PRIMARY KEY (id, account))`,
  `CREATE INDEX approval_of ON approval (account, by_name)`,
  `CREATE TABLE invite (
     token_hash text COLLATE "C" PRIMARY KEY,
     kind text COLLATE "C" NOT NULL CHECK (kind IN ('invite', 'deposit', 'verified')),
     person_hash text COLLATE "C", expires_at_ms bigint NOT NULL, used_at_ms bigint)`,
  `CREATE INDEX invite_expiry ON invite (expires_at_ms)`,
  `CREATE TABLE enrolment (
     address text COLLATE "C" NOT NULL, number bigint NOT NULL, at_ms bigint NOT NULL,
     PRIMARY KEY (address, number))`,
  `CREATE INDEX enrolment_age ON enrolment (at_ms)`,
];

const MONEY = [
  `CREATE TABLE top_up (
     account text COLLATE "C" NOT NULL REFERENCES account, key text COLLATE "C" NOT NULL,
     number bigint NOT NULL, amount_cents bigint NOT NULL CHECK (amount_cents > 0),
     at_ms bigint NOT NULL, PRIMARY KEY (account, key), UNIQUE (account, number))`,
  `CREATE TABLE top_up_intent (
     account text COLLATE "C" NOT NULL REFERENCES account, key text COLLATE "C" NOT NULL,
     amount_cents bigint NOT NULL CHECK (amount_cents > 0),
     state text COLLATE "C" NOT NULL CHECK (state IN ('INTENT', 'UNKNOWN', 'FAILED', 'PAID')),
     begun_at_ms bigint NOT NULL, changed_at_ms bigint NOT NULL, attempts bigint NOT NULL DEFAULT 0,
     due_at_ms bigint NOT NULL DEFAULT 0, PRIMARY KEY (account, key))`,
  `CREATE INDEX top_up_open ON top_up_intent (due_at_ms) WHERE state IN ('INTENT', 'UNKNOWN')`,
  `CREATE TABLE charge (
     account text COLLATE "C" NOT NULL REFERENCES account, use text COLLATE "C" NOT NULL,
     rev bigint NOT NULL, record bigint NOT NULL, line text COLLATE "C" NOT NULL,
     fare_cents bigint NOT NULL CHECK (fare_cents >= 0),
     owed_cents bigint NOT NULL CHECK (owed_cents BETWEEN 0 AND fare_cents),
     state text COLLATE "C" NOT NULL, reason text COLLATE "C", ridden_at_ms bigint NOT NULL,
     recorded_at_ms bigint NOT NULL, PRIMARY KEY (use, account))`,
  `CREATE INDEX charge_by_account ON charge (account, ridden_at_ms)`,
  `CREATE INDEX charge_owed ON charge (account, ridden_at_ms, use) WHERE owed_cents > 0`,
  `CREATE TABLE charge_event (
     account text COLLATE "C" NOT NULL, number bigint NOT NULL, use text COLLATE "C" NOT NULL,
     rev bigint NOT NULL, state text COLLATE "C" NOT NULL, fare_cents bigint NOT NULL,
     owed_cents bigint NOT NULL, record bigint NOT NULL, reason text COLLATE "C",
     ridden_at_ms bigint NOT NULL, recorded_at_ms bigint NOT NULL, PRIMARY KEY (account, number))`,
];

const CODES = [
  `CREATE TABLE seed_handle (handle text COLLATE "C" PRIMARY KEY, account text COLLATE "C" NOT NULL)`,
  `CREATE TABLE payment_seed (
     handle text COLLATE "C" NOT NULL CHECK (length(handle) = 8), account text COLLATE "C" NOT NULL,
     serial bigint NOT NULL, key_id text COLLATE "C" NOT NULL, sealed bytea NOT NULL,
     created_at_ms bigint NOT NULL, expires_at_ms bigint NOT NULL, confirmed_at_ms bigint,
     ended_at_ms bigint, failures bigint NOT NULL, paid_cents bigint NOT NULL,
     PRIMARY KEY (handle, account), FOREIGN KEY (account, serial) REFERENCES pass)`,
  `CREATE INDEX payment_seed_of ON payment_seed (account, serial)`,
  `CREATE INDEX payment_seed_expiry ON payment_seed (expires_at_ms)`,
  `CREATE TABLE spent_step (
     handle text COLLATE "C" NOT NULL, step bigint NOT NULL, account text COLLATE "C" NOT NULL,
     PRIMARY KEY (handle, step, account))`,
  `CREATE INDEX spent_step_age ON spent_step (step)`,
  `CREATE TABLE online_code (
     code_hash text COLLATE "C" NOT NULL, account text COLLATE "C" NOT NULL, serial bigint NOT NULL,
     expires_at_ms bigint NOT NULL,
     state text COLLATE "C" NOT NULL CHECK (state IN ('live', 'used', 'ended')), bound_cents bigint,
     PRIMARY KEY (code_hash, account), FOREIGN KEY (account, serial) REFERENCES pass)`,
  `CREATE INDEX online_code_of ON online_code (account, serial)`,
  `CREATE INDEX online_code_expiry ON online_code (expires_at_ms)`,
];

export const RIDERS: Migration = {
  name: '0003-riders',
  statements: [
    ...ACCESS,
    ...MONEY,
    ...CODES,
    ...appendOnly('pass_issue'),
    ...appendOnly('top_up'),
    ...appendOnly('charge_event'),
    `CREATE TRIGGER charge_no_delete BEFORE DELETE ON charge
       FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
  ],
};
