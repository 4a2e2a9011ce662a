/** One rider's money: examples a person can check, and the law that order changes nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanceCents, kindOf, netTotals, type Transfer } from './ledger.ts';
import {
  applyCharges,
  applyTopUp,
  type ChargeChange,
  debtCents,
  type MoneyMove,
  type RiderMoney,
} from './rider-money.ts';

const EMPTY: RiderMoney = { account: 'a', walletCents: 0, owing: [] };

function post(use: string, fareCents: number, { line = 'M1' } = {}): ChargeChange {
  return { use, rev: 1, before: null, after: { line, fareCents } };
}

function brief({ transfers }: Pick<MoneyMove, 'transfers'>): string[] {
  return transfers.map(({ debit, credit, amountCents, code }) =>
    [code, amountCents, debit, credit].join(' '),
  );
}

describe('withholding', () => {
  test('a full wallet pays the fare', () => {
    const moved = applyCharges({ ...EMPTY, walletCents: 500 }, [post('u', 300)]);
    expect(moved.after).toEqual({ account: 'a', walletCents: 200, owing: [] });
    expect(brief(moved)).toEqual(['WITHHOLD 300 wallet:a revenue:M1']);
  });

  test('a wallet that is too small pays what it has, the rest is debt', () => {
    const moved = applyCharges({ ...EMPTY, walletCents: 100 }, [post('u', 250)]);
    expect(moved.after).toEqual({
      account: 'a',
      walletCents: 0,
      owing: [{ use: 'u', owedCents: 150 }],
    });
    expect(brief(moved)).toEqual([
      'WITHHOLD 100 wallet:a revenue:M1',
      'DEBT 150 receivable:a revenue:M1',
    ]);
  });

  test('a free ride moves no money', () => {
    const moved = applyCharges(EMPTY, [post('u', 0)]);
    expect(moved.transfers).toEqual([]);
    expect(moved.owed.get('u')).toBe(0);
  });
});

describe('topping up', () => {
  test('pays the oldest debt first and fills the wallet with the rest', () => {
    const owing = [
      { use: 'old', owedCents: 150 },
      { use: 'new', owedCents: 100 },
    ];
    const moved = applyTopUp({ ...EMPTY, owing }, { id: 't', amountCents: 200 });
    expect(moved.after).toEqual({
      account: 'a',
      walletCents: 0,
      owing: [{ use: 'new', owedCents: 50 }],
    });
    expect(brief(moved)).toEqual(['TOP_UP 200 cash wallet:a', 'RECOVER 200 wallet:a receivable:a']);
    expect(applyTopUp(moved.after, { id: 't2', amountCents: 80 }).after).toEqual({
      ...EMPTY,
      walletCents: 30,
    });
  });
});

describe('changing a charge', () => {
  const paid: ChargeChange = {
    use: 'u',
    rev: 2,
    before: { line: 'M1', fareCents: 300 },
    after: null,
  };

  test('a refund goes back where it came from', () => {
    const moved = applyCharges(EMPTY, [paid]);
    expect(brief(moved)).toEqual(['REFUND 300 revenue:M1 wallet:a']);
    expect(moved.after.walletCents).toBe(300);
  });

  test('a refund forgives its own debt, then pays others, and only then fills the wallet', () => {
    const owing = [
      { use: 'v', owedCents: 50 },
      { use: 'u', owedCents: 200 },
    ];
    const moved = applyCharges({ ...EMPTY, owing }, [paid]);
    expect(brief(moved)).toEqual([
      'REFUND 250 revenue:M1 receivable:a',
      'REFUND 50 revenue:M1 wallet:a',
    ]);
    expect(moved.owed).toEqual(
      new Map([
        ['v', 0],
        ['u', 0],
      ]),
    );
  });

  test('another line and a higher fare: revenue moves, the rider pays the difference', () => {
    const change = { ...paid, after: { line: 'M2', fareCents: 320 } };
    const moved = applyCharges({ ...EMPTY, walletCents: 100 }, [change]);
    expect(brief(moved)).toEqual([
      'REPRICE 300 revenue:M1 revenue:M2',
      'REPRICE 20 wallet:a revenue:M2',
    ]);
  });

  test('another line and a lower fare: revenue moves, the rider gets the difference', () => {
    const moved = applyCharges(EMPTY, [{ ...paid, after: { line: 'M2', fareCents: 120 } }]);
    expect(brief(moved)).toEqual([
      'REPRICE 120 revenue:M1 revenue:M2',
      'REPRICE 180 revenue:M1 wallet:a',
    ]);
  });
});

type Step = { kind: 'topUp'; cents: number } | { kind: 'fare'; use: number; cents: number | null };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('topUp' as const), cents: fc.integer({ min: 1, max: 900 }) }),
  fc.record({
    kind: fc.constant('fare' as const),
    use: fc.nat({ max: 5 }),
    cents: fc.option(fc.nat({ max: 500 }), { freq: 3 }),
  }),
);

function play(steps: readonly Step[]) {
  let money = EMPTY;
  const fares = new Map<number, number>();
  const revs = new Map<number, number>();
  const transfers: Transfer[] = [];
  let paidIn = 0;
  for (const [index, one] of steps.entries()) {
    let moved: MoneyMove;
    if (one.kind === 'topUp') {
      paidIn += one.cents;
      moved = applyTopUp(money, { id: `t${index}`, amountCents: one.cents });
    } else {
      const rev = (revs.get(one.use) ?? 0) + 1;
      revs.set(one.use, rev);
      const old = fares.get(one.use);
      const before = old === undefined ? null : { line: 'M1', fareCents: old };
      const line = `M${1 + (rev % 2)}`;
      // The line alternates, so `before` must name where the fare then lies.
      const from = before && { ...before, line: `M${1 + ((rev - 1) % 2)}` };
      const after = one.cents === null ? null : { line, fareCents: one.cents };
      moved = applyCharges(money, [{ use: String(one.use), rev, before: from, after }]);
      if (one.cents === null) {
        fares.delete(one.use);
        revs.set(one.use, rev + (rev % 2));
      } else fares.set(one.use, one.cents);
    }
    transfers.push(...moved.transfers);
    money = moved.after;
  }
  const owedForRides = [...fares.values()].reduce((sum, cents) => sum + cents, 0);
  return { after: money, transfers, netCents: paidIn - owedForRides };
}

test('after any history the wallet is what was paid in less what was ridden, or that is the debt', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { after, transfers, netCents } = play(steps);
      expect(after.walletCents).toBe(Math.max(0, netCents));
      expect(debtCents(after)).toBe(Math.max(0, -netCents));
      expect(new Set(transfers.map(({ id }) => id)).size).toBe(transfers.length);
      const held = new Map(
        [...netTotals(transfers)].map(([name, totals]) => [
          name,
          balanceCents(kindOf(name), totals),
        ]),
      );
      expect(held.get('wallet:a') ?? 0).toBe(after.walletCents);
      expect(held.get('receivable:a') ?? 0).toBe(debtCents(after));
      for (const cents of held.values()) expect(cents).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 500 },
  );
});
