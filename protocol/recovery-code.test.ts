/** Recovery codes: written and read again, and what a person gets wrong on the way is found. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from './bytes.ts';
import { readRecoveryCode, writeRecoveryCode } from './recovery-code.ts';

const BYTES = fromHex('00112233445566778899aabbccddee') ?? new Uint8Array();
const CODE = writeRecoveryCode(BYTES);
const PLAIN = CODE.replaceAll('-', '');
const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

test('a code is 25 characters in groups of five', () => {
  expect(CODE).toBe('008J4-CT4AN-K7F24-SNAXW-SQFEW');
  expect(readRecoveryCode(CODE)).toBe(PLAIN);
});

test('it is read as people write it: small letters, other gaps, O for 0, I and L for 1', () => {
  const code = writeRecoveryCode(new Uint8Array(15).fill(0x08));
  const plain = code.replaceAll('-', '');
  expect(plain).toMatch(/0.*1/);
  const spoken = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o');
  expect(readRecoveryCode(`  ${spoken.replaceAll('1', 'l')} \n`)).toBe(plain);
  expect(readRecoveryCode(code.replaceAll('1', 'I'))).toBe(plain);
});

test('any one wrong character is found', () => {
  for (let at = 0; at < PLAIN.length; at += 1) {
    for (const other of SYMBOLS) {
      if (other === PLAIN[at]) continue;
      const wrong = PLAIN.slice(0, at) + other + PLAIN.slice(at + 1);
      expect(readRecoveryCode(wrong), wrong).toBeUndefined();
    }
  }
});

test('any two characters that were swapped are found', () => {
  const position = fc.integer({ min: 0, max: 24 });
  const bytes = fc.uint8Array({ minLength: 15, maxLength: 15 });
  fc.assert(
    fc.property(bytes, position, position, (chance, left, right) => {
      const chars = [...writeRecoveryCode(chance).replaceAll('-', '')];
      const [a = '', b = ''] = [chars[left], chars[right]];
      fc.pre(a !== b);
      chars[left] = b;
      chars[right] = a;
      expect(readRecoveryCode(chars.join(''))).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test.each(['', 'U'.repeat(25), PLAIN.slice(1), `${PLAIN}0`, 'no code at all'])(
  '%j is no code',
  (text) => {
    expect(readRecoveryCode(text)).toBeUndefined();
  },
);
