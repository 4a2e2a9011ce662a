/** Which online key signs when, when the next is due, and that nothing signs past an end. */
import { expect, test } from 'vitest';
import { findOnlineKey, nextOnlineNumber, onlineKeyNeed, onlineKeyState } from './online-keys.ts';

const key = (number: number, [notBeforeS, notAfterS]: [number, number]) => {
  return { number, notBeforeS, notAfterS };
};
const KEYS = [key(1, [0, 1_000]), key(2, [500, 2_000])];

test.each([
  [0, 0, 1],
  [0, 499, 1],
  [0, 500, 2],
  [0, 2_000, 2],
  [0, 2_001, undefined],
  [2, 499, undefined],
  [2, 500, 2],
  [3, 500, undefined],
])('with floor %i at %i key %s signs', (floor, atS, number) => {
  expect(findOnlineKey(KEYS, { floor, atS })?.number).toBe(number);
  expect(findOnlineKey([...KEYS].reverse(), { floor, atS })?.number).toBe(number);
});

test('a number is never given twice, nor one that was ended', () => {
  expect(nextOnlineNumber([], 0)).toBe(1);
  expect(nextOnlineNumber(KEYS, 0)).toBe(3);
  expect(nextOnlineNumber(KEYS, 9)).toBe(9);
});

test.each([
  ['far from its end', 0, 1_000, { isDue: false, endsAtS: 2_000 }],
  ['as near as the warning', 0, 1_900, { isDue: true, endsAtS: 2_000 }],
  ['just before that', 0, 1_899, { isDue: false, endsAtS: 2_000 }],
  ['past all ends', 0, 2_001, { isDue: true, endsAtS: null }],
  ['all have been ended', 3, 600, { isDue: true, endsAtS: null }],
  ['the one that is left waits', 2, 400, { isDue: true, endsAtS: null }],
])('what is needed when it is %s', (_what, floor, atS, need) => {
  expect(onlineKeyNeed(KEYS, { floor, atS, warnS: 100 })).toEqual(need);
});

const FAR = key(9, [9_000, 9_999]);
test.each([
  ['begins after a gap', [key(1, [0, 1_000]), FAR], 500, { isDue: false, endsAtS: 1_000 }],
  [
    'begins after a gap that is near',
    [key(1, [0, 1_000]), FAR],
    950,
    { isDue: true, endsAtS: 1_000 },
  ],
  [
    'begins after a gap that is here',
    [key(1, [0, 1_000]), FAR],
    1_001,
    { isDue: true, endsAtS: null },
  ],
  [
    'begins after a gap that is over',
    [key(1, [0, 1_000]), FAR],
    9_000,
    { isDue: false, endsAtS: 9_999 },
  ],
  [
    'begins two seconds after the end',
    [key(1, [0, 1_000]), key(2, [1_002, 2_000])],
    950,
    { isDue: true, endsAtS: 1_000 },
  ],
  [
    'begins the second after the end',
    [key(1, [0, 1_000]), key(2, [1_001, 2_000])],
    950,
    { isDue: false, endsAtS: 2_000 },
  ],
  [
    'is the third of a chain, told in no order',
    [key(3, [1_500, 3_000]), key(1, [0, 1_000]), key(2, [900, 1_600])],
    950,
    { isDue: false, endsAtS: 3_000 },
  ],
  [
    'ends before an older one',
    [key(1, [0, 2_000]), key(2, [100, 300])],
    200,
    { isDue: false, endsAtS: 2_000 },
  ],
])('what is needed if a key %s', (_what, keys, atS, need) => {
  expect(onlineKeyNeed(keys, { floor: 0, atS, warnS: 100 })).toEqual(need);
  expect(onlineKeyNeed([...keys].reverse(), { floor: 0, atS, warnS: 100 })).toEqual(need);
});

test('of a key that lives shorter than the warning half its life is early enough', () => {
  expect(onlineKeyNeed([key(1, [0, 100])], { floor: 0, atS: 49, warnS: 1_000 }).isDue).toBe(false);
  expect(onlineKeyNeed([key(1, [0, 100])], { floor: 0, atS: 50, warnS: 1_000 }).isDue).toBe(true);
});

test.each([
  [1, 0, 600, 'good'],
  [2, 0, 600, 'signs'],
  [2, 0, 400, 'waits'],
  [1, 0, 1_001, 'ended'],
  [1, 2, 600, 'revoked'],
])('key %i with floor %i at %i: %s', (number, floor, atS, state) => {
  const found = KEYS.find((one) => one.number === number) ?? key(0, [0, 0]);
  const signing = findOnlineKey(KEYS, { floor, atS })?.number;
  expect(onlineKeyState(found, { floor, atS, signing })).toBe(state);
});
