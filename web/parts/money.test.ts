/** Amounts as people type them: what is read, and what is not guessed. */
import { expect, test } from 'vitest';
import { readMoney } from './money.ts';

test.each([
  ['12', 1_200],
  ['12.5', 1_250],
  ['12,50', 1_250],
  [' 0.01 ', 1],
  ['007', 700],
  ['100000', 10_000_000],
])('%j is %i cents', (text, cents) => {
  expect(readMoney(text)).toBe(cents);
});

test.each([
  '',
  '0',
  '0,00',
  '2.614',
  '1e2',
  '0x10',
  '-1',
  '+1',
  '1.',
  '.5',
  '1.000,00',
  '1 000',
  '12.50.1',
  '\uFF11\uFF12',
  '100000.01',
  'Infinity',
])('%j is no amount', (text) => {
  expect(readMoney(text)).toBeUndefined();
});
