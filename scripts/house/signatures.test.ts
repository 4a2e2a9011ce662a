/** Two parameters by position, the rest by name. */
import { expect, test } from 'vitest';
import { findLongSignatures } from './signatures.ts';
import { findAmong } from './syntax.ts';
import { sources } from './tree.ts';

test('no function takes more than two values by position', () => {
  expect(findAmong(sources, findLongSignatures)).toEqual([]);
});

const THREE = [
  'function pay(a: string, b: string, c: string) {}',
  'const pay = (a: string, b: string, cents = 5) => cents;',
  'const pay = (a: string, ...rest: string[]) => (b: string, c: string, d: Date) => 5;',
  'class Till { pay(a: string, b: string, c: () => void) {} }',
  'class Till { constructor(a: string, b: string, c: string[]) {} }',
  'type Pay = (a: string, b: string, c: string) => void;',
  'type Till = { pay(a: string, b: string, c: number): void };',
  'export function pay(a: string, b: string, { c }: { c: string }, d: string) {}',
  'const till = { pay(a: string, b: string, c: string) {} };',
];
test.each(THREE)('refused: %s', (code) => {
  expect(findLongSignatures(code)).toHaveLength(1);
});

const NAMED = [
  'function pay(a: string, b: string, { c, d }: { c: string; d: string }) {}',
  'function pay(a: string, b: string, { c }: Options = {}) {}',
  'type Pay = (a: string, b: string, more: { c: string }) => void;',
  'function step(state: State, event: Event, context: GateContext) {}',
  'list.reduce((sum, one, index) => sum + one * index, 0);',
  'new Writable({ write(chunk, encoding, done) { done(); } });',
  'class Sink extends Writable { override write(chunk: string, b: string, c: () => void) {} }',
];
test.each(NAMED)('allowed: %s', (code) => {
  expect(findLongSignatures(code)).toEqual([]);
});
