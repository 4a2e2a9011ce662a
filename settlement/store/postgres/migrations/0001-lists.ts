/**
 * What is small and the same everywhere: notes, names that transactions take turns by, keys, fares, published lists
 * and operators. Text is compared byte by byte, whatever the database's own collation is.
 */
import { appendOnly, REFUSE_CHANGE, refusing } from './append-only.ts';
import type { Migration } from './migration.ts';

const LISTS = [
  `CREATE TABLE meta (key text COLLATE "C" PRIMARY KEY, value text COLLATE "C" NOT NULL)`,
  `CREATE TABLE turn_lock (name text COLLATE "C" PRIMARY KEY)`,
  `CREATE TABLE issuer_key (
     issuer bigint NOT NULL, key_id bigint NOT NULL, public_key text COLLATE "C" NOT NULL,
     not_before_s bigint NOT NULL, not_after_s bigint NOT NULL,
     status text COLLATE "C" NOT NULL CHECK (status IN ('active', 'retired', 'revoked')),
     ceiling_exponent integer NOT NULL, signs_from_s bigint NOT NULL DEFAULT 0,
     PRIMARY KEY (issuer, key_id))`,
  `CREATE TABLE tariff_line (
     version bigint PRIMARY KEY, line text COLLATE "C" NOT NULL,
     fare_cents bigint NOT NULL CHECK (fare_cents >= 0), from_s bigint NOT NULL, set_at_ms bigint NOT NULL)`,
  `CREATE INDEX tariff_by_line ON tariff_line (line)`,
  `CREATE TABLE trust_list (
     version bigint PRIMARY KEY, jws text COLLATE "C" NOT NULL, payload text COLLATE "C" NOT NULL,
     made_at_ms bigint NOT NULL)`,
  `CREATE TABLE list_rules (
     version bigint PRIMARY KEY, issued_at_s bigint NOT NULL, code_lifetime_s_max bigint NOT NULL,
     skew_s bigint NOT NULL, revoked text COLLATE "C" NOT NULL,
     list_sha256 bytea NOT NULL CHECK (length(list_sha256) = 32),
     seal bytea NOT NULL CHECK (length(seal) = 32))`,
  `CREATE TABLE deny_version (
     version bigint PRIMARY KEY, count bigint NOT NULL CHECK (count >= 0),
     set_digest text COLLATE "C" NOT NULL, made_at_ms bigint NOT NULL)`,
  `CREATE TABLE deny_entry (
     id bytea NOT NULL CHECK (length(id) = 14), added_in bigint NOT NULL, removed_in bigint,
     PRIMARY KEY (id, added_in))`,
  `CREATE INDEX deny_added ON deny_entry (added_in)`,
  `CREATE INDEX deny_removed ON deny_entry (removed_in) WHERE removed_in IS NOT NULL`,
  `CREATE TABLE denial (
     number bigint NOT NULL, slot smallint NOT NULL CHECK (slot = number >> 45),
     id bytea NOT NULL CHECK (length(id) = 14),
     cause text COLLATE "C" NOT NULL CHECK (cause IN ('DEBT', 'OPERATOR', 'RIDER')),
     note text COLLATE "C" NOT NULL, since_ms bigint NOT NULL, lifted_at_ms bigint,
     PRIMARY KEY (number, slot))`,
  `CREATE UNIQUE INDEX denial_active ON denial (id, cause, slot) WHERE lifted_at_ms IS NULL`,
  `CREATE INDEX denial_lifted ON denial (lifted_at_ms) WHERE lifted_at_ms IS NOT NULL`,
  `CREATE TABLE deny_dirty (id bytea PRIMARY KEY)`,
  `CREATE TABLE cut (
     kind text COLLATE "C" PRIMARY KEY, rows bigint NOT NULL CHECK (rows > 0),
     link bytea NOT NULL CHECK (length(link) = 32), seal bytea NOT NULL CHECK (length(seal) = 32))`,
];

const OPERATORS = [
  `CREATE TABLE operator (
     name text COLLATE "C" PRIMARY KEY,
     role text COLLATE "C" NOT NULL CHECK (role IN ('READER', 'OPERATOR', 'ADMIN')),
     created_at_ms bigint NOT NULL, ended_at_ms bigint)`,
  `CREATE TABLE operator_token (
     token_hash text COLLATE "C" PRIMARY KEY, name text COLLATE "C" NOT NULL REFERENCES operator,
     made_at_ms bigint NOT NULL, ends_at_ms bigint NOT NULL)`,
  `CREATE INDEX operator_token_of ON operator_token (name)`,
  `CREATE TABLE act (
     number bigint PRIMARY KEY, at_ms bigint NOT NULL, by_name text COLLATE "C" NOT NULL,
     role text COLLATE "C" NOT NULL, what text COLLATE "C" NOT NULL, detail text COLLATE "C" NOT NULL)`,
  `CREATE TABLE act_status (
     number bigint PRIMARY KEY REFERENCES act, status bigint NOT NULL)`,
];

/** A list goes only if what rulings need of it stands beside it. */
const TRUST_LISTS = [
  `CREATE FUNCTION refuse_list_cut() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN
       IF EXISTS (SELECT 1 FROM list_rules WHERE version = OLD.version) THEN RETURN OLD; END IF;
       RAISE EXCEPTION 'trust_list is append-only';
     END $$`,
  refusing('trust_list', { what: 'UPDATE' }),
  `CREATE TRIGGER trust_list_no_delete BEFORE DELETE ON trust_list
     FOR EACH ROW EXECUTE FUNCTION refuse_list_cut()`,
];

export const LISTS_AND_OPERATORS: Migration = {
  name: '0001-lists',
  statements: [
    ...LISTS,
    ...OPERATORS,
    REFUSE_CHANGE,
    ...TRUST_LISTS,
    ...appendOnly('list_rules'),
    ...appendOnly('act'),
    ...appendOnly('act_status'),
  ],
};
