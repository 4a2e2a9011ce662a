/** What the till says: the same things in each language, whole. */
import { expect, test } from 'vitest';
import { ALL_LANGUAGES } from '../../parts/languages.ts';
import { sentences } from '../../testing/sentences.ts';
import { WORDS } from './words.ts';

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
