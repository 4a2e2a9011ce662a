/** Seeded chance draws the same again. */
import { expect, test } from 'vitest';
import { randomDigits, systemRandom } from './random.ts';
import { createSeededRandom } from './seeded-random.ts';

test.each([
  ['the system', systemRandom],
  ['a seed', createSeededRandom(7)],
])(
  '%s draws bytes, hex, fractions, whole numbers and digits within their bounds',
  (_name, random) => {
    expect(random.bytes(5)).toHaveLength(5);
    expect(random.hex(5)).toMatch(/^[0-9a-f]{10}$/);
    expect(randomDigits(random, 8)).toMatch(/^\d{8}$/);
    const drawn = Array.from({ length: 500 }, () => ({
      fraction: random.fraction(),
      below: random.below(3),
    }));
    expect(drawn.every(({ fraction }) => fraction >= 0 && fraction < 1)).toBe(true);
    expect(new Set(drawn.map(({ below }) => below))).toEqual(new Set([0, 1, 2]));
    expect(new Set(drawn.map(({ fraction }) => fraction)).size).toBeGreaterThan(400);
  },
);

test('the same seed draws the same again, another seed something else', () => {
  const draw = (seed: number) => createSeededRandom(seed).hex(16);
  expect(draw(1)).toBe(draw(1));
  expect(draw(1)).not.toBe(draw(2));
});
