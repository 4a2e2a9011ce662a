/** Refunds and reversals: how much goes back, once, and where it goes. */
import type { MerchantRole } from '@stile/protocol/payment.ts';
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
  refundedDayCents: 0,
};
const limits = { reversalS: 60, refundDaysMax: 2, refundDayCentsMax: 500, timeZone: 'UTC' };
const DAY_MS = 86_400_000;
/** How long ago the day before yesterday began. */
const TWO_DAYS_MS = 2 * DAY_MS + (NOW_MS % DAY_MS);
/** A payment of so long ago. */
const paidAgo = (ageMs: number) => storedPayment({ atMs: NOW_MS - ageMs });
const part = { idempotencyKey: 'back-1', amountCents: 100, atMs: NOW_MS - 1 };
const partly = storedPayment({ refundedCents: 100, refunds: [part] });

function refund(
  facts: Partial<GiveBackFacts>,
  { cents: amountCents = 100, key: refundKey = 'back-1' } = {},
) {
  const request = { issuer: ISSUER, merchant: 'kiosk', idempotencyKey: 'sale-1', nowMs: NOW_MS };
  const asked = { ...request, refundKey, amountCents };
  return decideRefund({ ...known, ...facts }, { request: asked, limits });
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

  test.each<[string, Partial<GiveBackFacts>, object]>([
    ['within its days', { payment: paidAgo(TWO_DAYS_MS) }, { kind: 'done' }],
    ['after its days', { payment: paidAgo(TWO_DAYS_MS + 1) }, { kind: 'tooLate' }],
    ['up to the limit of a day', { refundedDayCents: 400 }, { kind: 'done' }],
    ['beyond it', { refundedDayCents: 401 }, { kind: 'overDay', leftCents: 99 }],
    ['far beyond it', { refundedDayCents: 900 }, { kind: 'overDay', leftCents: 0 }],
  ])('%s', (_name, facts, result) => {
    const decision = refund(facts);
    expect(decision.result).toMatchObject(result);
    expect(decision.changes.length > 0).toBe('kind' in result && result.kind === 'done');
  });

  test('of all of it leaves a payment that is REVERSED, whoever asks', () => {
    const { result } = refund({}, { cents: 300, key: 'all' });
    expect(result).toMatchObject({
      payment: { outcome: 'REVERSED', reason: 'REVERSED', amountCents: 300, receipt: 4 },
      notice: { rider: { outcome: 'REVERSED' } },
    });
  });

  test('of all that is left is the last', () => {
    expect(refund({ payment: partly }, { cents: 200, key: 'back-2' }).result).toMatchObject({
      kind: 'done',
      payment: { refundedCents: 300 },
    });
  });
});

function reverse(facts: Partial<ReversalFacts>, role: MerchantRole = 'TILL') {
  const request = {
    issuer: ISSUER,
    payee: 'merchant:kiosk',
    key: 'sale-1',
    why: 'REVERSED',
    nowMs: NOW_MS,
  } as const;
  return decideReversal(
    { ...known, order: null, nextPaymentId: 12, ...facts },
    { request, role, limits },
  );
}

describe('the days within which a payment may go back are those of the calendar', () => {
  const refundAt = (paid: string, back: string, { timeZone = 'Europe/Berlin', days = 1 } = {}) => {
    const payment = storedPayment({ atMs: Date.parse(paid) });
    const request = {
      issuer: ISSUER,
      merchant: 'kiosk',
      idempotencyKey: 'sale-1',
      refundKey: 'back-1',
      amountCents: 100,
      nowMs: Date.parse(back),
    };
    const of = { ...limits, refundDaysMax: days, timeZone };
    return decideRefund({ ...known, payment }, { request, limits: of }).result.kind;
  };

  test.each([
    // Saturday's sale until the end of the Sunday of 25 hours.
    ['2026-10-23T22:00:00Z', '2026-10-25T22:59:59.999Z', '2026-10-25T23:00:00Z', 'Europe/Berlin'],
    // The Sunday of 23 hours.
    ['2026-03-28T22:59:00Z', '2026-03-29T21:59:59.999Z', '2026-03-29T22:00:00Z', 'Europe/Berlin'],
    // A zone of half hours, and one that changes by half an hour.
    ['2026-07-26T18:30:00Z', '2026-07-28T18:29:59.999Z', '2026-07-28T18:30:00Z', 'Asia/Kolkata'],
    [
      '2026-04-03T13:00:00Z',
      '2026-04-05T13:29:59.999Z',
      '2026-04-05T13:30:00Z',
      'Australia/Lord_Howe',
    ],
  ])('paid %s it may until %s and not at %s in %s', (paid, last, late, timeZone) => {
    expect(refundAt(paid, last, { timeZone })).toBe('done');
    expect(refundAt(paid, late, { timeZone })).toBe('tooLate');
  });
});

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
    const notice = { account: null, rider: null, refundCents: 0 };
    expect(result).toMatchObject({ kind: 'done', notice });
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

  test.each<[string, number, MerchantRole, string]>([
    ['a till, at once', 60_000, 'TILL', 'done'],
    ['a till, later', 60_001, 'TILL', 'needsManager'],
    ['a till, by a clock that went back', -5_000, 'TILL', 'done'],
    ['the manager, later', 60_001, 'MANAGER', 'done'],
    ['the manager, after the days of refunds', TWO_DAYS_MS + 1, 'MANAGER', 'tooLate'],
  ])('by %s', (_name, ageMs, role, kind) => {
    const { result, changes } = reverse({ payment: paidAgo(ageMs) }, role);
    expect(result.kind).toBe(kind);
    expect(changes.length > 0).toBe(kind === 'done');
  });

  test('of what was just sold is never over a limit; later it is', () => {
    const spent = { refundedDayCents: 500 };
    expect(reverse({ ...spent, payment: paidAgo(1) }).result.kind).toBe('done');
    expect(reverse({ ...spent, payment: paidAgo(DAY_MS) }, 'MANAGER').result).toEqual({
      kind: 'overDay',
      leftCents: 0,
    });
  });

  test('of what nobody paid may be asked for by a till at any time', () => {
    expect(reverse({ payment: null, money: null }).result.kind).toBe('done');
    const refused = { ...paidAgo(9 * DAY_MS), outcome: 'REFUSED', reason: 'DENIED' } as const;
    expect(reverse({ payment: refused }).result.kind).toBe('done');
  });
});
