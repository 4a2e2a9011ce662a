/** Payments at full speed when the process is killed: each is there as a whole or not at all. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { paymentChecks } from './audit/audit.ts';
import { runChecks } from './audit/run.ts';
import { openAuditReader } from './store/sqlite/audit/reader.ts';
import { openSqliteStore } from './store/sqlite/store.ts';
import { addRider, ISSUER, LIMITS, NOW_MS } from './testing/log.ts';
import { onlineCode, ScriptedTill } from './testing/till.ts';

const PROGRAM = fileURLToPath(new URL('./testing/payer-process.ts', import.meta.url));
const LETTERS = [...'abcdefgh'];
const PAID_IN_CENTS = 5_000;

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stile-payer-'));
  file = join(dir, 'settlement.db');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const openStore = () => openSqliteStore({ file, limitsNow: LIMITS });

/** Kills the payer behind that many answers; returns all that were heard, those on the way too. */
async function payUntilKilled(name: string, answers: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [PROGRAM, file, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const heard = new Map<string, number>();
  const ended = once(child, 'close');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [key = '', receipt] = line.split(' ');
    if (receipt !== undefined) heard.set(key, Number(receipt));
    if (heard.size === answers) child.kill('SIGKILL');
  });
  const [, signal] = await ended;
  expect(signal).toBe('SIGKILL');
  return heard;
}

/** What the audit finds wrong with the payments. */
async function findWrong() {
  const { reader, close } = openAuditReader(file);
  try {
    return (await runChecks(reader, paymentChecks())).filter(({ ok }) => !ok);
  } finally {
    close();
  }
}

async function readBooks() {
  const store = await openStore();
  try {
    const { rows } = await store.readTrialBalance();
    const { items, totals } = await store.listPayments('kiosk', {
      fromMs: 0,
      toMs: NOW_MS + 1,
      after: null,
      limit: 9_999,
    });
    const wallets = rows.filter(({ account }) => account.startsWith('wallet:'));
    const walletCents = wallets.reduce((sum, row) => sum + row.creditsCents - row.debitsCents, 0);
    return { items, totals, walletCents };
  } finally {
    await store.close();
  }
}

test('whoever was answered was paid, and nobody was paid by half', async () => {
  const prepared = await openStore();
  for (const letter of LETTERS) {
    await prepared.topUp({
      issuer: ISSUER,
      account: await addRider(prepared, letter),
      key: 'k',
      amountCents: PAID_IN_CENTS,
      nowMs: NOW_MS,
    });
  }
  await ScriptedTill.open(prepared, 'kiosk');
  await prepared.close();
  const heard = new Map<string, number>();
  for (const [name, answers] of [
    ['one', 20],
    ['two', 53],
    ['three', 90],
  ] as const) {
    for (const [key, receipt] of await payUntilKilled(name, answers)) heard.set(key, receipt);
    const { items, totals, walletCents } = await readBooks();
    const found = new Map(items.map(({ idempotencyKey, receipt }) => [idempotencyKey, receipt]));
    for (const [key, receipt] of heard) expect(found.get(key), key).toBe(receipt);
    expect(items.map(({ receipt }) => receipt).sort((x, y) => (x ?? 0) - (y ?? 0))).toEqual(
      items.map((_, index) => index + 1),
    );
    expect(totals.paidCents).toBe(items.length * 7);
    expect(walletCents).toBe(LETTERS.length * PAID_IN_CENTS - totals.paidCents);
  }
  expect(await findWrong()).toEqual([]);
});

test('a key whose answer was lost is paid once when it is asked again, or closed', async () => {
  const prepared = await openStore();
  for (const letter of LETTERS) {
    await prepared.topUp({
      issuer: ISSUER,
      account: await addRider(prepared, letter),
      key: 'k',
      amountCents: PAID_IN_CENTS,
      nowMs: NOW_MS,
    });
  }
  await ScriptedTill.open(prepared, 'kiosk');
  await prepared.close();
  const heard = await payUntilKilled('one', 30);
  const rounds = [0, 1, 2, 3, 4, 5, 6].map((n) => heard.size / LETTERS.length + n - 3);
  const keys = rounds.flatMap((n) => LETTERS.map((letter) => `one-${letter}${Math.floor(n)}`));
  const store = await openStore();
  const till = new ScriptedTill(store, 'kiosk');
  try {
    for (const [index, key] of keys.entries()) {
      const before = await store.findPayment('kiosk', key);
      if (index % 2 === 0) {
        const code = await onlineCode(store, { account: await addRider(store, key.slice(4, 5)) });
        const again = await till.ask(code, { key, cents: 7, requestHash: key });
        expect(again).toMatchObject({
          kind: before === undefined ? 'decided' : 'repeated',
          payment: before ?? { outcome: 'PAID' },
        });
      } else {
        const { payment } = await till.reverse(key);
        const isGone = payment.reason === 'REVERSED' || payment.refundedCents === 7;
        expect(isGone, key).toBe(true);
      }
    }
  } finally {
    await store.close();
  }
  expect(await findWrong()).toEqual([]);
});
