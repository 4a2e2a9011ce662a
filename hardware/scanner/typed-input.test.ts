/** What each typed line means. */
import { expect, test } from 'vitest';
import { readTyped } from './typed-input.ts';

test.each([
  ['', undefined],
  ['TC1: A ', { do: 'play', text: 'TC1: A ', misbehaviour: {} }],
  ['/quit', { do: 'quit' }],
  ['/unplug', { do: 'unplug' }],
  ['/replug', { do: 'replug' }],
  ['/double  A B', { do: 'play', text: ' A B', misbehaviour: { double: true } }],
  ['/noisewithin X', { do: 'play', text: 'X', misbehaviour: { noiseWithinBytes: 8 } }],
  ['/endless 10', { do: 'play', text: '', misbehaviour: { endlessBytes: 10 } }],
  ['/endless lots', { do: 'play', text: '', misbehaviour: { endlessBytes: 4_096 } }],
  ['/endless 99999999999', { do: 'play', text: '', misbehaviour: { endlessBytes: 2 ** 30 } }],
  ['/picture \xc3\xa9.png', { do: 'picture', file: 'é.png' }],
  ['/toString', { do: 'help' }],
  ['/', { do: 'help' }],
])('%j', (typed, command) => {
  expect(readTyped(typed)).toEqual(command);
});
