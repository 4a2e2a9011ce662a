/** A PIN's tries: three at once, then growing pauses, then none. */
import { expect, test } from 'vitest';
import { isPin, isPinOver, pinWaitMs, seeTry, sinceTryMs, WRONG_MAX } from './pin.ts';

test('waits double from the third wrong one on', () => {
  const waits = Array.from({ length: WRONG_MAX }, (_, wrong) => pinWaitMs({ wrong }, 0));
  expect(waits.map((ms) => ms / 1000)).toEqual([0, 0, 0, 30, 60, 120, 240, 480, 960, 1920]);
});

test('a wait passes, and is never longer than its pause', () => {
  expect(pinWaitMs({ wrong: 3 }, 29_999)).toBe(1);
  expect(pinWaitMs({ wrong: 3 }, 30_000)).toBe(0);
  expect(pinWaitMs({ wrong: 3 }, -1)).toBe(30_000);
});

const YEAR_MS = 365 * 86_400_000;

test.each<[string, { wallMs: number; pageMs: number }, number]>([
  ['goes right', { wallMs: 10_000, pageMs: 10_000 }, 10_000],
  ['is moved a year ahead', { wallMs: YEAR_MS, pageMs: 10_000 }, 10_000],
  ['is moved a year back', { wallMs: -YEAR_MS, pageMs: 10_000 }, 10_000],
])('in one page a clock that %s makes a wait neither shorter nor longer', (_what, of, sinceMs) => {
  const tries = { wrong: 3, lastAtMs: 5_000 };
  const seen = seeTry(tries, { wallMs: 5_000, monoMs: 70 });
  const now = { wallMs: 5_000 + of.wallMs, monoMs: 70 + of.pageMs };
  expect(sinceTryMs(tries, { seen, now })).toBe(sinceMs);
});

test('a try of the future, seen by another page, counts from when that sees it', () => {
  const tries = { wrong: 3, lastAtMs: YEAR_MS };
  const seen = seeTry(tries, { wallMs: 1_000, monoMs: 5 });
  expect(sinceTryMs(tries, { seen, now: { wallMs: 21_000, monoMs: 20_005 } })).toBe(20_000);
});

test('a try of before, seen by another page, has waited meanwhile; one more begins anew', () => {
  const seen = seeTry({ wrong: 3, lastAtMs: 1_000 }, { wallMs: 26_000, monoMs: 0 });
  const now = { wallMs: 26_000, monoMs: 0 };
  expect(sinceTryMs({ wrong: 3, lastAtMs: 1_000 }, { seen, now })).toBe(25_000);
  expect(sinceTryMs({ wrong: 4, lastAtMs: 26_000 }, { seen, now })).toBe(0);
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
