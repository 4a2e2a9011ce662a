/** What any Store must do with payments of all kinds: whatever is asked in whatever order, the books add up. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CUT_KINDS } from '../../core/retention/cut-changes.ts';
import { accountOf, addGate, addRider, drain, ISSUER, NOW_MS } from '../../testing/log.ts';
import { storeProperty } from '../../testing/store-property.ts';
import { confirm, onlineCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

export function describePaymentHistories(open: OpenStore): void {
  test('whatever is asked in whatever order, the books add up', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, (all) => playDeeds(open, all)),
      storeProperty(30),
    );
  });
}

type Deed = {
  kind: 'topUp' | 'ride' | 'pay' | 'order' | 'refund' | 'reverse';
  rider: number;
  merchant: number;
  key: number;
  cents: number;
};
const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('topUp', 'ride', 'pay', 'pay', 'order', 'refund', 'refund', 'reverse'),
    rider: fc.nat(2),
    merchant: fc.nat(1),
    key: fc.nat(7),
    cents: fc.integer({ min: 1, max: 800 }),
  }),
  { minLength: 5, maxLength: 50 },
);

const RIDERS = ['a', 'b', 'c'];
const MERCHANTS = ['kiosk', 'bakery'];
const FARE = 250;

/** The world of the deeds: what riders put in and rode is kept beside the store. */
class Deeds {
  readonly store: Store;
  readonly tills: readonly ScriptedTill[];
  paidInCents = 0;
  rides = 0;
  readonly #gate;

  private constructor(
    store: Store,
    { tills, gate }: { tills: ScriptedTill[]; gate: Awaited<ReturnType<typeof addGate>> },
  ) {
    this.store = store;
    this.tills = tills;
    this.#gate = gate;
  }

  static async open(store: Store): Promise<Deeds> {
    for (const letter of RIDERS) await addRider(store, letter);
    const tills: ScriptedTill[] = [];
    for (const merchant of MERCHANTS) tills.push(await ScriptedTill.open(store, merchant));
    await store.setFare({ line: 'M1', fareCents: FARE, fromS: 0 }, NOW_MS);
    return new Deeds(store, { tills, gate: await addGate(store, { gate: 'g1', line: 'M1' }) });
  }

  async do({ kind, rider, merchant, key, cents }: Deed, index: number): Promise<unknown> {
    const account = accountOf(RIDERS[rider] ?? '');
    const till = this.tills[merchant] ?? (await ScriptedTill.open(this.store, 'kiosk'));
    if (kind === 'topUp') {
      this.paidInCents += cents;
      return await this.store.topUp({
        issuer: ISSUER,
        account,
        key: `t${index}`,
        amountCents: cents,
        nowMs: NOW_MS,
      });
    }
    if (kind === 'ride') {
      this.rides += 1;
      const seq = this.#gate.ride({ account, counter: index + 1, atMs: NOW_MS });
      await this.#gate.send(this.store, { fromSeq: seq });
      return await drain(this.store);
    }
    if (kind === 'pay') {
      const code = await onlineCode(this.store, { account });
      return await till.ask(code, { key: `k${key}`, cents });
    }
    if (kind === 'refund')
      return await till.refund(`k${key}`, { refundKey: `r${index % 5}`, amountCents: cents });
    if (kind === 'reverse') return await till.reverse(`k${key}`);
    const made = await till.addOrder(`k${key}`, cents);
    if ('kind' in made) return made;
    const { order, amountCents } = made;
    return await confirm(this.store, { order, account, amountCents });
  }
}

async function playDeeds(open: OpenStore, all: readonly Deed[]): Promise<void> {
  const { store, remove } = await open();
  try {
    const world = await Deeds.open(store);
    // In twos, so that answers of one commit meet each other too.
    for (let at = 0; at < all.length; at += 2) {
      await Promise.all(all.slice(at, at + 2).map((deed, index) => world.do(deed, at + index)));
    }
    await expectBooks(world);
    await expectSameAfterCut(world);
  } finally {
    await remove();
  }
}

const CUT_AT_MS = NOW_MS + 100 * 86_400_000;
const RETENTION = { trustLists: 1, refusedPaymentDays: 2, denyHistoryDays: 2, recoveryDays: 2 };

/** Whatever is cut, the money is what it was; and no key pays that did not. */
async function expectSameAfterCut(world: Deeds): Promise<void> {
  const { store, tills } = world;
  const before = await readMoney(world);
  for (const kind of CUT_KINDS) {
    while (await store.cutOnce(kind, { retention: RETENTION, nowMs: CUT_AT_MS }));
  }
  expect(await readMoney(world)).toEqual(before);
  for (const till of tills) {
    for (let key = 0; key < 8; key += 1) {
      const known = await store.findPayment(till.merchant, `k${key}`);
      if (known?.outcome !== 'REFUSED') continue;
      const code = await onlineCode(store, { account: accountOf('a'), atMs: CUT_AT_MS });
      const again = await till.ask(code, { key: `k${key}`, cents: 1, atMs: CUT_AT_MS });
      expect(again).not.toMatchObject({ payment: { outcome: 'PAID' } });
    }
  }
  expect(await readMoney(world)).toEqual(before);
}

async function readMoney({ store }: Deeds) {
  const statements = await Promise.all(
    RIDERS.map((letter) => store.listStatement(accountOf(letter), { after: null, limit: 999 })),
  );
  const page = { fromMs: 0, toMs: CUT_AT_MS + 1, after: null, limit: 999 };
  const lists = await Promise.all(MERCHANTS.map((merchant) => store.listPayments(merchant, page)));
  const sales = lists.map(({ items, totals }) => ({
    totals,
    paid: items.filter(({ outcome }) => outcome !== 'REFUSED'),
  }));
  const riders = await Promise.all(
    RIDERS.map((letter) => store.readRider(ISSUER, accountOf(letter))),
  );
  return { balance: await store.readTrialBalance(), statements, sales, riders };
}

async function expectBooks({ store, paidInCents, rides }: Deeds): Promise<void> {
  const { rows, debitsCents, creditsCents } = await store.readTrialBalance();
  expect(debitsCents).toBe(creditsCents);
  const held = new Map(
    rows.map((row) => [row.account, row.creditsCents - row.debitsCents] as const),
  );
  let takenCents = 0;
  for (const merchant of MERCHANTS) {
    const { items, totals } = await store.listPayments(merchant, {
      fromMs: 0,
      toMs: NOW_MS + 1,
      after: null,
      limit: 99,
    });
    // What was reversed keeps its receipt.
    const paid = items.filter(({ receipt }) => receipt !== null);
    const receipts = paid.map(({ receipt }) => receipt).sort((x, y) => (x ?? 0) - (y ?? 0));
    expect(receipts).toEqual(paid.map((_, index) => index + 1));
    for (const { refunds, refundedCents, amountCents } of items) {
      const sum = refunds.reduce((cents, refund) => cents + refund.amountCents, 0);
      expect(refundedCents).toBe(sum);
      expect(refundedCents).toBeLessThanOrEqual(amountCents);
    }
    expect(held.get(`merchant:${merchant}`) ?? 0).toBe(totals.paidCents - totals.refundedCents);
    takenCents += totals.paidCents - totals.refundedCents;
  }
  let netCents = 0;
  for (const letter of RIDERS) {
    const view = await store.readRider(ISSUER, accountOf(letter));
    const { balanceCents = 0, debtCents = 0 } = view ?? {};
    expect(Math.min(balanceCents, debtCents)).toBe(0);
    expect(view?.denied.length).toBe(debtCents > 0 ? 1 : 0);
    netCents += balanceCents - debtCents;
  }
  expect(netCents).toBe(paidInCents - rides * FARE - takenCents);
}
