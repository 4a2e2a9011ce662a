/** Names of ledger accounts and totals of transfers. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  balanceCents,
  CASH,
  kindOf,
  netTotals,
  receivableOf,
  revenueOf,
  type Transfer,
  walletOf,
} from './ledger.ts';

test.each([
  [CASH, 'cash', 7],
  [receivableOf('a'), 'receivable', 7],
  [walletOf('a'), 'wallet', -7],
  [revenueOf('M1'), 'revenue', -7],
] as const)(
  '%s is a %s account, and its balance is seen from its normal side',
  (name, kind, cents) => {
    expect(kindOf(name)).toBe(kind);
    expect(balanceCents(kind, { debitsCents: 10, creditsCents: 3 })).toBe(cents);
  },
);

test('a name that is no ledger account is a bug', () => {
  expect(() => kindOf('walletx')).toThrow('no ledger account');
});

const names = [CASH, walletOf('a'), walletOf('b'), receivableOf('a'), revenueOf('M1')];
const transfers = fc.array(
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...names), fc.integer({ min: 1, max: 1e9 }))
    .filter(([debit, credit]) => debit !== credit)
    .map(([debit, credit, amountCents]): Transfer => {
      return { id: 'x', debit, credit, amountCents, code: 'TOP_UP' };
    }),
);

test('netted totals hold every transfer, and debits equal credits', () => {
  fc.assert(
    fc.property(transfers, (all) => {
      const net = netTotals(all);
      const posted = all.reduce((sum, { amountCents }) => sum + amountCents, 0);
      let [debits, credits] = [0, 0];
      for (const totals of net.values()) {
        debits += totals.debitsCents;
        credits += totals.creditsCents;
      }
      expect([debits, credits]).toEqual([posted, posted]);
    }),
  );
});

test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('a transfer of %s is a bug', (amountCents) => {
  const transfer = { id: 'x', debit: CASH, credit: walletOf('a'), amountCents, code: 'TOP_UP' };
  expect(() => netTotals([transfer as Transfer])).toThrow('Bug');
});

test('a transfer from an account to itself is a bug', () => {
  expect(() =>
    netTotals([{ id: 'x', debit: CASH, credit: CASH, amountCents: 1, code: 'TOP_UP' }]),
  ).toThrow('to itself');
});
