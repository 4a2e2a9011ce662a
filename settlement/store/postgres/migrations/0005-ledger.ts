/**
 * The ledger in parts (ids.ts): a part has the accounts of its riders, its share of every account that many riders pay
 * into, and a chain of transfers of its own. An account is read as the sum of its parts.
 */
import { appendOnly } from './append-only.ts';
import type { Migration } from './migration.ts';

const TABLES = [
  `CREATE TABLE ledger_account (
     name text COLLATE "C" NOT NULL, part smallint NOT NULL CHECK (part BETWEEN 0 AND 63),
     kind text COLLATE "C" NOT NULL
       CHECK (kind IN ('cash', 'wallet', 'receivable', 'revenue', 'merchant', 'loss')),
     debits_cents bigint NOT NULL CHECK (debits_cents >= 0),
     credits_cents bigint NOT NULL CHECK (credits_cents >= 0), PRIMARY KEY (name, part),
     CHECK (kind NOT IN ('cash', 'receivable', 'loss') OR debits_cents >= credits_cents),
     CHECK (kind IN ('cash', 'receivable', 'loss') OR credits_cents >= debits_cents))`,
  `CREATE TABLE transfer (
     chain smallint NOT NULL, number bigint NOT NULL, id text COLLATE "C" NOT NULL,
     debit text COLLATE "C" NOT NULL, credit text COLLATE "C" NOT NULL,
     amount_cents bigint NOT NULL CHECK (amount_cents > 0), code text COLLATE "C" NOT NULL,
     happened_at_ms bigint NOT NULL, recorded_at_ms bigint NOT NULL,
     PRIMARY KEY (chain, number), UNIQUE (id, chain), CHECK (debit <> credit),
     FOREIGN KEY (debit, chain) REFERENCES ledger_account,
     FOREIGN KEY (credit, chain) REFERENCES ledger_account)`,
  `CREATE TABLE book_seal (
     name text COLLATE "C" PRIMARY KEY CHECK (name = 'resolutions' OR name LIKE 'ledger:%'),
     last_number bigint NOT NULL, link bytea NOT NULL CHECK (length(link) = 32))`,
];

export const LEDGER: Migration = {
  name: '0005-ledger',
  statements: [...TABLES, ...appendOnly('transfer')],
};
