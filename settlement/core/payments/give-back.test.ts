/** Refunds and reversals: how much goes back, once, and where it goes. */
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  ISSUER,
  moneyFacts,
  NOW_MS,
  owedCharge,
  storedOrder,
  storedPayment,
} from '../../testing/facts.ts';
import {
  decideRefund,
  decideReversal,
  type GiveBackFacts,
  type ReversalFacts,
  WHOLE_REFUND_KEY,
} from './give-back.ts';

const money = moneyFacts({ walletCents: 50 });
const known: GiveBackFacts = {
  payment: storedPayment(),
  money,
  merchantName: 'Harbour Kiosk',
};
const part = { idempotencyKey: 'back-1', amountCents: 100, atMs: NOW_MS - 1 };
const partly = storedPayment({ refundedCents: 100, refunds: [part] });

function refund(
  facts: Partial<GiveBackFacts>,
  { cents: amountCents = 100, key: refundKey = 'back-1' } = {},
) {
  const request = { issuer: ISSUER, merchant: 'kiosk', idempotencyKey: 'sale-1', nowMs: NOW_MS };
  return decideRefund({ ...known, ...facts }, { ...request, refundKey, amountCents });
}

describe('a refund', () => {
  test('goes back to the wallet, and both sides are told', () => {
    const { changes, result } = refund({});
    expect(changes.map(({ kind }) => kind)).toEqual(['addRefund', 'post']);
    expect(changes[0]).toMatchObject({ payment: 10, amountCents: 100, refundedCents: 100 });
    expect(changes[1]).toMatchObject({
      transfers: [{ id: 'payment:10:back-1:return', debit: 'merchant:kiosk', amountCents: 100 }],
    });
    expect(result).toMatchObject({
      kind: 'done',
      payment: { refundedCents: 100, refunds: [{ idempotencyKey: 'back-1', amountCents: 100 }] },
      notice: { account: ACCOUNT, refundCents: 100 },
    });
  });

  test('pays a debt first, and lifts the denial that it was for', () => {
    const owing = moneyFacts({ walletCents: 0, owing: [owedCharge({ owedCents: 60 })] });
    const { changes } = refund({ money: owing });
    expect(changes.map(({ kind }) => kind)).toEqual([
      'addRefund',
      'post',
      'setOwed',
      'addChargeEvent',
      'liftDenial',
      'requestPublish',
    ]);
    expect(changes[1]).toMatchObject({
      transfers: [
        { id: 'payment:10:back-1:forgive', amountCents: 60 },
        { id: 'payment:10:back-1:return', amountCents: 40 },
      ],
    });
  });

  test.each<[string, Partial<GiveBackFacts>, number, string, object]>([
    ['of an unknown payment', { payment: null }, 100, 'back-1', { kind: 'unknown' }],
    [
      'of more than is left',
      { payment: partly },
      201,
      'back-2',
      { kind: 'tooMuch', leftCents: 200 },
    ],
    [
      'of what was refused',
      { payment: storedPayment({ outcome: 'REFUSED', reason: 'DENIED' }) },
      1,
      'back-2',
      { kind: 'tooMuch', leftCents: 0 },
    ],
    ['again', { payment: partly }, 100, 'back-1', { kind: 'repeated' }],
    ['again with another amount', { payment: partly }, 99, 'back-1', { kind: 'conflict' }],
    ['under the key of reversals', {}, 1, WHOLE_REFUND_KEY, { kind: 'conflict' }],
  ])('%s changes nothing', (_name, facts, cents, key, result) => {
    const decision = refund(facts, { cents, key });
    expect(decision.changes).toEqual([]);
    expect(decision.result).toMatchObject(result);
  });

  test('of all that is left is the last', () => {
    expect(refund({ payment: partly }, { cents: 200, key: 'back-2' }).result).toMatchObject({
      kind: 'done',
      payment: { refundedCents: 300 },
    });
  });
});

function reverse(facts: Partial<ReversalFacts>) {
  return decideReversal(
    { ...known, order: null, nextPaymentId: 12, ...facts },
    { issuer: ISSUER, payee: 'merchant:kiosk', key: 'sale-1', why: 'REVERSED', nowMs: NOW_MS },
  );
}

describe('a reversal', () => {
  test('gives back all that is left, whatever was given back before', () => {
    const { changes, result } = reverse({ payment: partly });
    expect(changes[0]).toMatchObject({ kind: 'addRefund', amountCents: 200, refundedCents: 300 });
    expect(result).toMatchObject({ payment: { refundedCents: 300 }, notice: { refundCents: 200 } });
  });

  test('before the payment closes the key: whatever asks later finds that', () => {
    const { changes, result } = reverse({ payment: null, money: null });
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      kind: 'addPayment',
      payment: { id: 12, outcome: 'REFUSED', reason: 'REVERSED', requestHash: '', amountCents: 0 },
    });
    expect(result.notice).toEqual({ account: null, rider: null, refundCents: 0 });
  });

  test.each([
    ['of a refused payment', storedPayment({ outcome: 'REFUSED', reason: 'DENIED' })],
    ['of what went back already', storedPayment({ refundedCents: 300 })],
  ])('%s changes nothing', (_name, payment) => {
    expect(reverse({ payment })).toMatchObject({
      changes: [],
      result: { notice: { account: null } },
    });
  });

  test.each([
    ['OPEN', ['endOrder', 'addPayment']],
    ['CANCELLED', ['addPayment']],
    ['PAID', ['addPayment']],
  ] as const)('takes an order that is %s under the key back with it', (state, kinds) => {
    const { changes } = reverse({ payment: null, money: null, order: storedOrder({ state }) });
    expect(changes.map(({ kind }) => kind)).toEqual(kinds);
  });
});
