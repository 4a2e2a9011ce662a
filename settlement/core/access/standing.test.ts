/** What a pass may stand for follows what stands behind its account. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countExtraUses,
  ENROLMENT_KINDS,
  EXTRA_USE_MS,
  isKindEnough,
  mayIssue,
  type OfflineRules,
  offerPass,
  type Standing,
} from './standing.ts';

const PASS = { lifetimeMin: 10_080, ceiling: 3_500, ceilingExponent: 0, allowance: 12 };
const OFFLINE: OfflineRules = {
  rideCents: 300,
  creditCents: { open: 0, invite: 300, deposit: 900, verified: 5_000 },
  shortLifetimeMin: 1_440,
  issuesMax: 8,
};

function offer(standing: Partial<Standing>) {
  const { lifetimeMin, ceiling, allowance, reason } = offerPass(
    {
      walletCents: 0,
      debtCents: 0,
      enrolledBy: 'open',
      pendingRides: 0,
      extraUses: 0,
      ...standing,
    },
    { pass: PASS, offline: OFFLINE },
  );
  return [allowance, ceiling, lifetimeMin, reason];
}

describe('what a pass may stand for', () => {
  test.each<[string, Partial<Standing>, ReturnType<typeof offer>]>([
    ['nothing', {}, [0, 0, 1_440, 'NOTHING_BEHIND']],
    ['less than a ride', { walletCents: 299 }, [0, 299, 1_440, 'NOTHING_BEHIND']],
    ['one ride', { walletCents: 300 }, [1, 300, 1_440, null]],
    ['eleven rides', { walletCents: 3_599 }, [11, 3_500, 1_440, null]],
    ['all that a pass may have', { walletCents: 3_600 }, [12, 3_500, 10_080, null]],
    ['far more than that', { walletCents: 1_000_000 }, [12, 3_500, 10_080, null]],
    ['what is lent to the invited', { enrolledBy: 'invite' }, [1, 300, 1_440, null]],
    ['a deposit', { enrolledBy: 'deposit' }, [3, 900, 1_440, null]],
    ['somebody who is known', { enrolledBy: 'verified' }, [12, 3_500, 10_080, null]],
    ['a deposit, and money', { enrolledBy: 'deposit', walletCents: 300 }, [4, 1_200, 1_440, null]],
    ['a debt', { debtCents: 100 }, [0, 0, 1_440, 'NOTHING_BEHIND']],
    ['a debt within a deposit', { enrolledBy: 'deposit', debtCents: 600 }, [1, 300, 1_440, null]],
    [
      'a ride that is not charged yet',
      { walletCents: 600, pendingRides: 1 },
      [1, 600, 1_440, null],
    ],
    [
      'rides that take all of it',
      { walletCents: 600, pendingRides: 2 },
      [0, 600, 1_440, 'NOTHING_BEHIND'],
    ],
    ['codes shown twice', { walletCents: 3_600, extraUses: 5 }, [7, 3_500, 1_440, null]],
    [
      'as often as may be',
      { walletCents: 9_999, extraUses: 12 },
      [0, 3_500, 1_440, 'CODES_COPIED'],
    ],
    [
      'a debt beyond it',
      { enrolledBy: 'deposit', debtCents: 901 },
      [0, 0, 1_440, 'NOTHING_BEHIND'],
    ],
  ])('%s behind it', (_name, standing, expected) => {
    expect(offer(standing)).toEqual(expected);
  });

  test('in a currency of large numbers the ceiling is cut, never rounded up', () => {
    const pass = { ...PASS, ceilingExponent: 2 };
    const standing = {
      walletCents: 1_999,
      debtCents: 0,
      enrolledBy: 'open',
      pendingRides: 0,
      extraUses: 0,
    } as const;
    expect(offerPass(standing, { pass, offline: OFFLINE })).toMatchObject({ ceiling: 19 });
  });

  test('rides at what one counts as never cost more than stands behind them', () => {
    const cents = fc.integer({ min: 0, max: 100_000 });
    const kind = fc.constantFrom(...ENROLMENT_KINDS);
    fc.assert(
      fc.property(cents, cents, kind, (walletCents, debtCents, enrolledBy) => {
        const standing = { walletCents, debtCents, enrolledBy, pendingRides: 0, extraUses: 0 };
        const { allowance, ceiling } = offerPass(standing, { pass: PASS, offline: OFFLINE });
        const behind = Math.max(0, walletCents + OFFLINE.creditCents[enrolledBy] - debtCents);
        return allowance * OFFLINE.rideCents <= behind && ceiling <= behind && allowance <= 12;
      }),
    );
  });
});

test('extra uses are forgotten after their time', () => {
  const atMs = [0, 1, 2];
  expect(countExtraUses(atMs, 2)).toBe(3);
  expect(countExtraUses(atMs, EXTRA_USE_MS - 1)).toBe(3);
  expect(countExtraUses(atMs, EXTRA_USE_MS)).toBe(2);
  expect(countExtraUses(atMs, EXTRA_USE_MS + 2)).toBe(0);
});

test('so many issues are good at a time, and no more', () => {
  const may = (hasRides: boolean) => (open: number) => mayIssue(open, { ...OFFLINE, hasRides });
  expect([0, 7, 8, 9].map(may(true))).toEqual([true, true, false, false]);
  expect([0, 8, 15, 16].map(may(false))).toEqual([true, true, true, false]);
});

test('who is verified has paid in, and who has paid in was invited, as far as policies go', () => {
  const kinds = (least: (typeof ENROLMENT_KINDS)[number]) =>
    ENROLMENT_KINDS.filter((kind) => isKindEnough(kind, { least })).join(' ');
  expect(ENROLMENT_KINDS.map(kinds)).toEqual([
    'open invite deposit verified',
    'invite deposit verified',
    'deposit verified',
    'verified',
  ]);
});
