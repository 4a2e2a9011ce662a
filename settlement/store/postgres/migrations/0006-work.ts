/**
 * What is still to do, in shards that count their rows themselves, so that an id is never used twice; and what persons
 * have decided about parked records.
 */
import { appendOnly } from './append-only.ts';
import type { Migration } from './migration.ts';

const TABLES = [
  `CREATE TABLE outbox_shard (shard smallint PRIMARY KEY, last_number bigint NOT NULL)`,
  `INSERT INTO outbox_shard SELECT shard, 0 FROM generate_series(0, 63) AS shard`,
  `CREATE TABLE outbox (
     id bigint NOT NULL, shard smallint NOT NULL CHECK (shard = id & 63),
     kind text COLLATE "C" NOT NULL, cursor bigint NOT NULL, until bigint NOT NULL,
     subject text COLLATE "C" NOT NULL, attempts bigint NOT NULL, created_at_ms bigint NOT NULL,
     failed text COLLATE "C", failed_since_ms bigint, due_at_ms bigint NOT NULL DEFAULT 0,
     records_max bigint, PRIMARY KEY (id, shard),
     CHECK ((failed IS NULL) = (failed_since_ms IS NULL)))`,
  `CREATE UNIQUE INDEX outbox_publish ON outbox (kind, shard) WHERE kind = 'publish'`,
  `CREATE UNIQUE INDEX outbox_use ON outbox (subject, shard) WHERE kind = 'use'`,
  `CREATE TABLE resolution (
     number bigint PRIMARY KEY, odd_line bigint, record bigint,
     how text COLLATE "C" NOT NULL CHECK (how IN ('REPLAY', 'ADOPT', 'ACCEPT', 'WRITE_OFF')),
     why text COLLATE "C" NOT NULL, by_name text COLLATE "C" NOT NULL, note text COLLATE "C" NOT NULL,
     at_ms bigint NOT NULL, use text COLLATE "C", line text COLLATE "C", ride_ms bigint,
     ceiling_cents bigint, fare_cents bigint CHECK (fare_cents >= 0), tariff_version bigint,
     adopted_record bigint, CHECK ((odd_line IS NULL) <> (record IS NULL)),
     UNIQUE (odd_line, how), UNIQUE (record, how))`,
  `CREATE UNIQUE INDEX resolution_use ON resolution (use) WHERE fare_cents IS NOT NULL`,
];

export const WORK: Migration = {
  name: '0006-work',
  statements: [...TABLES, ...appendOnly('resolution')],
};
