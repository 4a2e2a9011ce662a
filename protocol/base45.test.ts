/** Strict Base45, held against RFC 9285's examples and against a published library. */
import { decode as oracleDecode, encode as oracleEncode } from '@digitalbazaar/base45';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase45, encodeBase45 } from './base45.ts';
import { toHex, utf8 } from './bytes.ts';

const ALPHABET = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'];
const anyBytes = fc.uint8Array({ maxLength: 300 });
/** Mostly from the alphabet, so that groups out of range and odd lengths are tried, too. */
const nearlyBase45 = fc.string({
  unit: fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...ALPHABET) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
  maxLength: 40,
});

function oracle(text: string): string {
  // The library's table wraps at 256 characters, so what is not ASCII is answered for it.
  if ([...text].some((char) => (char.codePointAt(0) ?? 0) > 127)) return 'refused';
  try {
    return toHex(oracleDecode(text));
  } catch {
    return 'refused';
  }
}

test.each([
  ['AB', 'BB8'],
  ['Hello!!', '%69 VD92EX0'],
  ['base-45', 'UJCLQE7W581'],
  ['ietf!', 'QED8WEX0'],
  ['', ''],
])('RFC 9285 §4.3 and §4.4: %j is %j and back', (plain, text) => {
  expect(encodeBase45(utf8(plain))).toBe(text);
  expect(toHex(decodeBase45(text) ?? Uint8Array.of())).toBe(toHex(utf8(plain)));
});

test.each([
  ['65,536 in three characters (RFC 9285 §6)', 'GGW'],
  ['the greatest group of three', ':::'],
  ['256 in two characters', 'V5'],
  ['the greatest group of two', '::'],
  ['a single character', 'A'],
  ['a length of 3n+1', 'BB8B'],
  ['lower case', 'bb8'],
  ['a character outside the alphabet', 'BB!'],
  ['a character outside the alphabet, in the last short group', 'BB8B_'],
  ['a tab', 'BB\t'],
  ['a newline behind', 'BB8\n'],
  ['NUL', '\0\0\0'],
  ['a character that is A plus 256', '\u0141B8'],
  ['half of a surrogate pair', '\ud83d00'],
  ['the Kelvin sign, whose lower case is k', 'BB\u212a'],
])('%s is refused: %j', (_why, text) => {
  expect(decodeBase45(text)).toBeUndefined();
});

test('255 and 65,535 are the last values that two and three characters may have', () => {
  expect(decodeBase45('U5')).toEqual(Uint8Array.of(255));
  expect(encodeBase45(Uint8Array.of(255))).toBe('U5');
  expect(decodeBase45('FGW')).toEqual(Uint8Array.of(255, 255));
  expect(encodeBase45(Uint8Array.of(255, 255))).toBe('FGW');
});

test('every group of one, two and three characters has the answer of the published library', () => {
  for (const a of ALPHABET) {
    expect(decodeBase45(a)).toBeUndefined();
    for (const b of ALPHABET) {
      let mismatch = decoded(a + b) === oracle(a + b) ? '' : a + b;
      for (const c of ALPHABET) if (decoded(a + b + c) !== oracle(a + b + c)) mismatch = a + b + c;
      expect(mismatch).toBe('');
    }
  }
});

test('any bytes come back, and are written as the published library writes them', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const text = encodeBase45(bytes);
      expect(text).toBe(oracleEncode(bytes));
      expect(decodeBase45(text)).toEqual(bytes);
    }),
    { numRuns: 500 },
  );
});

test('any text is refused or is the one spelling of its bytes, as the library has it', () => {
  fc.assert(
    fc.property(nearlyBase45, (text) => {
      const bytes = decodeBase45(text);
      expect(decoded(text)).toBe(oracle(text));
      if (bytes !== undefined) expect(encodeBase45(bytes)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

function decoded(text: string): string {
  const bytes = decodeBase45(text);
  return bytes === undefined ? 'refused' : toHex(bytes);
}
