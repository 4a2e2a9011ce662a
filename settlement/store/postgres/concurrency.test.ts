/**
 * Many at once on one account and one merchant, over two stores on one database, as two processes have them: nothing is
 * overdrawn, nothing paid twice, nobody waits for good, and the books add up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_PAYMENT_LIMITS } from '../../core/payments/payment-rules.ts';
import { addRider, ISSUER, LIMITS, NOW_MS } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { addSeed, onlineCode, paymentCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import { openPostgresStore } from './store.ts';

const CLIENTS = 24;
const server = usePostgres();
let dataDir: string;
let stores: [Store, Store];
let tills: ScriptedTill[];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'stile-store-'));
  const url = await server.freshDatabase();
  const open = () => openPostgresStore({ url, dataDir, limitsNow: LIMITS, connectionsMax: 8 });
  // Both find new books: one of them seals.
  stores = await Promise.all([open(), open()]);
  await ScriptedTill.open(stores[0], 'kiosk');
  tills = stores.map((store) => new ScriptedTill(store, 'kiosk'));
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  rmSync(dataDir, { recursive: true });
});

const clients = Array.from({ length: CLIENTS }, (_, client) => client);
const storeOf = (client: number) => stores[client % 2 === 0 ? 0 : 1];
const tillOf = (client: number) => tills[client % 2] as ScriptedTill;
const walletCents = async (account: string) =>
  (await stores[0].readRider(ISSUER, account))?.balanceCents;

async function rich(account: string, amountCents: number): Promise<string> {
  const made = await addRider(stores[0], account);
  await stores[0].topUp({ issuer: ISSUER, account: made, key: 'k', amountCents, nowMs: NOW_MS });
  return made;
}

async function expectBalance(): Promise<void> {
  const { debitsCents, creditsCents } = await stores[0].readTrialBalance();
  expect(debitsCents).toBe(creditsCents);
}

test('as much is paid as there is, and each receipt has a number of its own', async () => {
  const a = await rich('a', 1_000);
  const code = await onlineCode(stores[0], { account: a });
  const online = await Promise.all(
    clients.map((n) => tillOf(n).pay(code, { cents: 100, key: `online ${n}` })),
  );
  expect(online.filter(({ outcome }) => outcome === 'PAID').length).toBe(1);
  await addSeed(stores[0], { account: a, handle: '12345678' });
  const paid = await Promise.all(
    clients.map((n) =>
      tillOf(n).pay(paymentCode('12345678', n + 1), { cents: 100, key: `sale ${n}` }),
    ),
  );
  const good = paid.filter(({ outcome }) => outcome === 'PAID');
  expect(good.length).toBe(9);
  expect(await walletCents(a)).toBe(0);
  expect(good.map(({ receipt }) => receipt).sort()).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10].sort());
  await expectBalance();
});

test('a code that many present at once pays once', async () => {
  const a = await rich('a', 5_000);
  await addSeed(stores[0], { account: a, handle: '12345678' });
  const answers = await Promise.all(
    clients.map((n) => tillOf(n).pay(paymentCode('12345678', 1), { cents: 100, key: `sale ${n}` })),
  );
  expect(answers.filter(({ outcome }) => outcome === 'PAID').length).toBe(1);
  expect(await walletCents(a)).toBe(4_900);
  await expectBalance();
});

test('a request that many repeat at once is answered to all by one payment', async () => {
  const a = await rich('a', 5_000);
  await addSeed(stores[0], { account: a, handle: '12345678' });
  const answers = await Promise.all(
    clients.map((n) => tillOf(n).pay(paymentCode('12345678', 1), { cents: 100, key: 'one' })),
  );
  expect(new Set(answers.map((payment) => JSON.stringify(payment))).size).toBe(1);
  expect(answers[0]?.outcome).toBe('PAID');
  const topUps = clients.map((n) =>
    storeOf(n).topUp({ issuer: ISSUER, account: a, key: 'again', amountCents: 700, nowMs: NOW_MS }),
  );
  await Promise.all(topUps);
  expect(await walletCents(a)).toBe(5_600);
  await expectBalance();
});

test('riders and merchants crosswise: payments, refunds and top-ups end in the same sums', async () => {
  const accounts = await Promise.all(['a', 'b', 'c', 'd'].map((name) => rich(name, 20_000)));
  const others = await Promise.all(
    ['bakery', 'cinema'].map((m) => ScriptedTill.open(stores[1], m)),
  );
  await Promise.all(
    accounts.map((account, n) => addSeed(stores[0], { account, handle: `1000000${n}` })),
  );
  const work = clients.flatMap((n) =>
    accounts.map(async (account, rider) => {
      const till = n % 3 === 0 ? tillOf(n) : (others[n % 2] as ScriptedTill);
      const key = `sale ${n} ${rider}`;
      const code = paymentCode(`1000000${rider}`, n + 1);
      const { outcome } = await till.pay(code, { cents: 100, key });
      expect(outcome).toBe('PAID');
      if (n % 4 === 0) await till.refund(key, { refundKey: 'r', amountCents: 40 });
      if (n % 4 === 1) {
        const topUp = { issuer: ISSUER, account, key: `top-up ${n}`, amountCents: 500 };
        await storeOf(n).topUp({ ...topUp, nowMs: NOW_MS });
      }
    }),
  );
  await Promise.all(work);
  const quarter = CLIENTS / 4;
  const left = 20_000 - CLIENTS * 100 + quarter * 40 + quarter * 500;
  for (const account of accounts) expect(await walletCents(account)).toBe(left);
  await expectBalance();
});

test('wrong codes of many tills are all counted', async () => {
  const a = await rich('a', 5_000);
  await addSeed(stores[0], { account: a, handle: '12345678' });
  const wrong = async (n: number) => {
    const till = await ScriptedTill.open(storeOf(n), `shop ${n}`);
    return await till.reasonOf(paymentCode('12345678', null));
  };
  const most = DEFAULT_PAYMENT_LIMITS.handleFailuresMax;
  await Promise.all(Array.from({ length: most - 1 }, (_, n) => wrong(n)));
  expect(await stores[0].findSeed('12345678', NOW_MS)).toBeDefined();
  await wrong(most);
  expect(await stores[0].findSeed('12345678', NOW_MS)).toBeUndefined();
});
