/**
 * ECDSA P-256 on both implementations: a table of answers, so that they can neither disagree nor
 * agree on the wrong one. Scalars out of range, high-S, points out of range or spelled otherwise.
 */
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '@stile/protocol/bytes.ts';
import { lowS, signatureHolds } from '@stile/protocol/signature.ts';
import { expect, test } from 'vitest';
import { isKeyOfPrimeOrder, verifyWithNoble } from './noble-verify.ts';
import { importPublicKey } from './node-verify.ts';
import { answer, be, big, hex, verifyWithNode } from './testing/both-answers.ts';
import { DEVICE_SCALAR } from './testing/published-vector.ts';

const N = p256.Point.Fn.ORDER;
const EC_PRIME = p256.Point.Fp.ORDER;

// RFC 6979 §A.2.5, P-256 with SHA-256: the public key and its signatures of two words.
const RFC6979_KEY = hex('0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6');
const RFC6979_SAMPLE = hex(
  'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
);
const RFC6979_TEST = hex(
  'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367' +
    '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
);

test('the RFC 6979 signatures: low-S holds, high-S only for who does not look', () => {
  const [sample, word] = [utf8('sample'), utf8('test')];
  const yes = { raw: true, holds: true };
  expect(
    answer({ algorithm: 'P-256', publicKey: RFC6979_KEY, message: word, signature: RFC6979_TEST }),
  ).toEqual(yes);
  expect(
    answer({
      algorithm: 'P-256',
      publicKey: RFC6979_KEY,
      message: sample,
      signature: RFC6979_SAMPLE,
    }),
  ).toEqual({ raw: true, holds: false });
  expect(
    answer({
      algorithm: 'P-256',
      publicKey: RFC6979_KEY,
      message: sample,
      signature: lowS(RFC6979_SAMPLE),
    }),
  ).toEqual(yes);
  expect(
    answer({
      algorithm: 'P-256',
      publicKey: RFC6979_KEY,
      message: word,
      signature: lowS(RFC6979_SAMPLE),
    }).holds,
  ).toBe(false);
});

const [r0, s0] = [big(RFC6979_TEST.subarray(0, 32)), big(RFC6979_TEST.subarray(32))];

test.each<[string, bigint, bigint, { raw: boolean; holds: boolean }]>([
  ['as signed', r0, s0, { raw: true, holds: true }],
  ['s and n − s exchanged', r0, N - s0, { raw: true, holds: false }],
  ['r = 0', 0n, s0, { raw: false, holds: false }],
  ['s = 0', r0, 0n, { raw: false, holds: false }],
  ['both 0', 0n, 0n, { raw: false, holds: false }],
  ['r = n', N, s0, { raw: false, holds: false }],
  ['s = n', r0, N, { raw: false, holds: false }],
  ['r = n and s = n', N, N, { raw: false, holds: false }],
  ['r = 1, s = 1', 1n, 1n, { raw: false, holds: false }],
  ['r negated', N - r0, s0, { raw: false, holds: false }],
  ['r and s swapped', s0, r0, { raw: false, holds: false }],
  ['r = p', EC_PRIME, s0, { raw: false, holds: false }],
  ['all ones', (1n << 256n) - 1n, (1n << 256n) - 1n, { raw: false, holds: false }],
])('P-256: %s', (_name, r, s, expected) => {
  expect(
    answer({
      algorithm: 'P-256',
      publicKey: RFC6979_KEY,
      message: utf8('test'),
      signature: concatBytes(be(r), be(s)),
    }),
  ).toEqual(expected);
});

test('P-256: short r and s lose their leading zeros on the way and still hold', () => {
  let seen = 0;
  for (let tries = 0; tries < 2_000 && seen < 2; tries += 1) {
    const message = utf8(`short ${tries}`);
    const signature = p256.sign(message, hex(DEVICE_SCALAR), { prehash: true, lowS: true });
    if (signature[0] !== 0 && signature[32] !== 0) continue;
    seen += 1;
    expect(answer({ algorithm: 'P-256', publicKey: RFC6979_KEY, message, signature })).toEqual({
      raw: true,
      holds: true,
    });
  }
  expect(seen).toBe(2);
});

test('P-256: a signature whose sum is the point at infinity does not hold', () => {
  const d = big(hex(DEVICE_SCALAR));
  const message = utf8('ride');
  // u1·G + u2·Q is infinity where h + r·d = 0 (mod n).
  const h = big(sha256(message));
  const r = (N - ((h * p256.Point.Fn.inv(d)) % N)) % N;
  const signature = concatBytes(be(r), be(5n));
  expect(answer({ algorithm: 'P-256', publicKey: RFC6979_KEY, message, signature })).toEqual({
    raw: false,
    holds: false,
  });
});

function offCurveX(): Uint8Array {
  for (let x = 1n; x < 100n; x += 1n) {
    const key = concatBytes(Uint8Array.of(2), be(x));
    if (!isKeyOfPrimeOrder('P-256', key)) return be(x);
  }
  throw new Error('half of all x are on no point');
}

function onCurveX(): bigint {
  for (let x = 1n; x < 100n; x += 1n) {
    if (isKeyOfPrimeOrder('P-256', concatBytes(Uint8Array.of(2), be(x)))) return x;
  }
  throw new Error('half of all x are on a point');
}

const RFC6979_X = RFC6979_KEY.subarray(1);
const RFC6979_Y = hex('7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299');

test.each<[string, Uint8Array]>([
  ['uncompressed', concatBytes(hex('04'), RFC6979_X, RFC6979_Y)],
  ['hybrid, odd', concatBytes(hex('07'), RFC6979_X, RFC6979_Y)],
  ['hybrid, even', concatBytes(hex('06'), RFC6979_X, RFC6979_Y)],
  ['x alone', RFC6979_X],
  ['x and y without a head', concatBytes(RFC6979_X, RFC6979_Y)],
  ['33 bytes headed 04', concatBytes(hex('04'), RFC6979_X)],
  ['33 bytes headed 06', concatBytes(hex('06'), RFC6979_X)],
  ['33 bytes headed 00', concatBytes(hex('00'), RFC6979_X)],
  ['one byte more', concatBytes(RFC6979_KEY, hex('00'))],
  ['infinity', hex('00')],
  ['all zero', new Uint8Array(33)],
  ['all ones', new Uint8Array(33).fill(255)],
  ['nothing', new Uint8Array(0)],
  ['on no point of the curve', concatBytes(hex('02'), offCurveX())],
  ['x not below p', concatBytes(hex('02'), be(EC_PRIME + onCurveX()))],
  ['x = p', concatBytes(hex('02'), be(EC_PRIME))],
  ['the other root', concatBytes(hex('02'), RFC6979_X)],
])('P-256: a key that is %s does not hold', (what, key) => {
  const held = [verifyWithNode, verifyWithNoble].map((verify) =>
    signatureHolds(verify, {
      algorithm: 'P-256',
      publicKey: key,
      message: utf8('test'),
      signature: RFC6979_TEST,
    }),
  );
  expect(held).toEqual([false, false]);
  // The other root is a sound key: it is just not the one that signed.
  const isKey = what === 'the other root';
  expect(isKeyOfPrimeOrder('P-256', key)).toBe(isKey);
  expect(importPublicKey('P-256', key) !== undefined).toBe(isKey);
});

test('a key of the one algorithm is none of the other', () => {
  const edKey = hex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  expect(isKeyOfPrimeOrder('P-256', RFC6979_KEY)).toBe(true);
  expect(isKeyOfPrimeOrder('Ed25519', RFC6979_KEY)).toBe(false);
  expect(isKeyOfPrimeOrder('Ed25519', edKey)).toBe(true);
  expect(isKeyOfPrimeOrder('P-256', edKey)).toBe(false);
});
