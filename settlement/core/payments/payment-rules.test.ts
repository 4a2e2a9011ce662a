/** Whether a payment is made: one row for each reason, their precedence, and what follows from a purse. */
import { PAYMENT_REASONS } from '@stile/protocol/payment.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { netTotals } from '../money/ledger.ts';
import { applyPayment, applyRefund, debtCents, type RiderMoney } from '../money/rider-money.ts';
import {
  blindGuessBound,
  DEFAULT_PAYMENT_LIMITS,
  guessesPerHour,
  handleGuessBound,
  isPausing,
  judgePayment,
  orderStateAt,
  type PayerState,
  pauseMs,
} from './payment-rules.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;
const PAYER: PayerState = {
  way: 'PAYMENT_CODE',
  isDenied: false,
  walletCents: 60_000,
  dayCents: 0,
  offlineDayCents: 0,
  boundCents: null,
};

describe('a payment', () => {
  test.each<[number | null, Partial<PayerState>, string | null]>([
    [5_000, {}, null],
    [5_001, {}, 'OVER_AMOUNT_CAP'],
    [5_000, { way: 'ONLINE_CODE' }, null],
    [5_001, { way: 'ONLINE_CODE' }, 'OVER_AMOUNT_CAP'],
    [5_001, { way: 'ORDER' }, null],
    [5_001, { way: 'ONLINE_CODE', boundCents: 5_001 }, null],
    [5_002, { way: 'ONLINE_CODE', boundCents: 5_001 }, 'OVER_AMOUNT_CAP'],
    [2, { way: 'ONLINE_CODE', boundCents: 1 }, 'OVER_AMOUNT_CAP'],
    [50_001, { way: 'ONLINE_CODE', boundCents: 60_000 }, 'OVER_AMOUNT_CAP'],
    [50_001, { way: 'ORDER' }, 'OVER_AMOUNT_CAP'],
    [5_000, { offlineDayCents: 10_000 }, null],
    [5_000, { offlineDayCents: 10_001 }, 'OVER_OFFLINE_CAP'],
    [5_000, { way: 'ONLINE_CODE', offlineDayCents: 10_001 }, null],
    [100, { dayCents: 49_900 }, null],
    [101, { dayCents: 49_900 }, 'OVER_DAY_CAP'],
    [100, { walletCents: 100 }, null],
    [101, { walletCents: 100 }, 'WALLET_SHORT'],
    [null, {}, 'FARE_UNKNOWN'],
    [null, { isDenied: true }, 'DENIED'],
    [0, { walletCents: 0 }, null],
  ])('of %s by %j is refused as %s', (amount, payer, reason) => {
    const asked = { amountCents: amount, isFare: false, payer: { ...PAYER, ...payer } };
    expect(judgePayment(asked, LIMITS)).toBe(reason);
  });

  test('of a fare takes no word, because the operator sets it', () => {
    const payer: PayerState = { ...PAYER, way: 'ONLINE_CODE' };
    const fare = { amountCents: 5_001, isFare: true, payer };
    expect(judgePayment(fare, LIMITS)).toBeNull();
    const bound = { ...fare, payer: { ...payer, boundCents: 5_000 } };
    expect(judgePayment(bound, LIMITS)).toBe('OVER_AMOUNT_CAP');
  });

  test('of several reasons the first of the protocol counts', () => {
    const ladder: Partial<PayerState>[] = [
      { isDenied: true },
      {},
      { offlineDayCents: 20_000 },
      { dayCents: 60_000 },
      { walletCents: 0 },
    ];
    const found = ladder.map((_, from) => {
      const payer = Object.assign({}, PAYER, ...ladder.slice(from)) as PayerState;
      return judgePayment({ amountCents: from < 2 ? 6_000 : 5_000, isFare: false, payer }, LIMITS);
    });
    const inOrder = PAYMENT_REASONS.filter((reason) => found.includes(reason));
    expect(found).toEqual(inOrder);
    expect(found).toHaveLength(5);
  });
});

test('the chance of a guess is what the protocol document says', () => {
  expect(handleGuessBound(LIMITS)).toBeCloseTo(6e-7, 12);
  expect(guessesPerHour(LIMITS)).toBe(128);
  expect(blindGuessBound(LIMITS, 1_000_000)).toBeCloseTo(3.84e-8, 14);
});

test('pauses after wrong codes begin late, double and stay short', () => {
  const counts = [0, 4, 5, 6, 7, 8, 9, 10, 60, 1_000];
  expect(counts.map((count) => pauseMs(count, LIMITS) / 1_000)).toEqual([
    0, 0, 1, 2, 4, 8, 16, 30, 30, 30,
  ]);
  const sixty = { count: 60, latestMs: 1_000 };
  expect(isPausing(sixty, { limits: LIMITS, nowMs: 30_999 })).toBe(true);
  expect(isPausing(sixty, { limits: LIMITS, nowMs: 31_000 })).toBe(false);
});

test.each([
  ['OPEN', 99, 'OPEN'],
  ['OPEN', 100, 'OPEN'],
  ['OPEN', 101, 'EXPIRED'],
  ['PAID', 101, 'PAID'],
  ['CANCELLED', 101, 'CANCELLED'],
] as const)('an order that is %s stands at %i as %s', (state, nowMs, then) => {
  expect(orderStateAt({ state, expiresAtMs: 100 }, nowMs)).toBe(then);
});

describe('a purse', () => {
  const cents = fc.integer({ min: 1, max: 10_000 });
  const position = fc.oneof(
    fc.record({ account: fc.constant('a'), walletCents: cents, owing: fc.constant([]) }),
    fc.record({
      account: fc.constant('a'),
      walletCents: fc.constant(0),
      owing: fc
        .array(cents, { maxLength: 4 })
        .map((debts) => debts.map((owedCents, at) => ({ use: `u${at}`, owedCents }))),
    }),
  );

  test('pays debts first from what comes back, and is never both full and in debt', () => {
    fc.assert(
      fc.property(position, cents, (before, amountCents) => {
        const debit = 'merchant:m';
        const { after, transfers } = applyRefund(before, { id: 't', debit, amountCents });
        const gained =
          after.walletCents - before.walletCents + debtCents(before) - debtCents(after);
        expect(gained).toBe(amountCents);
        expect(after.walletCents > 0 && debtCents(after) > 0).toBe(false);
        const net = netTotals(transfers);
        expect(net.get('merchant:m')?.debitsCents).toBe(amountCents);
      }),
    );
  });

  test('a payment and its refund leave it as it was', () => {
    fc.assert(
      fc.property(cents, cents, (walletCents, some) => {
        const before: RiderMoney = { account: 'a', walletCents, owing: [] };
        const amountCents = Math.min(walletCents, some);
        const merchant = 'merchant:m';
        const paid = applyPayment(before, { id: 'p', credit: merchant, amountCents }).after;
        const back = applyRefund(paid, { id: 'r', debit: merchant, amountCents }).after;
        expect(back).toEqual(before);
      }),
    );
  });

  test('never pays more than it holds', () => {
    const before = { account: 'a', walletCents: 10, owing: [] };
    expect(() => applyPayment(before, { id: 'p', credit: 'merchant:m', amountCents: 11 })).toThrow(
      'Bug',
    );
  });
});
