/** Operators as facts and changes: what a new one, an end and a rotation do to tokens. */
import { expect, test } from 'vitest';
import {
  decideOperator,
  decideOperatorEnd,
  decideTokenRotation,
  isGoodToken,
  mayAct,
  ROOT,
  ROTATION_MS,
} from './operators.ts';

const nowMs = 1_000_000;
const vera = { name: 'Vera', role: 'OPERATOR', endedAtMs: null } as const;
const old = { tokenHash: 'old', endsAtMs: nowMs + 9 * ROTATION_MS };
const rotated = { tokenHash: 'rotated', endsAtMs: nowMs + 1 };
const fresh = { tokenHash: 'new', endsAtMs: nowMs + 90, nowMs };
const byOld = { byTokenHash: 'old', ...fresh };
const added = { kind: 'addOperatorToken', name: 'Vera', tokenHash: 'new', endsAtMs: nowMs + 90 };

test('who is named again gets another token, and those before end at once', () => {
  const request = { name: 'Vera', role: 'ADMIN', ...fresh } as const;
  expect(decideOperator({ operator: vera, tokens: [old] }, request)).toEqual({
    changes: [
      { kind: 'setOperator', name: 'Vera', role: 'ADMIN', atMs: nowMs },
      { kind: 'setOperatorTokenEnd', tokenHash: 'old', endsAtMs: nowMs },
      { ...added, atMs: nowMs },
    ],
    result: true,
  });
});

test('nobody is called root besides the token of the data directory', () => {
  const request = { name: ROOT, role: 'READER', ...fresh } as const;
  const facts = { operator: null, tokens: [] };
  expect(decideOperator(facts, request)).toEqual({ changes: [], result: false });
});

test('a rotation leaves the token before for a short time, and never for longer than it had', () => {
  expect(decideTokenRotation({ operator: vera, tokens: [old, rotated] }, byOld).changes).toEqual([
    { kind: 'setOperatorTokenEnd', tokenHash: 'old', endsAtMs: nowMs + ROTATION_MS },
    { ...added, atMs: nowMs },
  ]);
});

test('who has ended has no token, gets none, and cannot end again', () => {
  const end = { name: 'Vera', nowMs };
  expect(decideOperatorEnd({ operator: vera, tokens: [old] }, end).changes).toEqual([
    { kind: 'endOperator', name: 'Vera', atMs: nowMs },
    { kind: 'setOperatorTokenEnd', tokenHash: 'old', endsAtMs: nowMs },
  ]);
  const ended = { operator: { ...vera, endedAtMs: 1 }, tokens: [] };
  expect(decideOperatorEnd(ended, end)).toEqual({ changes: [], result: true });
  expect(decideTokenRotation(ended, byOld)).toEqual({ changes: [], result: 'unknown' });
});

test.each([
  ['old', 'rotated'],
  ['rotated', 'replaced'],
  ['of nobody', 'unknown'],
])('a rotation by the token %s: %s', (byTokenHash, result) => {
  const facts = { operator: vera, tokens: [rotated, old] };
  const decision = decideTokenRotation(facts, { byTokenHash, ...fresh });
  expect(decision.result).toBe(result);
  expect(decision.changes.length > 0).toBe(result === 'rotated');
});

test.each([
  [null, nowMs + 1, true],
  [null, nowMs, false],
  [1, nowMs + 1, false],
])('ended %s, token ends %s: good %s', (endedAtMs, endsAtMs, isGood) => {
  expect(isGoodToken({ endedAtMs, endsAtMs }, nowMs)).toBe(isGood);
});

test.each([
  ['READER', 'READER', true],
  ['READER', 'OPERATOR', false],
  ['OPERATOR', 'ADMIN', false],
  ['OPERATOR', 'READER', true],
  ['ADMIN', 'OPERATOR', true],
] as const)('%s where %s is needed: %s', (role, needed, may) => {
  expect(mayAct(role, needed)).toBe(may);
});
