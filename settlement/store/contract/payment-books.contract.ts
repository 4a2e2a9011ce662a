/** What any Store must do with payments afterwards: refunds, reversals, orders and
 * their lists.
 */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addGate, addRider, drain, ISSUER, NOW_MS } from '../../testing/log.ts';
import { confirm, onlineCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

export function describePaymentBooks(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let till: ScriptedTill;
  let other: ScriptedTill;
  let a: string;
  let b: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    till = await ScriptedTill.open(store, 'kiosk');
    other = await ScriptedTill.open(store, 'bakery');
    a = await addRider(store, 'a');
    b = await addRider(store, 'b');
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 1_000, nowMs: NOW_MS });
  });
  afterEach(async () => {
    await remove();
  });

  const rider = async (of = a) => {
    const { balanceCents, debtCents, denied } = (await store.readRider(ISSUER, of)) ?? {};
    return { balanceCents, debtCents, denied: denied?.length };
  };
  const sell = async (key: string, cents: number) =>
    await till.pay(await onlineCode(store, { account: a }), { key, cents });

  describe('a refund', () => {
    test('goes back in parts, each key once, and never more than is left', async () => {
      await sell('coffee', 700);
      const first = await till.refund('coffee', { refundKey: 'r1', amountCents: 200 });
      expect(first).toMatchObject({
        kind: 'done',
        payment: { outcome: 'PAID', refundedCents: 200 },
        notice: { account: a, refundCents: 200 },
      });
      expect(await till.refund('coffee', { refundKey: 'r1', amountCents: 200 })).toMatchObject({
        kind: 'repeated',
        notice: { account: null, refundCents: 0 },
      });
      expect(await till.refund('coffee', { refundKey: 'r1', amountCents: 201 })).toEqual({
        kind: 'conflict',
      });
      expect(await till.refund('coffee', { refundKey: 'r2', amountCents: 501 })).toEqual({
        kind: 'tooMuch',
        leftCents: 500,
      });
      expect(await till.refund('coffee', { refundKey: 'r2', amountCents: 500 })).toMatchObject({
        kind: 'done',
      });
      expect(await till.refund('coffee', { refundKey: 'r3', amountCents: 1 })).toEqual({
        kind: 'tooMuch',
        leftCents: 0,
      });
      expect(await store.findPayment('kiosk', 'coffee')).toMatchObject({
        refunds: [
          { idempotencyKey: 'r1', amountCents: 200, atMs: NOW_MS },
          { idempotencyKey: 'r2', amountCents: 500, atMs: NOW_MS },
        ],
      });
      expect(await rider()).toMatchObject({ balanceCents: 1_000 });
    });

    test('asked for by many at once goes back once', async () => {
      await sell('coffee', 700);
      const kinds = await Promise.all([
        ...[1, 2, 3].map(() => till.refund('coffee', { refundKey: 'r1', amountCents: 700 })),
        ...[1, 2].map(() => till.reverse('coffee')),
      ]);
      expect(kinds.filter((one) => 'notice' in one && one.notice.refundCents > 0)).toHaveLength(1);
      expect(await rider()).toMatchObject({ balanceCents: 1_000 });
    });

    test('pays a debt first, and lifts the denial that it was for', async () => {
      await sell('coffee', 900);
      await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
      const gate = await addGate(store, { gate: 'g1', line: 'M1' });
      gate.ride({ account: a, counter: 1, atMs: NOW_MS });
      await gate.send(store);
      await drain(store);
      expect(await rider()).toEqual({ balanceCents: 0, debtCents: 150, denied: 1 });
      await till.refund('coffee', { refundKey: 'r1', amountCents: 100 });
      expect(await rider()).toEqual({ balanceCents: 0, debtCents: 50, denied: 1 });
      await till.refund('coffee', { refundKey: 'r2', amountCents: 800 });
      expect(await rider()).toEqual({ balanceCents: 750, debtCents: 0, denied: 0 });
      const items = await store.listStatement(a, { after: null, limit: 9 });
      expect(items.filter(({ kind }) => kind === 'refund')).toMatchObject([
        { way: 'ONLINE_CODE', payee: 'Shop kiosk', amountCents: 100, state: 'REFUNDED' },
        { way: 'ONLINE_CODE', payee: 'Shop kiosk', amountCents: 800, state: 'REFUNDED' },
      ]);
    });

    test('of what was not paid, or by another merchant, is none', async () => {
      await sell('coffee', 700);
      await sell('refused', 9_999);
      expect(await other.refund('coffee', { refundKey: 'r1', amountCents: 700 })).toEqual({
        kind: 'unknown',
      });
      expect(await till.refund('nothing', { refundKey: 'r1', amountCents: 700 })).toEqual({
        kind: 'unknown',
      });
      expect(await till.refund('refused', { refundKey: 'r1', amountCents: 1 })).toEqual({
        kind: 'tooMuch',
        leftCents: 0,
      });
      await till.reverse('coffee');
      const [{ idempotencyKey = '' } = {}] =
        (await store.findPayment('kiosk', 'coffee'))?.refunds ?? [];
      expect(await till.refund('coffee', { refundKey: idempotencyKey, amountCents: 700 })).toEqual({
        kind: 'conflict',
      });
    });
  });

  describe('a reversal', () => {
    test('before the payment closes the key, of this merchant only', async () => {
      const closed = await till.reverse('lost');
      expect(closed).toMatchObject({
        payment: { outcome: 'REFUSED', reason: 'REVERSED', way: null, amountCents: 0 },
        notice: { account: null, refundCents: 0 },
      });
      expect(await till.reverse('lost')).toEqual(closed);
      const code = await onlineCode(store, { account: a });
      expect(await till.pay(code, { key: 'lost' })).toEqual(closed.payment);
      expect(await other.pay(code, { key: 'lost' })).toMatchObject({ outcome: 'PAID' });
      expect(await till.addOrder('lost', 100)).toEqual({ kind: 'conflict' });
    });

    test('after the payment, or after a part was refunded, gives back what is left, once', async () => {
      await sell('coffee', 700);
      await till.refund('coffee', { refundKey: 'r1', amountCents: 200 });
      const notice = [await till.reverse('coffee'), await till.reverse('coffee')];
      expect(notice.map((one) => one.notice.refundCents)).toEqual([500, 0]);
      expect(notice.map(({ payment }) => payment.refundedCents)).toEqual([700, 700]);
      expect(await rider()).toMatchObject({ balanceCents: 1_000 });
    });

    test('is a state that every answer shows: of a repeat, a look, a list and a confirmation', async () => {
      const code = await onlineCode(store, { account: a });
      await till.pay(code, { key: 'coffee', cents: 700 });
      const { payment } = await till.reverse('coffee');
      expect(payment).toMatchObject({ outcome: 'REVERSED', reason: 'REVERSED', receipt: 1 });
      expect(await till.pay(code, { key: 'coffee', cents: 700 })).toEqual(payment);
      expect(await store.findPayment('kiosk', 'coffee')).toEqual(payment);
      const page = { fromMs: 0, toMs: NOW_MS * 2, after: null, limit: 9 };
      expect((await store.listPayments('kiosk', page)).items).toEqual([payment]);
      await till.addOrder('o1', 450);
      const confirmation = { order: 'order of kiosk o1', account: a, amountCents: 450 };
      await confirm(store, confirmation);
      await till.reverse('o1');
      expect(await confirm(store, confirmation)).toMatchObject({
        kind: 'repeated',
        payment: { outcome: 'REVERSED' },
        rider: { outcome: 'REVERSED' },
      });
    });

    test('is a till’s for a quarter of an hour, then its manager’s, then nobody’s', async () => {
      await sell('coffee', 700);
      const after = async (role: 'TILL' | 'MANAGER', seconds: number) =>
        (await till.tryReverse('coffee', { role, atMs: NOW_MS + seconds * 1000 })).kind;
      expect(await after('TILL', 901)).toBe('needsManager');
      expect(await after('MANAGER', 91 * 86_400)).toBe('tooLate');
      expect(await rider()).toMatchObject({ balanceCents: 300 });
      expect(await after('MANAGER', 901)).toBe('done');
      expect(await after('TILL', 902)).toBe('done');
      expect(await rider()).toMatchObject({ balanceCents: 1_000 });
    });

    test('of the key of an open order takes the order back', async () => {
      await till.addOrder('o1', 450);
      expect((await till.reverse('o1')).payment).toMatchObject({ reason: 'REVERSED' });
      const order = 'order of kiosk o1';
      expect(await confirm(store, { order, account: a, amountCents: 450 })).toMatchObject({
        kind: 'declined',
        rider: { reason: 'ORDER_CANCELLED' },
        order: { state: 'CANCELLED' },
      });
    });

    test('of a refused payment changes nothing', async () => {
      const refused = await sell('coffee', 9_999);
      expect((await till.reverse('coffee')).payment).toEqual(refused);
    });
  });

  describe('an order', () => {
    const orderOf = async (key: string, cents = 450) => {
      const made = await till.addOrder(key, cents);
      if ('kind' in made) throw new Error('this key asked something else');
      return made.order;
    };

    test('is paid once by the rider who confirms it, whoever else tries', async () => {
      await store.topUp({
        issuer: ISSUER,
        account: b,
        key: 'k',
        amountCents: 1_000,
        nowMs: NOW_MS,
      });
      const order = await orderOf('o1');
      expect(await store.findOffer(order, NOW_MS)).toMatchObject({
        state: 'OPEN',
        merchantName: 'Shop kiosk',
        amountCents: 450,
      });
      const answers = await Promise.all(
        [a, b, a].map((of) => confirm(store, { order, account: of, amountCents: 450 })),
      );
      expect(answers).toMatchObject([
        { kind: 'decided', order: { state: 'PAID' }, payment: { way: 'ORDER', order, receipt: 1 } },
        { kind: 'declined', rider: { outcome: 'REFUSED', reason: 'ORDER_PAID' } },
        { kind: 'repeated', rider: { outcome: 'PAID', payee: 'Shop kiosk' } },
      ]);
      expect([await rider(), await rider(b)]).toMatchObject([
        { balanceCents: 550 },
        { balanceCents: 1_000 },
      ]);
      expect(await store.findPayment('kiosk', 'o1')).toMatchObject({ outcome: 'PAID' });
      expect(await till.reverse('o1')).toMatchObject({ notice: { account: a, refundCents: 450 } });
      expect(await confirm(store, { order, account: b, amountCents: 450 })).toMatchObject({
        kind: 'declined',
      });
    });

    test('that could not be paid stays open, and nothing stands under its key', async () => {
      const order = await orderOf('o1');
      expect(await confirm(store, { order, account: b, amountCents: 450 })).toMatchObject({
        kind: 'declined',
        rider: { reason: 'WALLET_SHORT' },
        order: { state: 'OPEN' },
      });
      expect(await store.findPayment('kiosk', 'o1')).toBeUndefined();
      await store.topUp({ issuer: ISSUER, account: b, key: 'k', amountCents: 450, nowMs: NOW_MS });
      expect(await confirm(store, { order, account: b, amountCents: 450 })).toMatchObject({
        kind: 'decided',
      });
    });

    test('is for the amount that was shown', async () => {
      const order = await orderOf('o1');
      expect(await confirm(store, { order, account: a, amountCents: 451 })).toEqual({
        kind: 'conflict',
      });
      expect(
        await confirm(store, { order: 'no such order', account: a, amountCents: 450 }),
      ).toEqual({ kind: 'unknown' });
      expect(await rider()).toMatchObject({ balanceCents: 1_000 });
    });

    test('has its key for itself, and asking again finds it', async () => {
      await sell('taken', 1);
      expect(await till.addOrder('taken', 450)).toEqual({ kind: 'conflict' });
      const made = await till.addOrder('o1', 450);
      expect(await till.addOrder('o1', 450)).toEqual(made);
      expect(await till.addOrder('o1', 451)).toEqual({ kind: 'conflict' });
      const code = await onlineCode(store, { account: a });
      expect(await till.ask(code, { key: 'o1' })).toEqual({ kind: 'conflict' });
      expect(await till.pay(code)).toMatchObject({ outcome: 'PAID' });
      expect(await other.addOrder('o1', 451)).toMatchObject({ amountCents: 451 });
    });

    test('ends with its time, when it is taken back, and with its merchant', async () => {
      const [late, cancelled, paid, ofBlocked] = [
        await orderOf('late'),
        await orderOf('cancelled'),
        await orderOf('paid'),
        await orderOf('of-blocked'),
      ];
      const atMs = NOW_MS + 600_000;
      expect(await store.findOrder({ merchant: 'kiosk', order: late, nowMs: atMs })).toMatchObject({
        state: 'OPEN',
      });
      expect(
        await store.findOrder({ merchant: 'kiosk', order: late, nowMs: atMs + 1 }),
      ).toMatchObject({ state: 'EXPIRED' });
      const who = { issuer: ISSUER, account: a, serial: 1, amountCents: 450 };
      expect(await store.confirmOrder({ ...who, order: late, nowMs: atMs + 1 })).toMatchObject({
        rider: { reason: 'ORDER_EXPIRED' },
      });
      await confirm(store, { order: paid, account: a, amountCents: 450 });
      const cancel = (order: string, at = 'kiosk') =>
        store.cancelOrder({ merchant: at, order, nowMs: NOW_MS });
      expect(await cancel(cancelled, 'bakery')).toBeUndefined();
      expect(
        await store.findOrder({ merchant: 'bakery', order: cancelled, nowMs: NOW_MS }),
      ).toBeUndefined();
      expect(
        await store.findOrder({ merchant: 'kiosk', order: cancelled, nowMs: NOW_MS }),
      ).toMatchObject({ state: 'OPEN' });
      expect(await cancel(cancelled)).toMatchObject({ state: 'CANCELLED' });
      expect(await cancel(paid)).toMatchObject({ state: 'PAID' });
      await store.blockMerchant('kiosk', NOW_MS);
      for (const order of [cancelled, ofBlocked]) {
        expect(await confirm(store, { order, account: a, amountCents: 450 })).toMatchObject({
          kind: 'declined',
          rider: { reason: 'ORDER_CANCELLED' },
        });
      }
      expect(await rider()).toMatchObject({ balanceCents: 550 });
    });
  });

  test('a list has each payment once, the latest first, and sums of what was paid', async () => {
    for (const n of [1, 2, 3, 4, 5]) {
      const atMs = NOW_MS + Math.floor(n / 2);
      await till.pay(await onlineCode(store, { account: a, atMs }), {
        key: `k${n}`,
        cents: n * 10,
        atMs,
      });
    }
    await sell('refused', 9_999);
    await other.pay(await onlineCode(store, { account: a }));
    await till.refund('k5', { refundKey: 'r1', amountCents: 20 });
    const items: Payment[] = [];
    const sizes: number[] = [];
    for (let after: string | null = null; ; ) {
      const page = await store.listPayments('kiosk', {
        fromMs: NOW_MS,
        toMs: NOW_MS + 9,
        after,
        limit: 3,
      });
      expect(page.totals).toEqual({ payments: 5, paidCents: 150, refundedCents: 20 });
      items.push(...page.items);
      sizes.push(page.items.length);
      if (page.next === null) break;
      after = page.next;
    }
    expect(sizes).toEqual([3, 3]);
    expect(items.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      'k5',
      'k4',
      'k3',
      'k2',
      'refused',
      'k1',
    ]);
    const early = await store.listPayments('kiosk', {
      fromMs: 0,
      toMs: NOW_MS,
      after: null,
      limit: 9,
    });
    expect(early).toMatchObject({ items: [], next: null, totals: { payments: 0 } });
  });
}
