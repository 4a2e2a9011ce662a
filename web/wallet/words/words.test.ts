/** What the wallet says: the same things in each language, whole, and a refusal in words. */
import { expect, test } from 'vitest';
import { ApiRefusal, Unreachable } from '../../parts/api.ts';
import { failureText, WORDS } from './words.ts';

/** What any of the sentences that take an argument can be given. */
const ARGUMENT = { toString: () => '7', example: 'x', decimals: 2, most: 'x' };

/** Every sentence of a language, with its name; those that take an argument are given one. */
function sentences(of: object, path = ''): [string, string][] {
  return Object.entries(of).flatMap(([name, value]): [string, string][] => {
    const at = `${path}${name}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value === 'function') return [[at, String(value(ARGUMENT, 'x'))]];
    return sentences(value, `${at}.`);
  });
}

const english = sentences(WORDS.en);
const german = new Map(sentences(WORDS.de));

test('each language says the same things', () => {
  expect([...german.keys()].sort()).toEqual(english.map(([name]) => name).sort());
});

test('nothing is left unsaid, or half said', () => {
  for (const [name, text] of [...english, ...german]) {
    expect(text, name).toMatch(/\S/);
    expect(text, name).not.toMatch(/undefined|\[object/);
  }
});

test('nothing longer than a word is left in English', () => {
  const same = english.filter(([name, text]) => german.get(name) === text && text.includes(' '));
  expect(same).toEqual([]);
});

test.each([
  [45, '45 seconds', '45 Sekunden'],
  [119, '119 seconds', '119 Sekunden'],
  [600, '10 minutes', '10 Minuten'],
  [7_200, '2 hours', '2 Stunden'],
])('%i s are said as people say them', (seconds, en, de) => {
  expect(WORDS.en.duration(seconds)).toBe(en);
  expect(WORDS.de.duration(seconds)).toBe(de);
});

test('a refusal is said in the rider’s words, an unknown one in settlement’s, silence as silence', () => {
  const text = (error: unknown) => failureText(error, WORDS.en);
  expect(text(new ApiRefusal({ status: 404, code: 'ORDER_UNKNOWN', message: 'x' }))).toBe(
    'There is no such order.',
  );
  expect(text(new ApiRefusal({ status: 400, code: 'NEWLY_MADE', message: 'it is so' }))).toBe(
    'The operator refused: it is so',
  );
  expect(text(new Unreachable('x'))).toMatch(/^No answer/);
});
