/**
 * What is refused before any curve arithmetic: here the arithmetic says yes to everything.
 * Real keys and both implementations are in crypto/.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import {
  type Algorithm,
  deviceAlgorithm,
  deviceSignatureHolds,
  issuerSignatureHolds,
  lowS,
  signatureHolds,
  type Verify,
} from './signature.ts';
import { readTransitCodeBytes } from './transit-code.ts';

const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const P = (1n << 255n) - 19n;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const MESSAGE = Uint8Array.of(1, 2, 3);
const sayYes: Verify = () => true;

function bigEndian(value: bigint, length = 32): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
}

function littleEndian(value: bigint): Uint8Array {
  return bigEndian(value).toReversed();
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function passes(
  algorithm: Algorithm,
  { publicKey, signature }: { publicKey: Uint8Array; signature: Uint8Array },
): boolean {
  return signatureHolds(sayYes, { algorithm, publicKey, message: MESSAGE, signature });
}

const edKey = littleEndian(9n);
const edR = new Uint8Array(32).fill(7);
const edSignature = join(edR, littleEndian(5n));
const pointKey = join(Uint8Array.of(2), new Uint8Array(32).fill(7));
const ecSignature = join(bigEndian(5n), bigEndian(5n));

test('what is sound reaches the arithmetic, with what it needs, and its answer counts', () => {
  for (const answer of [true, false]) {
    const seen: unknown[] = [];
    const verify: Verify = (claim) => {
      seen.push(claim);
      return answer;
    };
    expect(
      signatureHolds(verify, {
        algorithm: 'Ed25519',
        publicKey: edKey,
        message: MESSAGE,
        signature: edSignature,
      }),
    ).toBe(answer);
    expect(
      signatureHolds(verify, {
        algorithm: 'P-256',
        publicKey: pointKey,
        message: MESSAGE,
        signature: ecSignature,
      }),
    ).toBe(answer);
    expect(seen).toEqual([
      { algorithm: 'Ed25519', publicKey: edKey, message: MESSAGE, signature: edSignature },
      { algorithm: 'P-256', publicKey: pointKey, message: MESSAGE, signature: ecSignature },
    ]);
  }
});

test.each<[string, bigint, boolean]>([
  ['0', 0n, true],
  ['L − 1', L - 1n, true],
  ['L', L, false],
  ['L + 1', L + 1n, false],
  ['S + L', 5n + L, false],
  ['2^252', 1n << 252n, true],
  ['2^253', 1n << 253n, false],
  ['the greatest', (1n << 256n) - 1n, false],
])('Ed25519: S = %s is judged before the arithmetic', (_name, s, goesOn) => {
  expect(passes('Ed25519', { publicKey: edKey, signature: join(edR, littleEndian(s)) })).toBe(
    goesOn,
  );
});

test.each<[string, bigint, boolean]>([
  ['y = 2', 2n, true],
  ['y = p − 2', P - 2n, true],
  ['y = 0, order 4', 0n, false],
  ['y = 1, the identity', 1n, false],
  ['y = −1, order 2', P - 1n, false],
  ['y = p, not canonical', P, false],
  ['y = p + 1, not canonical', P + 1n, false],
  ['y = p + 9, not canonical', P + 9n, false],
  ['y = 2^255 − 1, not canonical', (1n << 255n) - 1n, false],
])(
  'Ed25519: a key or an R with %s is judged before the arithmetic, with either sign',
  (_name, y, goesOn) => {
    for (const point of [littleEndian(y), littleEndian(y | (1n << 255n))]) {
      expect(passes('Ed25519', { publicKey: point, signature: edSignature })).toBe(goesOn);
      expect(
        passes('Ed25519', { publicKey: edKey, signature: join(point, littleEndian(5n)) }),
      ).toBe(goesOn);
    }
  },
);

test.each<[string, bigint, boolean]>([
  ['0', 0n, false],
  ['1', 1n, true],
  ['half of n', N >> 1n, true],
  ['half of n, plus 1', (N >> 1n) + 1n, false],
  ['n − 5', N - 5n, false],
  ['n − 1', N - 1n, false],
  ['n', N, false],
  ['the greatest', (1n << 256n) - 1n, false],
])('P-256: s = %s is judged before the arithmetic', (_name, s, goesOn) => {
  expect(
    passes('P-256', { publicKey: pointKey, signature: join(bigEndian(5n), bigEndian(s)) }),
  ).toBe(goesOn);
});

test('P-256: a key is 33 bytes that begin with 2 or 3', () => {
  const x = new Uint8Array(32).fill(7);
  for (let head = 0; head < 256; head += 1) {
    const key = join(Uint8Array.of(head), x);
    expect(passes('P-256', { publicKey: key, signature: ecSignature })).toBe(
      head === 2 || head === 3,
    );
  }
  for (const head of [2, 3, 4, 6, 7]) {
    expect(
      passes('P-256', { publicKey: join(Uint8Array.of(head), x, x), signature: ecSignature }),
    ).toBe(false);
  }
  expect(passes('P-256', { publicKey: Uint8Array.of(0), signature: ecSignature })).toBe(false);
});

test('keys and signatures of any other length are refused', () => {
  for (let length = 0; length <= 140; length += 1) {
    const key = join(Uint8Array.of(2), new Uint8Array(length)).subarray(0, length);
    const signature = new Uint8Array(length).fill(1);
    expect(passes('Ed25519', { publicKey: key, signature: edSignature })).toBe(length === 32);
    expect(passes('P-256', { publicKey: key, signature: ecSignature })).toBe(length === 33);
    expect(passes('Ed25519', { publicKey: edKey, signature })).toBe(length === 64);
    expect(passes('P-256', { publicKey: pointKey, signature })).toBe(length === 64);
  }
});

test('low-S turns s into n − s where that is less, and changes nothing else', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: N - 1n }), (s) => {
      const low = s <= N >> 1n ? s : N - s;
      const r = bigEndian(5n);
      expect(toHex(lowS(join(r, bigEndian(s))))).toBe(toHex(join(r, bigEndian(low))));
    }),
  );
  for (const other of [new Uint8Array(63), new Uint8Array(64).fill(255), new Uint8Array(72)]) {
    expect(lowS(other)).toEqual(other);
  }
});

test.each([0, 1] as const)(
  'suite %i: each signature is checked over its part with its key',
  (suite) => {
    const bytes = Uint8Array.from({ length: 199 + suite }, (_, at) => at);
    bytes[0] = 0x10 | suite;
    bytes[30] = 2;
    // Scalars that are in range: the last byte of S, the first of s.
    const at = 30 + 32 + suite;
    bytes.fill(1, at, at + 64);
    bytes.fill(1, bytes.length - 64);
    const reading = readTransitCodeBytes(bytes);
    if (!reading.ok) throw new Error(reading.detail);
    const seen: string[][] = [];
    const verify: Verify = ({ algorithm, publicKey, message, signature }) => {
      seen.push([algorithm, toHex(publicKey), toHex(message), toHex(signature)]);
      return true;
    };
    expect(issuerSignatureHolds(verify, { issuerKey: edKey, pass: reading.value })).toBe(true);
    expect(deviceSignatureHolds(verify, reading.value)).toBe(true);
    const hex = toHex(bytes);
    const slice = (from: number, to: number) => hex.slice(from * 2, to * 2);
    const domain = (text: string) => Buffer.from(`${text}\0`).toString('hex');
    expect(seen).toEqual([
      ['Ed25519', toHex(edKey), domain('TC1-pass') + slice(0, at), slice(at, at + 64)],
      [
        suite === 0 ? 'Ed25519' : 'P-256',
        slice(30, at),
        domain('TC1-code') + slice(0, bytes.length - 64),
        slice(bytes.length - 64, bytes.length),
      ],
    ]);
    expect(deviceAlgorithm(suite)).toBe(seen[1]?.[0]);
  },
);

test('a check changes neither key nor signature, even where they are Node Buffers', () => {
  // slice() of a Buffer shares its memory: clearing a sign bit in it once destroyed a caller's key.
  const key = Buffer.alloc(32, 0xa5);
  const signature = Buffer.alloc(64, 0x87);
  signatureHolds(() => true, {
    algorithm: 'Ed25519',
    publicKey: key,
    message: new Uint8Array(0),
    signature,
  });
  expect(key.equals(Buffer.alloc(32, 0xa5))).toBe(true);
  expect(signature.equals(Buffer.alloc(64, 0x87))).toBe(true);
});
