/** Against what gates hold: what is later, what they refuse, and above what the next numbers lie. */
import { describe, expect, test } from 'vitest';
import {
  HELD_NUMBER_MAX,
  isLaterRoot,
  onlineNumberAbove,
  refusesKey,
  statementsAbove,
} from './root-floor.ts';

const own = { generation: 2, number: 5, floor: 7 };
const held = (generation: number, says: { number: number; floor: number }) => ({
  generation,
  ...says,
});
const key = (number: number) => ({ number, notBeforeS: 0, notAfterS: 1 });

describe('what a gate holds', () => {
  test.each([
    [held(2, { number: 5, floor: 7 }), { isLater: false, refuses: false }],
    [held(1, { number: 99, floor: 99 }), { isLater: false, refuses: false }],
    [held(2, { number: 6, floor: 8 }), { isLater: true, refuses: false }],
    [held(2, { number: 6, floor: 9 }), { isLater: true, refuses: true }],
    [held(3, { number: 1, floor: 0 }), { isLater: true, refuses: true }],
    [held(2, { number: HELD_NUMBER_MAX + 1, floor: 9 }), { isLater: false, refuses: false }],
    [held(2, { number: 6, floor: HELD_NUMBER_MAX + 1 }), { isLater: false, refuses: false }],
  ])('%j', (one, { isLater, refuses }) => {
    expect(isLaterRoot(one, own)).toBe(isLater);
    expect(refusesKey(one, { own, key: 8 })).toBe(refuses);
  });
});

describe('the next numbers', () => {
  test('are the next ones if nothing was lost', () => {
    const facts = {
      held: [held(2, { number: 5, floor: 7 }), held(1, { number: 9, floor: 9 })],
      restoredS: 0,
    };
    expect(statementsAbove(own, facts)).toEqual({ generation: 2, statement: 0 });
    expect(onlineNumberAbove([key(8)], { own, facts })).toBe(9);
  });

  test('lie above what gates hold, with room for the keys of the lost time', () => {
    const facts = {
      held: [held(2, { number: 6, floor: 9 }), held(3, { number: 2, floor: 40 })],
      restoredS: 0,
    };
    expect(statementsAbove(own, facts)).toEqual({ generation: 3, statement: 6 });
    expect(onlineNumberAbove([key(8)], { own, facts })).toBe(1_000_040);
  });

  test('go on at the second of the restore, so that a second restore lies above the first', () => {
    const facts = { held: [], restoredS: 1_800_000_000 };
    expect(statementsAbove(own, facts)).toEqual({ generation: 2, statement: 1_800_000_000 });
    expect(onlineNumberAbove([key(8)], { own, facts })).toBe(1_800_000_000);
    expect(onlineNumberAbove([key(1_800_000_000)], { own, facts })).toBe(1_800_000_001);
  });
});
