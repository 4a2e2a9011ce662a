/** Bytes, hex and their comparison. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, equalBytes, fromHex, putUint, toHex } from './bytes.ts';

test('any bytes come back from their hex', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
      expect(fromHex(toHex(bytes), bytes.length)).toEqual(bytes);
    }),
  );
});

test.each(['0', 'AB', '0x12', '12 ', ' 12', '12\n', '1g', '１２'])('%j is no hex', (text) => {
  expect(fromHex(text)).toBeUndefined();
});

test('hex of another length than asked for is refused', () => {
  expect(fromHex('0011', 1)).toBeUndefined();
  expect(fromHex('0011', 3)).toBeUndefined();
  expect(fromHex('', 1)).toBeUndefined();
  expect(fromHex('', 0)).toEqual(new Uint8Array(0));
});

test('bytes are equal when length and every byte are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
      expect(toHex(concatBytes(a, b))).toBe(toHex(a) + toHex(b));
    }),
  );
});

test.each([1, 2, 4] as const)(
  '%i bytes hold 0 to their greatest value and nothing else',
  (size) => {
    const max = 2 ** (size * 8) - 1;
    const bytes = new Uint8Array(6);
    const view = new DataView(bytes.buffer);
    putUint(view, { at: 1, size, value: max });
    expect(toHex(bytes)).toBe(`00${'ff'.repeat(size)}${'00'.repeat(5 - size)}`);
    putUint(view, { at: 1, size, value: 1 });
    expect(bytes[size]).toBe(1);
    for (const value of [max + 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => putUint(view, { at: 1, size, value })).toThrow('Bug:');
    }
  },
);
