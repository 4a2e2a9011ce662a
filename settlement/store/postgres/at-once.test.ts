/** Many at once, through two stores on one database: each finds what the others have done, and nothing happens twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  accountOf,
  addGate,
  addRider,
  drain,
  ISSUER,
  LIMITS,
  NOW_MS,
  readBooks,
} from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { addSeed, paymentCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import { openPool } from './session.ts';
import { openPostgresStore } from './store.ts';

const server = usePostgres();
const HANDLES = ['11111111', '22222222'] as const;
let dataDir: string;
let url: string;
let stores: readonly [Store, Store];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'stile-at-once-'));
  url = await server.freshDatabase();
  const options = { url, dataDir, limitsNow: LIMITS };
  stores = [await openPostgresStore(options), await openPostgresStore(options)];
  const [store] = stores;
  for (const [index, letter] of ['a', 'b'].entries()) {
    const account = await addRider(store, letter);
    await addSeed(store, { account, handle: HANDLES[index] ?? '' });
    await store.topUp({ issuer: ISSUER, account, key: 't', amountCents: 1_000, nowMs: NOW_MS });
  }
});

afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(dataDir, { recursive: true });
});

test('no more goes back than was paid', async () => {
  const tills: ScriptedTill[] = [];
  for (const store of stores) tills.push(await ScriptedTill.open(store, 'kiosk'));
  await tills[0]?.pay(paymentCode(HANDLES[0], 7), { key: 'sale', cents: 100 });
  const back = [1, 2, 3].flatMap((refund) =>
    tills.map((till, at) => till.refund('sale', { refundKey: `${refund}/${at}`, amountCents: 30 })),
  );
  const kinds = (await Promise.all(back)).map(({ kind }) => kind).sort();
  expect(kinds).toEqual(['done', 'done', 'done', 'tooMuch', 'tooMuch', 'tooMuch']);
  expect((await readBooks(stores[0], ['a'])).wallets).toEqual({ a: 990 });
});

test('a merchant whose row somebody holds stops its own payments, and nobody else’s', async () => {
  const [store] = stores;
  const kiosk = await ScriptedTill.open(store, 'kiosk');
  const bakery = await ScriptedTill.open(store, 'bakery');
  const pool = openPool({ url, connectionsMax: 1 });
  await pool.withSession(async (session) => {
    await session.run('BEGIN');
    await session.run(`SELECT 1 FROM merchant WHERE merchant = 'kiosk' FOR UPDATE`);
    const stuck = kiosk.pay(paymentCode(HANDLES[0], 1), { key: 'stuck' });
    const sale = bakery.pay(paymentCode(HANDLES[1], 1), { key: 'sale' });
    expect(await sale).toMatchObject({ outcome: 'PAID' });
    await session.run('ROLLBACK');
    expect(await stuck).toMatchObject({ outcome: 'PAID' });
  });
  await pool.close();
});

test('from one address no more accounts are made than may be', async () => {
  const from = { address: '203.0.113.7', perHourMax: 3 };
  const enrolments = ['p', 'q', 'r', 's', 't', 'u'].map((letter, index) => {
    const pass = { account: accountOf(letter), serial: 1, algorithm: 'Ed25519' as const };
    const issue = { issuer: ISSUER, keyId: 1, issuedAtS: 0, expiresAtS: 1, publicKey: letter };
    const as = { enrolledBy: 'open', personHash: null, inviteHash: null } as const;
    const store = stores[index % 2 === 0 ? 0 : 1];
    return store.addRider({ ...pass, ...issue, ...as, from, nowMs: NOW_MS });
  });
  const results = await Promise.all(enrolments);
  expect(results.filter((result) => result === 'enrolled')).toHaveLength(3);
});

test('a tap that comes in the moment in which its rider enrols knows the pass, or is judged again', async () => {
  const [store, other] = stores;
  const log = await addGate(store, { gate: 'g1', line: 'A' });
  for (const [index, letter] of ['p', 'q', 'r', 's', 't', 'u'].entries()) {
    log.ride({ account: accountOf(letter), counter: 1, atMs: NOW_MS });
    const batch = log.batch(index + 1);
    const [taken] = await Promise.all([other.ingestBatch(batch, NOW_MS), addRider(store, letter)]);
    const [item] = typeof taken === 'string' ? [] : taken.reply.items;
    const isDue = (await store.judgeOnce(NOW_MS)) !== 'idle';
    const isKnown = item?.reason !== 'ACCOUNT_UNKNOWN' && item?.reason !== 'PASS_NOT_ISSUED';
    expect(isDue).toBe(!isKnown);
  }
});

test('a log that comes twice is stored once, and its rides are charged once by whoever works', async () => {
  const [store] = stores;
  await store.setFare({ line: 'A', fareCents: 50, fromS: 0 }, NOW_MS);
  const log = await addGate(store, { gate: 'g1', line: 'A' });
  const accounts = ['a', 'b'].map(accountOf);
  for (let counter = 1; counter <= 20; counter += 1) {
    const account = accounts[counter % 2] ?? '';
    log.ride({ account, counter, atMs: NOW_MS + counter });
  }
  const sent = [1, 2].flatMap(() => stores.map((one) => one.ingestBatch(log.batch(), NOW_MS)));
  const replies = await Promise.all(sent);
  const accepted = replies.flatMap((result) =>
    typeof result === 'string'
      ? []
      : result.reply.items.filter(({ ruling }) => ruling === 'accepted'),
  );
  expect(accepted).toHaveLength(20);
  const pays = HANDLES.map((handle, at) =>
    store.topUp({
      issuer: ISSUER,
      account: accounts[at] ?? '',
      key: handle,
      amountCents: 10,
      nowMs: NOW_MS,
    }),
  );
  await Promise.all([...pays, ...[1, 2].flatMap(() => stores.map((one) => drain(one)))]);
  const books = await readBooks(store, ['a', 'b']);
  expect(books).toMatchObject({ wallets: { a: 510, b: 510 }, revenue: { A: 1_000 } });
});

test('of two phones that block each other at once one stays', async () => {
  const [store, other] = stores;
  for (const letter of ['v', 'w', 'x', 'y', 'z']) {
    const account = await addRider(store, letter);
    const code = { issuer: ISSUER, codeHash: `pair ${letter}`, quickHash: null, account };
    const made = {
      kind: 'PHONE',
      drawnBy: 1,
      madeAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 1_000,
    } as const;
    await store.addRecoveryCode({ ...code, ...made });
    const pass = {
      account,
      serial: 2,
      algorithm: 'Ed25519',
      publicKey: `second ${letter}`,
    } as const;
    const issue = { issuer: ISSUER, keyId: 1, issuedAtS: 0, expiresAtS: 1 };
    const next = { codeHash: `next ${letter}`, quickHash: null };
    const terms = { issue, hasRides: true, issuesMax: 9, nowMs: NOW_MS };
    await store.recover({ codeHash: code.codeHash, pass, next, ...terms });
    const block = { account, issuer: ISSUER, nowMs: NOW_MS };
    const blocked = await Promise.all([
      store.blockPass({ ...block, serial: 1, by: 2 }),
      other.blockPass({ ...block, serial: 2, by: 1 }),
    ]);
    expect(blocked.toSorted()).toEqual([false, true]);
    const rider = await store.readRider(ISSUER, account);
    expect(rider?.passes.filter(({ ended }) => ended === null)).toHaveLength(1);
  }
});

test('of two operators who end each other at once one stays', async () => {
  const [store, other] = stores;
  for (const [one, two] of [
    ['Ada', 'Bo'],
    ['Cy', 'Di'],
    ['Ed', 'Flo'],
  ] as const) {
    for (const name of [one, two]) {
      const token = { tokenHash: `token of ${name}`, endsAtMs: NOW_MS * 2 };
      await store.setOperator({ name, role: 'ADMIN', ...token, nowMs: NOW_MS });
    }
    const ended = await Promise.all([
      store.endOperator({ name: one, by: two, nowMs: NOW_MS }),
      other.endOperator({ name: two, by: one, nowMs: NOW_MS }),
    ]);
    expect(ended.toSorted()).toEqual([false, true]);
  }
  expect(await store.endOperator({ name: 'Ada', by: 'root', nowMs: NOW_MS })).toBe(true);
});
