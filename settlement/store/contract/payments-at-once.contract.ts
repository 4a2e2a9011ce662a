/** What any Store must do with payments that are asked for in one moment: each is decided as if it were alone. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_PAYMENT_LIMITS } from '../../core/payments/payment-rules.ts';
import { addRider, ISSUER, NOW_MS } from '../../testing/log.ts';
import { addSeed, onlineCode, paymentCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;
const RIDERS = 40;

export function describePaymentsAtOnce(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let kiosk: ScriptedTill;
  let bakery: ScriptedTill;
  let riders: string[];
  beforeEach(async () => {
    ({ store, remove } = await open());
    kiosk = await ScriptedTill.open(store, 'kiosk');
    bakery = await ScriptedTill.open(store, 'bakery');
    riders = [];
    for (let n = 0; n < RIDERS; n += 1) {
      const account = await addRider(store, String.fromCharCode(0x400 + n));
      await store.topUp({ issuer: ISSUER, account, key: 'k', amountCents: 1_000, nowMs: NOW_MS });
      await addSeed(store, { account, handle: handleOf(n) });
      riders.push(account);
    }
  });
  afterEach(async () => await remove());

  const balanceOf = async (account: string) =>
    (await store.readRider(ISSUER, account))?.balanceCents;

  test('many riders at two tills are all paid, and no receipt is left out', async () => {
    const sales = riders.map(async (account, n) => {
      const code = n % 3 === 0 ? await onlineCode(store, { account }) : paymentCode(handleOf(n), 1);
      const till = n % 4 === 0 ? bakery : kiosk;
      return { till, payment: await till.pay(code, { cents: 100 + n, key: `sale ${n}` }) };
    });
    const made = await Promise.all(sales);
    expect(made.map(({ payment }) => payment.outcome)).toEqual(riders.map(() => 'PAID'));
    for (const till of [kiosk, bakery]) {
      const own = made.filter((one) => one.till === till);
      const receipts = own.map(({ payment }) => payment.receipt ?? 0).sort((x, y) => x - y);
      expect(receipts).toEqual(own.map((_, index) => index + 1));
    }
    expect(await Promise.all(riders.map(balanceOf))).toEqual(riders.map((_, n) => 900 - n));
    expect((await store.readTrialBalance()).debitsCents).toBe(
      (await store.readTrialBalance()).creditsCents,
    );
  });

  test('of all that one rider can pay with, no more is paid than the wallet holds', async () => {
    const [account = ''] = riders;
    const codes = riders.map((_, n) => paymentCode(handleOf(0), n + 1));
    const made = await Promise.all(codes.map((code) => kiosk.pay(code, { cents: 300 })));
    expect(made.filter(({ outcome }) => outcome === 'PAID')).toHaveLength(3);
    const refused = made.filter(({ outcome }) => outcome === 'REFUSED');
    expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(['WALLET_SHORT']));
    expect(await balanceOf(account)).toBe(100);
  });

  test('one code at many tills pays once', async () => {
    const code = paymentCode(handleOf(0), 1);
    const tills = riders.map((_, n) => (n % 2 === 0 ? kiosk : bakery));
    const reasons = await Promise.all(tills.map((till) => till.reasonOf(code)));
    expect(reasons.filter((reason) => reason === null)).toHaveLength(1);
    expect(reasons.filter((reason) => reason === 'CODE_USED')).toHaveLength(RIDERS - 1);
  });

  test('one key has one answer', async () => {
    const code = paymentCode(handleOf(0), 1);
    const sale = { key: 'sale', cents: 100 };
    const answers = await Promise.all(riders.map(() => kiosk.ask(code, sale)));
    const other = await kiosk.ask(paymentCode(handleOf(1), 1), sale);
    const kinds = answers.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'decided')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'repeated')).toHaveLength(RIDERS - 1);
    expect(other.kind).toBe('conflict');
    expect(await balanceOf(riders[0] ?? '')).toBe(900);
  });

  test('wrong codes of one payee count one by one: behind the free ones it has to pause', async () => {
    const wrong = riders.map((_, n) => kiosk.reasonOf(paymentCode(`9999000${n}`, null)));
    const reasons = await Promise.all(wrong);
    const counted = reasons.filter((reason) => reason === 'CODE_REFUSED');
    expect(counted).toHaveLength(LIMITS.payeeFailuresFree);
    expect(reasons.filter((reason) => reason === 'TOO_MANY_TRIES')).toHaveLength(
      RIDERS - LIMITS.payeeFailuresFree,
    );
    // Another payee has nothing to do with it.
    expect(await bakery.reasonOf(paymentCode(handleOf(0), 1))).toBeNull();
  });

  test('wrong passwords of one handle count one by one, whoever sends them: the last one ends it', async () => {
    const tills = await Promise.all(
      Array.from({ length: LIMITS.handleFailuresMax }, (_, n) =>
        ScriptedTill.open(store, `shop-${n}`),
      ),
    );
    const wrong = paymentCode(handleOf(0), null);
    const [last, ...others] = tills;
    await Promise.all(others.map((till) => till.reasonOf(wrong)));
    expect(await kiosk.reasonOf(paymentCode(handleOf(0), 1))).toBeNull();
    expect(await last?.reasonOf(wrong)).toBe('CODE_REFUSED');
    expect(await kiosk.reasonOf(paymentCode(handleOf(0), 2))).toBe('TOO_MANY_TRIES');
  });

  test('one that cannot be carried out fails alone', async () => {
    const nobody = new ScriptedTill(store, 'nobody');
    const asked = riders.map((_, n) => {
      const till = n === 7 ? nobody : kiosk;
      return till.reasonOf(paymentCode(handleOf(n), 1));
    });
    const ended = await Promise.allSettled(asked);
    expect(ended.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([7]);
    expect(await balanceOf(riders[7] ?? '')).toBe(1_000);
    expect(await balanceOf(riders[8] ?? '')).toBe(900);
  });
}

function handleOf(n: number): string {
  return String(10_000_000 + n);
}
