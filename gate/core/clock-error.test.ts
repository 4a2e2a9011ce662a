/** The bounds of a clock's error hold whatever share of the exchange came before the signature. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockErrorOf, isNews } from './clock-error.ts';

test('the true error is always inside, and the bounds are as far apart as the exchange was long', () => {
  const ms = fc.integer({ min: 0, max: 30_000 });
  fc.assert(
    fc.property(ms, ms, fc.integer({ min: -1e9, max: 1e9 }), (thereMs, backMs, errorMs) => {
      const signedMs = 2e12;
      const wallMs = signedMs + backMs + errorMs;
      const { minMs, maxMs } = clockErrorOf({ wallMs, signedMs, roundTripMs: thereMs + backMs });
      expect(minMs).toBeLessThanOrEqual(errorMs);
      expect(maxMs).toBeGreaterThanOrEqual(errorMs);
      expect(maxMs - minMs).toBe(thereMs + backMs);
    }),
  );
});

test.each([
  ['the first', null, { minMs: 0, maxMs: 9 }, true],
  ['one that may be the same', { minMs: 0, maxMs: 50 }, { minMs: 40, maxMs: 90 }, false],
  [
    'a second beyond what was possible',
    { minMs: 0, maxMs: 50 },
    { minMs: 1_051, maxMs: 2_000 },
    true,
  ],
  ['a second before it', { minMs: 0, maxMs: 50 }, { minMs: -9_000, maxMs: -1_001 }, true],
])('%s is news or not', (_name, before, now, expected) => {
  expect(isNews(before, now)).toBe(expected);
});
