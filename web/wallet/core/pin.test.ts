/** A PIN's tries: three at once, then growing pauses, then none. */
import { expect, test } from 'vitest';
import { isPin, isPinOver, pinWaitMs, WRONG_MAX } from './pin.ts';

test('waits double from the third wrong one on', () => {
  const waits = Array.from({ length: WRONG_MAX }, (_, wrong) =>
    pinWaitMs({ wrong, lastAtMs: 1_000 }, 1_000),
  );
  expect(waits.map((ms) => ms / 1000)).toEqual([0, 0, 0, 30, 60, 120, 240, 480, 960, 1920]);
});

test('a wait passes, and a clock that is turned back makes it neither shorter nor endless', () => {
  const tries = { wrong: 3, lastAtMs: 1_000_000 };
  expect(pinWaitMs(tries, 1_000_000 + 29_999)).toBe(1);
  expect(pinWaitMs(tries, 1_000_000 + 30_000)).toBe(0);
  expect(pinWaitMs(tries, 0)).toBe(30_000);
});

test('ten wrong ones in a row are the last', () => {
  expect([9, 10].map((wrong) => isPinOver({ wrong }))).toEqual([false, true]);
});

test.each([
  ['1234', true],
  ['123456789012', true],
  ['123', false],
  ['1234567890123', false],
  ['12a4', false],
  ['', false],
])('%j is a PIN: %s', (text, good) => {
  expect(isPin(text)).toBe(good);
});
