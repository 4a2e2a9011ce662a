/** What a scanner puts before a code goes; of the code itself nothing does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanPrefixCharsAtEnd, withoutScanPrefix } from './scan-prefix.ts';

const CODE = '71000123454611924629';

test.each([
  [']C0', 'Code 128'],
  [']C1', 'GS1-128'],
  [']Q1', 'QR code'],
  [']Q3', 'QR code with GS1 data'],
  [']E4', 'EAN-8'],
  ['\\000026', 'a QR code in UTF-8'],
  [']Q2\\000026', 'both'],
  ['', 'nothing'],
])('%j (%s) is taken off', (prefix) => {
  expect(withoutScanPrefix(prefix + CODE)).toBe(CODE);
  expect(scanPrefixCharsAtEnd(prefix)).toBe(prefix.length);
  expect(scanPrefixCharsAtEnd(`250${prefix}`)).toBe(prefix.length);
});

test.each([
  [']', `]${CODE}`.slice(0, 3)],
  ['a backslash with five digits', `\\00026TC1:`],
  ['a prefix behind the code', `${CODE}]C0`],
  ['a second one', `TC1:]C0`],
])('%s stays', (_name, text) => {
  expect(withoutScanPrefix(text)).toBe(text);
});

test('a text of the characters of our codes loses nothing', () => {
  const ours = fc.string({
    unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(ours, (text) => {
      expect(withoutScanPrefix(text)).toBe(text);
      expect(scanPrefixCharsAtEnd(text)).toBe(0);
    }),
  );
});
