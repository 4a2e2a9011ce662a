/** The table of reasons: named once, each with lines for a display. */
import { expect, test } from 'vitest';
import { REASON_WORDS, REASONS } from './reasons.ts';

test('every reason has two lines that a 2 × 20 display of ASCII can show', () => {
  expect(Object.keys(REASON_WORDS).toSorted()).toEqual([...REASONS].toSorted());
  for (const words of Object.values(REASON_WORDS)) {
    for (const line of words) expect(line).toMatch(/^[\x20-\x7e]{1,20}$/);
  }
});

test('a reason is named once', () => {
  expect(new Set(REASONS).size).toBe(REASONS.length);
});
