/** Orders: made once, confirmed once, and what each of their ends says. */
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  ISSUER,
  moneyFacts,
  NOW_MS,
  storedOrder,
  storedPayment,
} from '../../testing/facts.ts';
import {
  type ConfirmationFacts,
  decideCancellation,
  decideConfirmation,
  decideNewOrder,
  type NewOrder,
  offerView,
} from './order.ts';
import { DEFAULT_PAYMENT_LIMITS } from './payment-rules.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;

describe('a new order', () => {
  const request: NewOrder = {
    order: 'order-2',
    merchant: 'kiosk',
    idempotencyKey: 'sale-1',
    amountCents: 300,
    note: null,
    nowMs: NOW_MS,
    expiresAtMs: NOW_MS + 5,
  };

  test('is open under its key', () => {
    const { changes, result } = decideNewOrder({ sameKey: null, hasPayment: false }, request);
    expect(result).toMatchObject({ order: 'order-2', idempotencyKey: 'sale-1', state: 'OPEN' });
    expect(changes).toMatchObject([{ kind: 'addOrder', order: { key: 'sale-1', state: 'OPEN' } }]);
  });

  test.each([
    ['asked for again is the one that there is', storedOrder(), { order: 'order-1' }],
    ['of another amount is a conflict', storedOrder({ amountCents: 1 }), { kind: 'conflict' }],
    ['of another note is a conflict', storedOrder({ note: 'tea' }), { kind: 'conflict' }],
  ])('%s', (_name, sameKey, result) => {
    const decision = decideNewOrder({ sameKey, hasPayment: false }, request);
    expect(decision).toMatchObject({ changes: [], result });
  });

  test('under the key of a payment is a conflict', () => {
    const facts = { sameKey: null, hasPayment: true };
    expect(decideNewOrder(facts, request)).toEqual({ changes: [], result: { kind: 'conflict' } });
  });
});

function confirm(facts: Partial<NonNullable<ConfirmationFacts>> | null, amountCents = 300) {
  const request = {
    issuer: ISSUER,
    order: 'order-1',
    account: ACCOUNT,
    serial: 1,
    amountCents,
    nowMs: NOW_MS,
  };
  const known: NonNullable<ConfirmationFacts> = {
    order: storedOrder(),
    earlier: null,
    payer: { money: moneyFacts(), denials: [], dayCents: 0, offlineDayCents: 0 },
    merchant: { name: 'Harbour Kiosk', lastReceipt: 0 },
    nextPaymentId: 1,
  };
  const found = facts === null ? null : { ...known, ...facts };
  return decideConfirmation(found, { request, limits: LIMITS });
}

describe('a confirmation', () => {
  test('pays the order under its own key, whole', () => {
    const { changes, result } = confirm({});
    expect(changes.map(({ kind }) => kind)).toEqual([
      'addPayment',
      'post',
      'setReceipt',
      'endOrder',
    ]);
    expect(changes[0]).toMatchObject({
      payment: { key: 'sale-1', way: 'ORDER', order: 'order-1', handle: null, receipt: 1 },
    });
    expect(result).toMatchObject({
      kind: 'decided',
      order: { state: 'PAID' },
      rider: { way: 'ORDER' },
    });
  });

  const paid = storedPayment({ way: 'ORDER', order: 'order-1' });
  const poor = {
    money: moneyFacts({ walletCents: 299 }),
    denials: [],
    dayCents: 0,
    offlineDayCents: 0,
  };
  test.each<[string, Partial<NonNullable<ConfirmationFacts>> | null, number, object]>([
    ['of no order', null, 300, { kind: 'unknown' }],
    ['of another amount than was shown', {}, 301, { kind: 'conflict' }],
    [
      'again by who paid',
      { earlier: paid, order: storedOrder({ state: 'PAID' }) },
      300,
      { kind: 'repeated', rider: { outcome: 'PAID' } },
    ],
    [
      'by somebody else',
      { earlier: { ...paid, account: 'b' }, order: storedOrder({ state: 'PAID' }) },
      300,
      { kind: 'declined', rider: { reason: 'ORDER_PAID' } },
    ],
    [
      'of one that was taken back',
      { order: storedOrder({ state: 'CANCELLED' }) },
      300,
      { kind: 'declined', rider: { reason: 'ORDER_CANCELLED' } },
    ],
    [
      'of one that has ended',
      { order: storedOrder({ expiresAtMs: NOW_MS - 1 }) },
      300,
      { kind: 'declined', rider: { reason: 'ORDER_EXPIRED' } },
    ],
    [
      'with too little money',
      { payer: poor },
      300,
      { kind: 'declined', order: { state: 'OPEN' }, rider: { reason: 'WALLET_SHORT' } },
    ],
  ])('%s writes nothing', (_name, facts, amountCents, result) => {
    expect(confirm(facts, amountCents)).toMatchObject({ changes: [], result });
  });

  test('is good at the order\u2019s last instant', () => {
    expect(confirm({ order: storedOrder({ expiresAtMs: NOW_MS }) }).result.kind).toBe('decided');
  });
});

describe('taking an order back', () => {
  const query = { merchant: 'kiosk', order: 'order-1', nowMs: NOW_MS };
  test('ends it', () => {
    expect(decideCancellation(storedOrder(), query)).toMatchObject({
      changes: [{ kind: 'endOrder', state: 'CANCELLED' }],
      result: { state: 'CANCELLED' },
    });
  });

  test.each([
    ['a paid one', storedOrder({ state: 'PAID' }), 'PAID'],
    ['one that has ended', storedOrder({ expiresAtMs: NOW_MS - 1 }), 'EXPIRED'],
  ])('leaves %s as it is', (_name, stored, state) => {
    expect(decideCancellation(stored, query)).toMatchObject({ changes: [], result: { state } });
  });

  test.each([null, storedOrder({ merchant: 'bakery' })])('of nobody or another: %#', (stored) => {
    expect(decideCancellation(stored, query)).toEqual({ changes: [], result: undefined });
  });
});

test('an offer names its merchant and says nothing of its key', () => {
  const offer = offerView(storedOrder(), NOW_MS);
  expect(offer).toMatchObject({ merchantName: 'Harbour Kiosk', state: 'OPEN' });
  expect(offer).not.toHaveProperty('idempotencyKey');
});
