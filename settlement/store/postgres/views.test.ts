/** A database with nothing in it is read on PostgreSQL as it is on SQLite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@stile/protocol/bytes.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditReader } from '../../audit/port.ts';
import { accountOf, ISSUER, NOW_MS } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { keyedHashOf } from '../book-key.ts';
import type { Views } from '../database.ts';
import { openAuditReader } from '../sqlite/audit/reader.ts';
import { openConnection } from '../sqlite/connection.ts';
import { createDatabase } from '../sqlite/database.ts';
import { readInOneInstant } from './audit/reader.ts';
import { createReaders } from './facts-of.ts';
import { PARTS } from './ids.ts';
import { openPool, type SessionPool } from './session.ts';
import { viewsOf } from './views-of.ts';

const server = usePostgres();
let dir: string;
let url: string;
let pool: SessionPool;
let views: readonly [onSqlite: Views, onPostgres: Views];
let close: () => Promise<void>;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'stile-views-'));
  const connection = openConnection(join(dir, 'settlement.db'));
  const sqlite = createDatabase(connection, keyedHashOf(new Uint8Array(32)));
  url = await server.freshDatabase();
  pool = openPool({ url, connectionsMax: 2 });
  views = [sqlite.views, viewsOf(pool.session, createReaders(pool.session))];
  close = () => sqlite.close();
});
afterAll(async () => {
  await close();
  await pool.close();
  rmSync(dir, { recursive: true });
});

const account = accountOf('a');
const page = { after: 0, limit: 9 };
const parked = { gate: 'g1', epoch: 'e', fromSeq: 1, seq: null, hash: null, limit: 9 };
const sales = { fromMs: 0, toMs: NOW_MS, after: null, limit: 9 };

const READS: Record<keyof Views, (of: Views) => unknown> = {
  findPass: (of) => of.findPass({ account, serial: 1 }),
  findPassOfKey: (of) => of.findPassOfKey('aa'),
  findDenials: (of) => of.findDenials(ISSUER, { account, serial: 1 }),
  findSession: (of) => of.findSession('t'),
  findInvite: (of) => of.findInvite('t'),
  readRider: (of) => of.readRider(ISSUER, account),
  listStatement: (of) => of.listStatement(account, { after: '7.p1', limit: 9 }),
  listDueTopUps: (of) => of.listDueTopUps({ dueMs: NOW_MS, dueBeyondMs: NOW_MS, limit: 9 }),
  findOldestOpenTopUp: (of) => of.findOldestOpenTopUp(),
  findSeed: (of) => of.findSeed('12345678'),
  findOrder: (of) => of.findOrder('o'),
  findPayment: (of) => of.findPayment('kiosk', 'k'),
  listPayments: (of) => of.listPayments('kiosk', sales),
  findMerchant: (of) => of.findMerchant('t'),
  listMerchants: (of) => of.listMerchants(),
  findGateKeys: (of) => of.findGateKeys('g1'),
  listGates: (of) => of.listGates(),
  listTaps: (of) => of.listTaps({ gate: 'g1', ...page }),
  listParked: (of) => of.listParked(9),
  findParked: (of) => of.findParked(parked),
  findEarlierWords: (of) => of.findEarlierWords(parked),
  listResolutions: (of) => of.listResolutions(page),
  readTrialBalance: (of) => of.readTrialBalance(),
  findOperator: (of) => of.findOperator('t'),
  listSeedKeys: (of) => of.listSeedKeys(NOW_MS),
  listOperators: (of) => of.listOperators(),
  listActs: (of) => of.listActs(page),
  listApprovals: (of) => of.listApprovals(NOW_MS),
  matchCode: (of) => of.matchCode('0a0b0c0d'),
  readMeta: (of) => of.readMeta('nothing'),
  countWork: (of) => of.countWork(),
  readLoad: (of) => of.readLoad(),
  listDueShards: (of) => of.listDueShards({ dueMs: 1, dueBeyondMs: 2 }),
  listFailedWork: (of) => of.listFailedWork(9),
  findPublishRequest: (of) => of.findPublishRequest(),
  readListFacts: (of) => of.readListFacts(),
  readDenyWord: (of) => of.readDenyWord(),
  readRootFacts: (of) => of.readRootFacts(),
  denyVersion: (of) => of.denyVersion(1),
  published: (of) => of.published(),
  denyRows: (of) => of.denyRows({ from: 0, to: 1, rowsMax: 9 }),
  readDenyPage: async (of) => toHex(await of.readDenyPage({ version: 1, after: null, limit: 9 })),
  listEvents: (views) => views.listEvents('rider:aa', { after: 0, limit: 5 }),
  findLatestEvents: (views) => views.findLatestEvents(['rider:aa', 'merchant:kiosk']),
  listTariff: (of) => of.listTariff('M1'),
};

test.each(Object.entries(READS))('%s', async (_name, read) => {
  const [onSqlite, onPostgres] = views;
  expect(await read(onPostgres)).toEqual(await read(onSqlite));
});

const TABLES: Partial<Record<keyof AuditReader, (of: AuditReader) => unknown>> = {
  batches: (of) => of.batches(1),
  log: (of) => of.log(1),
  strayRecordsOf: (of) => of.strayRecordsOf(1),
  gatePayments: (of) => of.gatePayments('g1'),
};

async function pagesOf(pages: AsyncIterable<unknown[]>): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

async function rowsIn(of: AuditReader): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of Object.keys(of) as (keyof AuditReader)[]) {
    const read = TABLES[name] ?? ((reader: AuditReader) => (reader[name] as () => unknown)());
    const rows = await read(of);
    const isRows = typeof rows === 'object' && rows !== null && !Array.isArray(rows);
    found[name] = isRows ? await pagesOf(rows as AsyncIterable<unknown[]>) : rows;
  }
  return found;
}

test('the audit reads every table in a transaction that writes nothing', async () => {
  const { reader, close: end } = openAuditReader(join(dir, 'settlement.db'));
  const onSqlite = await rowsIn(reader);
  end();
  const onPostgres = await readInOneInstant(url, rowsIn);
  // Seals are made with the key of the books: of its chains each is missing.
  const seals = Array.from({ length: PARTS }, () => ({ name: expect.any(String), link: null }));
  expect(onPostgres).toEqual({ ...onSqlite, bookSeal: seals });
});

test('a database that has no books of ours, or other tables than ours, is not audited', async () => {
  const audit = async (of: string) => await readInOneInstant(of, async () => undefined);
  const empty = await server.emptyDatabase();
  await expect(audit(empty)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('has no books of a settlement'),
  });
  const older = await server.freshDatabase();
  await server.run('DELETE FROM schema_step WHERE number > 9', new URL(older).pathname.slice(1));
  await expect(audit(older)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('another version'),
  });
  await expect(audit(`${empty}`.replace('/test', '/none'))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('no such database'),
  });
  await expect(audit('mysql://localhost/x')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
