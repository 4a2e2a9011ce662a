/** What the wallet says: the same things in each language, whole, and a refusal in words. */
import { expect, test } from 'vitest';
import { ApiRefusal, Unreachable } from '../../parts/api.ts';
import { ALL_LANGUAGES } from '../../parts/languages.ts';
import { sentences } from '../../testing/sentences.ts';
import { failureText, WORDS } from './words.ts';

const english = sentences(WORDS.en);
const others = ALL_LANGUAGES.filter((name) => name !== 'en').map((name) => ({
  name,
  said: new Map(sentences(WORDS[name])),
}));

test.each(others)('$name says the same things as English', ({ said }) => {
  expect([...said.keys()].sort()).toEqual(english.map(([name]) => name).sort());
});

test.each(others)('in $name nothing is left unsaid, half said, or in English', ({ said }) => {
  for (const [name, text] of [...english, ...said]) {
    expect(text, name).toMatch(/\S/);
    expect(text, name).not.toMatch(/undefined|\[object/);
  }
  const same = english.filter(([name, text]) => said.get(name) === text && text.includes(' '));
  expect(same).toEqual([]);
});

test.each([
  [45, '45 seconds', '45 Sekunden', '45 secondes'],
  [119, '119 seconds', '119 Sekunden', '119 secondes'],
  [600, '10 minutes', '10 Minuten', '10 minutes'],
  [7_200, '2 hours', '2 Stunden', '2 heures'],
])('%i s are said as people say them', (seconds, en, de, fr) => {
  expect(WORDS.en.duration(seconds)).toBe(en);
  expect(WORDS.de.duration(seconds)).toBe(de);
  expect(WORDS.fr.duration(seconds)).toBe(fr);
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
