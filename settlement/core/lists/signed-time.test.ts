/** Which time settlement signs when its clock is right, slips, jumps, or falls back. */
import { expect, test } from 'vitest';
import { isConfirmed, judgeTime, type LastTime } from './signed-time.ts';

const DAY_S = 86_400;
const T = 1_772_438_400;
const here = (elapsedS: number): LastTime => ({ atS: T, elapsedS, wasOurs: true });
const before: LastTime = { atS: T, elapsedS: 5, wasOurs: false };

test.each<[string, LastTime | undefined, number, number]>([
  ['nothing was ever signed', undefined, T - 99 * DAY_S, T - 99 * DAY_S],
  ['what has passed is what was counted', here(50 * DAY_S), T + 50 * DAY_S, T + 50 * DAY_S],
  ['the clock was put right by minutes', here(100), T + 100 + 600, T + 700],
  ['the clock fell back a little: signed time waits for it', here(0), T - 600, T],
  ['settlement was down for a night', before, T + DAY_S / 2, T + DAY_S / 2],
])('a clock is believed when %s', (_name, last, wallS, atS) => {
  expect(judgeTime({ wallS, last, jumpSMax: DAY_S })).toEqual({ atS, doubt: null });
});

test.each<[string, LastTime, number, number]>([
  ['it jumps ahead while settlement runs', here(60), T + 30 * DAY_S, T + 60],
  ['it is 30 days ahead at a start', before, T + 30 * DAY_S, T + 5],
  ['it falls back while settlement runs', here(3_600), T, T + 3_600],
  ['it is behind what was signed before this start', before, T - DAY_S, T + 5],
])('the last signed time goes on when %s', (_name, last, wallS, atS) => {
  const time = judgeTime({ wallS, last, jumpSMax: DAY_S });
  expect(time).toEqual({ atS, doubt: { wallS, expectedS: atS } });
});

test('an operator confirms a clock that is right by the minute, and no other', () => {
  expect(isConfirmed({ wallS: T, statedS: T - 300 })).toBe(true);
  expect(isConfirmed({ wallS: T + 30 * DAY_S, statedS: T })).toBe(false);
});
