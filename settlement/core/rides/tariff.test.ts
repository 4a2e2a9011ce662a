/** Which fare a tap owes, and which fares a list carries. */
import { expect, test } from 'vitest';
import { type ClockQuality, fareOfTap, publishableFares } from './tariff.ts';

const LINES = [
  { line: 'M1', fareCents: 200, fromS: 0 },
  { line: 'M1', fareCents: 250, fromS: 100 },
  { line: 'M2', fareCents: 300, fromS: 50 },
];
const GATE_LINES = [
  { line: 'M1', fromMs: 0 },
  { line: 'M2', fromMs: 200_000 },
];

test.each<[string, string, number, ClockQuality, number | undefined]>([
  ['before a change', 'M1', 99_999, 'TRUSTED', 200],
  ['in the second of the change', 'M1', 100_000, 'TRUSTED', 250],
  ['at a line where the gate does not stand yet', 'M2', 199_999, 'TRUSTED', undefined],
  ['at the new line', 'M2', 200_000, 'HOLDOVER', 300],
  ['at the line that the gate has left', 'M1', 200_000, 'TRUSTED', undefined],
  ['at a line without any fare', 'M9', 0, 'TRUSTED', undefined],
  ['at the new line by a clock that was not set', 'M2', 60_000, 'UNKNOWN', 300],
  ['at a line where it never stood, clock or not', 'M9', 0, 'UNKNOWN', undefined],
])('the fare %s', (_name, line, atMs, clock, fare) => {
  expect(fareOfTap({ line, atMs, clock }, { gateLines: GATE_LINES, lineFares: LINES })).toBe(fare);
});

test('a fare from the future is not applied', () => {
  const lines = [{ line: 'M2', fareCents: 300, fromS: 500 }];
  const tap = { line: 'M2', atMs: 499_999, clock: 'TRUSTED' as const };
  expect(fareOfTap(tap, { gateLines: GATE_LINES, lineFares: lines })).toBeUndefined();
});

test('a list carries the fare in force of each line and those to come, not history', () => {
  const all = [
    ...LINES,
    { line: 'M1', fareCents: 270, fromS: 900 },
    { line: 'M1', fareCents: 280, fromS: 900 },
  ];
  expect(publishableFares(all, 500)).toEqual([
    { line: 'M1', fareCents: 250, fromS: 100 },
    { line: 'M2', fareCents: 300, fromS: 50 },
    { line: 'M1', fareCents: 280, fromS: 900 },
  ]);
});
