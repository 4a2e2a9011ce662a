/** A payment's one decision: every reason, the same key again, and what is written for a good one. */
import { PAYMENT_REASONS } from '@stile/protocol/payment.ts';
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  HANDLE,
  moneyFacts,
  NOW_MS,
  payFacts,
  paymentRequest,
  seedFacts,
  storedPayment,
} from '../../testing/facts.ts';
import { decidePay, type PayFacts, type PaymentRequest } from './pay.ts';
import { DEFAULT_PAYMENT_LIMITS } from './payment-rules.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;

function pay(facts: Partial<PayFacts> = {}, request: Partial<PaymentRequest> = {}) {
  return decidePay(payFacts(facts), { request: paymentRequest(request), limits: LIMITS });
}

function reasonFor(facts: Partial<PayFacts>, request: Partial<PaymentRequest> = {}) {
  const { result } = pay(facts, request);
  return result.kind === 'conflict' ? 'conflict' : result.payment.reason;
}

const atGate = { kind: 'gate', gate: 'g1', line: 'M1', idempotencyKey: 'ask-1' } as const;
const fare = {
  gateLines: [{ line: 'M1', fromMs: 0 }],
  lineFares: [{ line: 'M1', fareCents: 250, fromS: 0 }],
};
const payer = (walletCents: number, more: object = {}) => ({
  payer: {
    money: moneyFacts({ walletCents }),
    denials: [],
    dayCents: 0,
    offlineDayCents: 0,
    ...more,
  },
});
const online = { way: 'ONLINE_CODE', codeHash: 'h' } as const;
const onlineFacts = (state: 'live' | 'ended') => ({
  way: 'ONLINE_CODE' as const,
  code: { account: ACCOUNT, serial: 1, expiresAtMs: NOW_MS, state, boundCents: null },
});
const seed = (changes: object) => ({
  code: {
    way: 'PAYMENT_CODE' as const,
    seed: seedFacts(changes),
    isSpent: false,
    phoneHandles: [HANDLE],
  },
});
const amount = (amountCents: number) => ({
  payee: { kind: 'merchant', merchant: 'kiosk', idempotencyKey: 'sale-1', amountCents } as const,
});

const PAUSING = { count: LIMITS.payeeFailuresFree, latestMs: NOW_MS };

describe('a payment is refused', () => {
  const cases: [reason: string, Partial<PayFacts>, Partial<PaymentRequest>?][] = [
    ['TOO_MANY_TRIES', { payeeFailures: PAUSING }],
    ['CODE_REFUSED', {}, { presented: { way: 'PAYMENT_CODE', handle: HANDLE, timeStep: null } }],
    [
      'CLOCK_OFF',
      {},
      { presented: { way: 'PAYMENT_CODE', handle: HANDLE, timeStep: null, strayStep: 8 } },
    ],
    ['CODE_EXPIRED', { code: onlineFacts('ended') }, { presented: online }],
    ['CODE_USED', { code: { ...seed({}).code, isSpent: true } }],
    ['DENIED', payer(10_000, { denials: [{ cause: 'OPERATOR', note: 'lost' }] })],
    ['FARE_UNKNOWN', { merchant: null, fare: { gateLines: [], lineFares: [] } }, { payee: atGate }],
    ['OVER_AMOUNT_CAP', {}, amount(LIMITS.offlineCentsMax + 1)],
    ['OVER_OFFLINE_CAP', payer(10_000, { offlineDayCents: LIMITS.offlineTotalCentsMax - 299 })],
    ['OVER_DAY_CAP', payer(10_000, { dayCents: LIMITS.dayCentsMax - 299 })],
    ['WALLET_SHORT', payer(299)],
  ];
  test.each(cases)('as %s, and no money moves', (reason, facts, request) => {
    const { result, changes } = pay(facts, request);
    expect(result).toMatchObject({ kind: 'decided', payment: { outcome: 'REFUSED', reason } });
    const kinds = changes.map(({ kind }) => kind);
    expect(kinds).toContain('addPayment');
    for (const kind of ['post', 'setReceipt', 'setHandlePaid']) expect(kinds).not.toContain(kind);
  });

  test('for every reason that a payment by code can have', () => {
    const elsewhere = [
      'REVERSED',
      'ORDER_PAID',
      'ORDER_CANCELLED',
      'ORDER_EXPIRED',
      'NOT_RECEIVED',
    ];
    const expected = PAYMENT_REASONS.filter((reason) => !elsewhere.includes(reason));
    expect(cases.map(([reason]) => reason)).toEqual(expected);
  });

  test('but its good code is spent all the same', () => {
    const { changes } = pay(payer(0));
    expect(changes[0]).toEqual({ kind: 'spendTimeStep', handle: HANDLE, timeStep: 9 });
  });
});

describe('a payment is made', () => {
  test('with its posting, its receipt and what its handle has paid', () => {
    const { changes, result } = pay(seed({ paidCents: 100 }));
    expect(changes.map(({ kind }) => kind)).toEqual([
      'spendTimeStep',
      'addPayment',
      'post',
      'setHandlePaid',
      'setReceipt',
    ]);
    expect(changes).toContainEqual({ kind: 'setReceipt', merchant: 'kiosk', receipt: 5 });
    expect(changes).toContainEqual({ kind: 'setHandlePaid', handle: HANDLE, paidCents: 400 });
    const posting = changes.find(({ kind }) => kind === 'post');
    expect(posting).toMatchObject({
      transfers: [
        {
          id: 'payment:11:pay',
          debit: `wallet:${ACCOUNT}`,
          credit: 'merchant:kiosk',
          amountCents: 300,
        },
      ],
    });
    expect(result).toMatchObject({
      kind: 'decided',
      payment: { outcome: 'PAID', receipt: 5, amountCents: 300 },
      notice: { account: ACCOUNT, rider: { payee: 'Harbour Kiosk' } },
    });
  });

  test('at a gate for the fare of its line, without a receipt', () => {
    const { changes, result } = pay({ merchant: null, fare }, { payee: atGate });
    expect(result).toMatchObject({ payment: { outcome: 'PAID', amountCents: 250, receipt: null } });
    expect(changes.find(({ kind }) => kind === 'post')).toMatchObject({
      transfers: [{ credit: 'revenue:M1', amountCents: 250 }],
    });
  });

  test('for nothing at a gate of a free line, and nothing is posted', () => {
    const free = { ...fare, lineFares: [{ line: 'M1', fareCents: 0, fromS: 0 }] };
    const { changes, result } = pay({ merchant: null, fare: free }, { payee: atGate });
    expect(result).toMatchObject({ payment: { outcome: 'PAID', amountCents: 0 } });
    expect(changes.map(({ kind }) => kind)).not.toContain('post');
  });

  test('only to a merchant that was set up', () => {
    expect(() => pay({ merchant: null })).toThrow('Bug');
  });
});

describe('the same key again', () => {
  test.each<[string, Partial<PayFacts>, string]>([
    ['with the same request finds its payment', { earlier: storedPayment() }, 'repeated'],
    [
      'with another request is a conflict',
      { earlier: storedPayment({ requestHash: 'another' }) },
      'conflict',
    ],
    [
      'after it was taken back finds that',
      { earlier: storedPayment({ requestHash: '', outcome: 'REFUSED', reason: 'REVERSED' }) },
      'repeated',
    ],
    ['as an order has is a conflict, whatever stands there', { hasOrder: true }, 'conflict'],
    ['of a paid order is a conflict', { hasOrder: true, earlier: storedPayment() }, 'conflict'],
  ])('%s, and writes nothing', (_name, facts, kind) => {
    const { changes, result } = pay(facts, { presented: online });
    expect(result.kind).toBe(kind);
    expect(changes).toEqual([]);
  });

  test('tells nobody again', () => {
    expect(pay({ earlier: storedPayment() }).result).toMatchObject({ notice: { account: null } });
  });
});

test('the first reason that applies is the answer', () => {
  const all = {
    payeeFailures: PAUSING,
    ...payer(0, { denials: [{ cause: 'DEBT', note: '' }], dayCents: LIMITS.dayCentsMax }),
  };
  const request = amount(LIMITS.offlineCentsMax + 1);
  expect(reasonFor(all, request)).toBe('TOO_MANY_TRIES');
  expect(reasonFor({ ...all, payeeFailures: { count: 0, latestMs: 0 } }, request)).toBe('DENIED');
  const undenied = payer(0, { dayCents: LIMITS.dayCentsMax });
  expect(reasonFor(undenied, request)).toBe('OVER_AMOUNT_CAP');
  expect(reasonFor(undenied)).toBe('OVER_DAY_CAP');
  expect(reasonFor(payer(0))).toBe('WALLET_SHORT');
});
