/** The till's pure parts: the keypad, and what was scanned. */

import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Key, keyOf, pressKey } from './amount.ts';
import { readScanned } from './scanned.ts';

describe('the amount', () => {
  test.each<[Key[], number]>([
    [['1', '2', '5', '0'], 1_250],
    [['3', '00'], 300],
    [['0', '0', '7'], 7],
    [['1', '2', 'back'], 1],
    [['9', '9', 'clear', '5'], 5],
    [['back'], 0],
  ])('after %j is %i cents', (keys, cents) => {
    expect(keys.reduce(pressKey, 0)).toBe(cents);
  });

  test('never passes what one payment may be, whatever is pressed', () => {
    const keys: Key[] = ['0', '1', '9', '00', 'back', 'clear'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...keys), { maxLength: 40 }), (pressed) => {
        const cents = pressed.reduce(pressKey, 0);
        expect(Number.isSafeInteger(cents) && cents >= 0 && cents <= AMOUNT_CENTS_MAX).toBe(true);
      }),
    );
  });

  test.each([
    ['7', '7'],
    ['Backspace', 'back'],
    ['Escape', 'clear'],
    ['Enter', undefined],
    ['a', undefined],
  ])('key %s means %s', (name, key) => {
    expect(keyOf(name)).toBe(key);
  });
});

test.each([
  ['71000123454611924629', 'code'],
  ['7200 0123 4546 1192 4637', 'code'],
  [']C071000123454611924629', 'code'],
  ['\\00002671000123454611924629', 'code'],
  ['７１０００１２３４５４６１１９２４６２９', 'code'],
  [']Q1TC1:2127', 'transit'],
  ['7200 0123 4546 1129 4637', 'misread'],
  ['7100012345461192462', 'misread'],
  ['710001234546119246290', 'misread'],
  ['73000123454611924', 'unknown'],
  ['TC1:2127', 'transit'],
  ['', 'unknown'],
])('%j is %s', (text, kind) => {
  expect(readScanned(text).kind).toBe(kind);
});
