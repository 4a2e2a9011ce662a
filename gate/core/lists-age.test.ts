/** The ladder behind an old deny list: which passes still open, step by step, to the second. */
import { expect, test } from 'vitest';
import { listsStageAt, refuseOldLists } from './lists-age.ts';

const T = 1_772_438_400;
const RULES = { maxListAgeS: 100, closeListAgeS: 1_000 };

test.each([
  ['fresh', 100, 5_000, 'FRESH', undefined],
  ['old, the pass older', 101, 101, 'STALE', 'LISTS_STALE'],
  ['old, the pass given out lately', 101, 100, 'STALE', undefined],
  ['very old', 1_000, 0, 'STALE', undefined],
  ['too old for any pass', 1_001, 0, 'EXPIRED', 'LISTS_EXPIRED'],
] as const)('a list that is %s', (_name, ageS, passAgeS, stage, reason) => {
  const of = { denyAtS: T - ageS, nowS: T, issuedAtS: T - passAgeS };
  expect(listsStageAt(of, RULES)).toBe(stage);
  expect(refuseOldLists(of, RULES)).toBe(reason);
});

test('without any deny list nothing opens; without the rule everything does', () => {
  const of = { denyAtS: 0, nowS: T, issuedAtS: T };
  expect(listsStageAt(of, RULES)).toBe('NONE');
  expect(refuseOldLists(of, RULES)).toBe('LISTS_EXPIRED');
  expect(refuseOldLists({ ...of, denyAtS: 1 }, { ...RULES, maxListAgeS: 0 })).toBeUndefined();
});

test('a second step before the first counts as one with it', () => {
  const of = { denyAtS: T - 101, nowS: T, issuedAtS: T };
  expect(refuseOldLists(of, { maxListAgeS: 100, closeListAgeS: 60 })).toBe('LISTS_EXPIRED');
});
