/** A charge that goes away forgives its own debt before anybody else's. */
import { expect, test } from 'vitest';
import { applyCharges, type RiderMoney } from './rider-money.ts';

const OWING: RiderMoney = {
  account: 'a',
  walletCents: 0,
  owing: [
    { use: 'older', owedCents: 300 },
    { use: 'taken back', owedCents: 250 },
  ],
};

test('a ride that was taken back is owed no longer, and the older debt stays as it was', () => {
  const before = { line: 'M1', fareCents: 250 };
  const moved = applyCharges(OWING, [{ use: 'taken back', rev: 2, before, after: null }]);
  expect(moved.after.owing).toEqual([{ use: 'older', owedCents: 300 }]);
  expect(moved.after.walletCents).toBe(0);
  expect(moved.owed.get('taken back')).toBe(0);
});

test('of a ride that was paid in part the rest of the money pays the older debt', () => {
  const before = { line: 'M1', fareCents: 400 };
  const moved = applyCharges(OWING, [{ use: 'taken back', rev: 2, before, after: null }]);
  expect(moved.after.owing).toEqual([{ use: 'older', owedCents: 150 }]);
});
