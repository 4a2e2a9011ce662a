/**
 * The books of a town are moved while it rests, by processes that are killed at each step: all that a client has seen is
 * answered the same afterwards, byte for byte, and settling goes on.
 */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { auditSettlement } from '../audit/audit.ts';
import { backUp } from '../backup.ts';
import { DATABASE_FILE } from '../database-place.ts';
import { initSettlement, startSettlement } from '../main.ts';
import { openForReading } from '../store/sqlite/connection.ts';
import { openFileOfBooks } from '../testing/file-of-books.ts';
import type { ScriptedGate } from '../testing/gate.ts';
import { usePostgres } from '../testing/postgres-server.ts';
import { runMove } from '../testing/start-move.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from '../testing/town.ts';
import { stepsOf } from './copy.ts';
import { KEPT_FILE } from './left-file.ts';
import { readNewIds } from './new-ids.ts';
import type { Target } from './target.ts';

const server = usePostgres();
const log = pino({ level: 'silent' });

/** Where the process is killed: each time it goes on from the point before. */
const POINTS = [
  'begun',
  'meta:2',
  'account:2',
  'record:2',
  'transfer:2',
  'transfer:4',
  'comparing',
  'switching',
  'switched',
  'placed',
  'left',
];

const TABLES = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
  ORDER BY name`;

type Life = { town: ScriptedTown; gate: ScriptedGate; rider: ScriptedRider; shop: string };

/** Rides, payments and a refund of one instant, a record beside the log, a denial that was lifted. */
async function live(): Promise<Life> {
  const town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const [gate, rider] = [await town.addGate('g1', 'M1'), await town.addRider()];
  const shop = await town.addMerchant('kiosk');
  await rider.topUp(5_000, 'first-top-up');
  for (let count = 0; count < 3; count += 1) {
    gate.tap(rider.code(START_MS), { atMs: START_MS });
  }
  await town.send(gate, { toSeq: 2 });
  for (const key of ['sale-one-key', 'sale-two-key', 'sale-three-key']) {
    const body = { idempotencyKey: key, code: await rider.onlineCode(), amountCents: 120 };
    await town.get<Payment>('/v1/payments', { body, token: shop });
  }
  await refund({ town, shop });
  const other = await town.addRider();
  const denial = { account: other.account, note: 'lost' };
  await town.operate('POST', 'denials', { body: denial });
  await town.settled();
  return { town, gate, rider, shop };
}

async function refund({ town, shop }: Pick<Life, 'town' | 'shop'>): Promise<unknown> {
  const body = { idempotencyKey: 'refund-one-key', amountCents: 20 };
  return await town.get('/v1/payments/sale-one-key/refunds', { body, token: shop });
}

/** What clients, shops and operators can ask again. */
async function readAll(town: ScriptedTown, { rider, shop }: Pick<Life, 'rider' | 'shop'>) {
  const token = rider.session;
  const pages: unknown[] = [];
  for (let after = ''; ; ) {
    const url = `/v1/riders/me/statement?limit=1${after && `&after=${after}`}`;
    const page = await town.get<{ next: string | null }>(url, { token });
    pages.push(page);
    if (page.next === null) break;
    after = page.next;
  }
  const sale = { idempotencyKey: 'sale-two-key', code: '', amountCents: 120 };
  return {
    pages,
    money: await town.get('/v1/riders/me', { token }),
    sales: await town.get('/v1/payments?fromMs=0&toMs=9999999999999&limit=2', { token: shop }),
    sale: await town.get(`/v1/payments/${sale.idempotencyKey}`, { token: shop }),
    refund: await refund({ town, shop }),
    balance: await town.operate('GET', 'trial-balance'),
    gates: await town.operate('GET', 'gates'),
    operators: await town.operate('GET', 'operators'),
  };
}

test('killed at every step and gone on with: everything is there, once, and settling goes on', async () => {
  const life = await live();
  const { town, gate, rider, shop } = life;
  const before = await readAll(town, life);
  const { dataDir } = town;
  await town.stop();
  const checks = await auditSettlement(dataDir, { signatures: true });
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  const chain = checks.find(({ name }) => name === 'the books are as they were sealed')?.detail;
  const to = await server.emptyDatabase();
  for (const killedAt of POINTS) {
    expect(await runMove(dataDir, { to, killedAt }), killedAt).toEqual({ kind: 'killed' });
    await expectRefused(dataDir, to);
  }
  expect(await runMove(dataDir, { to, killedAt: 'never' })).toEqual({ kind: 'moved' });
  expect(existsSync(join(dataDir, DATABASE_FILE))).toBe(false);
  expect(statSync(join(dataDir, KEPT_FILE)).mode & 0o777).toBe(0o400);
  await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toThrow('--database');
  const moved = await auditSettlement(dataDir, { database: to, signatures: true });
  expect(moved.filter(({ ok }) => !ok)).toEqual([]);
  const sealed = moved.find(({ name }) => name === 'the books are as they were sealed')?.detail;
  expect(sealed).toContain(`ended in ${chain?.split(' ').at(-1)}`);
  const again = await ScriptedTown.open({ dataDir, config: { database: to } });
  expect(await readAll(again, { rider, shop })).toEqual(before);
  // What was sent is known, what was not is taken; the same top-up comes in once.
  expect(await again.send(gate, { toSeq: 2 })).toMatchObject({ ackSeq: 2 });
  expect(await again.send(gate, { fromSeq: 3 })).toMatchObject({ ackSeq: 3 });
  await again.settled();
  const token = rider.session;
  const topUp = { amountCents: 5_000, idempotencyKey: 'first-top-up' };
  await again.ask('/v1/riders/me/top-ups', { body: topUp, token });
  const money = await again.get<{ balanceCents: number }>('/v1/riders/me', { token });
  expect(money.balanceCents).toBe(5_000 - 3 * 250 - 3 * 120 + 20);
  await again.stop();
  const last = await auditSettlement(dataDir, { database: to, signatures: true });
  expect(last.filter(({ ok }) => !ok)).toEqual([]);
  // The order of before is sealed too.
  const turned = `ALTER TABLE transfer DISABLE TRIGGER transfer_no_update;
    UPDATE transfer SET moved_number = 1000 WHERE moved_number = 1;
    ALTER TABLE transfer ENABLE TRIGGER transfer_no_update`;
  await server.run(turned, new URL(to).pathname.slice(1));
  const wrong = (await auditSettlement(dataDir, { database: to })).filter(({ ok }) => !ok);
  expect(wrong).toMatchObject([{ detail: 'the chain that was in the file of before' }]);
  await again.close();
});

test('every table of a file is moved, or made anew', async () => {
  const { dataDir, store } = await openFileOfBooks();
  await store.close();
  const file = openForReading(join(dataDir, DATABASE_FILE));
  try {
    const tables = file.db.prepare(TABLES).pluck().all() as string[];
    const target = { session: {}, insert: async () => undefined } as unknown as Target;
    const parts = { file, target, ids: readNewIds(file), keyedHash: (bytes: Uint8Array) => bytes };
    const moved = new Set(stepsOf(parts).map(({ table }) => table));
    expect(tables.filter((table) => !moved.has(table))).toEqual(['book_seal', 'migration']);
  } finally {
    file.close();
    rmSync(dataDir, { recursive: true });
  }
});

/** Half a move is named by all that would use either side of it. */
async function expectRefused(dataDir: string, database: string): Promise<void> {
  const half = { code: 'CONFLICT', message: expect.stringContaining('half') };
  await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toMatchObject(half);
  await expect(startSettlement({ dataDir, port: 0, database }, { log })).rejects.toMatchObject(
    half,
  );
  await expect(initSettlement(dataDir)).rejects.toMatchObject(half);
  await expect(auditSettlement(dataDir)).rejects.toMatchObject(half);
  await expect(auditSettlement(dataDir, { database })).rejects.toMatchObject(half);
  const to = join(dataDir, 'backup');
  await expect(backUp(dataDir, { to, nowMs: START_MS })).rejects.toMatchObject(half);
}
