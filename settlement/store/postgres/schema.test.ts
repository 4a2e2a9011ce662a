/**
 * The schema fits a distributed engine: read from the live catalogue, every key has its table's shard key, a foreign key
 * stays in one room or points at a table that is everywhere, and no key comes out of a sequence.
 */
import { expect, test } from 'vitest';
import { usePostgres } from '../../testing/postgres-server.ts';
import { openPool, type Session } from './session.ts';

/** Tables of one room are stored together by this key; which column it is in each. */
const ROOMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  gate: {
    gate: 'slot',
    gate_line: 'slot',
    gate_token: 'slot',
    gate_key: 'slot',
    gate_epoch: 'slot',
    batch: 'slot',
    record: 'slot',
    odd_line: 'slot',
    unjudged: 'slot',
  },
  account: {
    account: 'account',
    pass: 'account',
    pass_issue: 'account',
    session: 'account',
    recovery_code: 'account',
    approval: 'account',
    top_up: 'account',
    top_up_intent: 'account',
    charge: 'account',
    charge_event: 'account',
    payment_seed: 'account',
    spent_step: 'account',
    online_code: 'account',
    rider_event: 'account',
  },
  payee: {
    merchant: 'merchant',
    merchant_event: 'merchant',
    purchase_order: 'merchant',
    payment: 'payee',
    payment_refund: 'payee',
    refused_key: 'payee',
    payee_failure: 'payee',
  },
  ledger: { ledger_account: 'part', transfer: 'chain' },
  chain: { book_seal: 'name' },
  outbox: { outbox: 'shard', outbox_shard: 'shard', shard_turn: 'shard' },
  // Which account has it: each looked up by its own name.
  publicKey: { pass_key: 'public_key' },
  handle: { seed_handle: 'handle' },
  invite: { invite: 'token_hash' },
  address: { enrolment: 'address' },
  challenge: { used_challenge: 'challenge' },
  denial: { denial: 'slot' },
  denied: { deny_dirty: 'id', deny_entry: 'id' },
};
/** Small, and the same everywhere. */
const REFERENCE = new Set([
  'meta',
  'turn_lock',
  'lease',
  'issuer_key',
  'tariff_line',
  'trust_list',
  'list_rules',
  'deny_version',
  'cut',
  'operator',
  'operator_token',
  'act',
  'act_status',
  'resolution',
  'schema_step',
]);

const TABLES = `SELECT relname AS name FROM pg_class
  WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname`;
const KEYS = `SELECT c.relname AS "table", i.relname AS name, indisprimary AS "isPrimary",
    array_agg(attname::text ORDER BY place) AS columns,
    bool_or(coalesce(pg_get_expr(adbin, adrelid), '') LIKE '%nextval%' OR attidentity <> '')
      AS "isFromSequence"
  FROM pg_index JOIN pg_class c ON c.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
  CROSS JOIN unnest(indkey::int2[]) WITH ORDINALITY AS key (attribute, place)
  LEFT JOIN pg_attribute ON attrelid = c.oid AND attnum = attribute
  LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attribute
  WHERE indisunique AND c.relnamespace = current_schema()::regnamespace
  GROUP BY 1, 2, 3 ORDER BY 1, 2`;
const FOREIGN_KEYS = `SELECT conname AS name, conrelid::regclass::text AS "from",
    confrelid::regclass::text AS "to",
    array(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (attribute, place)
      JOIN pg_attribute ON attrelid = conrelid AND attnum = attribute ORDER BY place) AS columns,
    array(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key (attribute, place)
      JOIN pg_attribute ON attrelid = confrelid AND attnum = attribute ORDER BY place) AS "toColumns"
  FROM pg_constraint
  WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY conname`;
const COLLATIONS = `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
  WHERE table_schema = current_schema() AND data_type = 'text'
    AND collation_name IS DISTINCT FROM 'C' ORDER BY 1`;

type Key = {
  table: string;
  name: string;
  isPrimary: boolean;
  columns: string[];
  isFromSequence: boolean;
};
type ForeignKey = {
  name: string;
  from: string;
  to: string;
  columns: string[];
  toColumns: string[];
};

const PLACES = new Map(
  Object.entries(ROOMS).flatMap(([room, tables]) =>
    Object.entries(tables).map(([table, shardKey]) => [table, { room, shardKey }] as const),
  ),
);

async function findBroken(session: Session): Promise<string[]> {
  const tables = await session.all<{ name: string }>(TABLES);
  const keys = await session.all<Key>(KEYS);
  const foreign = await session.all<ForeignKey>(FOREIGN_KEYS);
  const text = await session.all<{ name: string }>(COLLATIONS);
  return [
    ...tables.flatMap(({ name }) => aboutTable(name, keys)),
    ...keys.flatMap(aboutKey),
    ...foreign.flatMap(aboutForeignKey),
    ...text.map(({ name }) => `${name} is not compared byte by byte`),
  ];
}

function aboutTable(name: string, keys: readonly Key[]): string[] {
  const hasPrimaryKey = keys.some(({ table, isPrimary }) => table === name && isPrimary);
  return [
    ...(hasPrimaryKey ? [] : [`${name} has no primary key`]),
    ...(PLACES.has(name) || REFERENCE.has(name) ? [] : [`${name} is in no room`]),
  ];
}

function aboutKey({ table, name, columns, isPrimary, isFromSequence }: Key): string[] {
  const shardKey = PLACES.get(table)?.shardKey;
  return [
    ...(shardKey === undefined || columns.includes(shardKey) ? [] : [`${name} lacks ${shardKey}`]),
    ...(isPrimary && isFromSequence ? [`${name} comes out of a sequence`] : []),
  ];
}

function aboutForeignKey({ name, from, to, columns, toColumns }: ForeignKey): string[] {
  if (REFERENCE.has(to)) return [];
  const [own, other] = [PLACES.get(from), PLACES.get(to)];
  if (own === undefined || own.room !== other?.room) return [`${name} leaves its room`];
  const place = columns.indexOf(own.shardKey);
  return place >= 0 && toColumns[place] === other.shardKey ? [] : [`${name} lacks the shard key`];
}

const server = usePostgres();

async function brokenAfter(...statements: string[]): Promise<string[]> {
  const pool = openPool({ url: await server.freshDatabase(), connectionsMax: 1 });
  try {
    for (const statement of statements) await pool.session.run(statement);
    return await findBroken(pool.session);
  } finally {
    await pool.close();
  }
}

test('every key has its shard key, and every table its room', async () => {
  expect(await brokenAfter()).toEqual([]);
});

test('what breaks a rule is named', async () => {
  const broken = await brokenAfter(
    'CREATE UNIQUE INDEX one_receipt ON payment (receipt)',
    'ALTER TABLE charge ADD CONSTRAINT charge_epoch FOREIGN KEY (record, rev) REFERENCES gate_epoch (id, slot)',
    'ALTER TABLE pass ADD COLUMN note text',
    'CREATE TABLE lost (id bigserial PRIMARY KEY)',
    'CREATE TABLE heap (id bigint)',
  );
  expect(broken.sort()).toEqual([
    'charge_epoch leaves its room',
    'heap has no primary key',
    'heap is in no room',
    'lost is in no room',
    'lost_pkey comes out of a sequence',
    'one_receipt lacks payee',
    'pass.note is not compared byte by byte',
  ]);
});
