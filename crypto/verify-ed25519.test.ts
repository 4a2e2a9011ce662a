/**
 * Ed25519 on both implementations: a table of answers, so that they can neither disagree nor agree
 * on the wrong one. Keys and R that are small, mixed or spelled otherwise; S that is not reduced.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, toHex, utf8 } from '@stile/protocol/bytes.ts';
import { signatureHolds } from '@stile/protocol/signature.ts';
import { expect, test } from 'vitest';
import { isKeyOfPrimeOrder, verifyWithNoble } from './noble-verify.ts';
import {
  answer,
  big,
  ED_PRIME,
  hex,
  le,
  SMALL_ORDER_KEYS,
  verifyWithNode,
} from './testing/both-answers.ts';
import { ISSUER_SEED } from './testing/published-vector.ts';

const L = ed25519.Point.Fn.ORDER;

// RFC 8032 §7.1, tests 1 to 3: public key, message, signature.
const RFC8032: [string, string, string][] = [
  [
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
      '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];
test.each(RFC8032)('the RFC 8032 signature of key %s holds, and of nothing else', (key, m, sig) => {
  const message = hex(m);
  const yes = { raw: true, holds: true };
  const no = { raw: false, holds: false };
  expect(
    answer({ algorithm: 'Ed25519', publicKey: hex(key), message, signature: hex(sig) }),
  ).toEqual(yes);
  expect(
    answer({
      algorithm: 'Ed25519',
      publicKey: hex(key),
      message: concatBytes(message, hex('00')),
      signature: hex(sig),
    }),
  ).toEqual(no);
  for (const [other] of RFC8032.filter(([k]) => k !== key)) {
    expect(
      answer({ algorithm: 'Ed25519', publicKey: hex(other), message, signature: hex(sig) }),
    ).toEqual(no);
  }
});

const TORSION_8 = ed25519.Point.fromHex(
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
);
const TORSION = Array.from({ length: 8 }, (_, times) =>
  times === 0 ? ed25519.Point.ZERO : TORSION_8.multiplyUnsafe(BigInt(times)),
);
const { scalar, pointBytes: honestKey } = ed25519.utils.getExtendedPublicKey(hex(ISSUER_SEED));
const ZERO_R = ed25519.Point.ZERO.toBytes();

function challenge({ r, key, message }: Record<'r' | 'key' | 'message', Uint8Array>): bigint {
  return big(sha512(concatBytes(r, key, message)).toReversed()) % L;
}

/** The first of many messages whose challenge k fits; so a signer may choose what to say. */
function messageWhere(
  { r, key }: Record<'r' | 'key', Uint8Array>,
  fits: (k: bigint) => boolean,
): Uint8Array {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const message = utf8(`message ${tries}`);
    if (fits(challenge({ r, key, message }))) return message;
  }
  throw new Error('no message fits');
}

test('the list of small-order keys has all eight points', () => {
  const canonical = new Set(TORSION.map((point) => toHex(point.toBytes())));
  expect(canonical.size).toBe(8);
  expect(SMALL_ORDER_KEYS).toHaveLength(14);
  for (const key of canonical) expect(SMALL_ORDER_KEYS).toContain(key);
});

test.each(SMALL_ORDER_KEYS)('small-order key %s signs anything, and is refused', (spelled) => {
  const key = hex(spelled);
  const point = ed25519.Point.fromBytes(key, true);
  // R = identity and S = 0 hold for each message with k·A = identity: at worst for one in eight.
  const message = messageWhere({ r: ZERO_R, key }, (k) => point.multiplyUnsafe(k % 8n || 8n).is0());
  const signature = concatBytes(ZERO_R, le(0n));
  expect(answer({ algorithm: 'Ed25519', publicKey: key, message, signature })).toEqual({
    raw: true,
    holds: false,
  });
  expect(isKeyOfPrimeOrder('Ed25519', key)).toBe(false);
});

test('an R of small order is refused, also the identity, for which the equation holds', () => {
  for (const [times, r] of TORSION.entries()) {
    const encoded = r.toBytes();
    const message = utf8('ride');
    const s = (challenge({ r: encoded, key: honestKey, message }) * scalar) % L;
    const signature = concatBytes(encoded, le(s));
    // The cofactored equation would take all eight.
    expect(ed25519.verify(signature, message, honestKey)).toBe(true);
    expect(answer({ algorithm: 'Ed25519', publicKey: honestKey, message, signature })).toEqual({
      raw: times === 0,
      holds: false,
    });
  }
});

test('an R that is not spelled canonically never holds, though it is the right point', () => {
  for (const spelled of ['01'.padEnd(62, '0').concat('80'), toHex(le(ED_PRIME + 1n))]) {
    const r = hex(spelled);
    const message = utf8('ride');
    const s = (challenge({ r, key: honestKey, message }) * scalar) % L;
    const signature = concatBytes(r, le(s));
    expect(answer({ algorithm: 'Ed25519', publicKey: honestKey, message, signature })).toEqual({
      raw: false,
      holds: false,
    });
  }
});

test('an R with a small-order part never holds: the equation has no cofactor', () => {
  const nonce = 1234567n;
  for (const [times, part] of TORSION.entries()) {
    const r = ed25519.Point.BASE.multiply(nonce).add(part).toBytes();
    const message = utf8('ride');
    const s = (nonce + challenge({ r, key: honestKey, message }) * scalar) % L;
    const signature = concatBytes(r, le(s));
    expect(ed25519.verify(signature, message, honestKey)).toBe(true);
    expect(answer({ algorithm: 'Ed25519', publicKey: honestKey, message, signature }).holds).toBe(
      times === 0,
    );
  }
});

test('mixed-order keys: both agree on each message, and enrolment refuses the key', () => {
  const nonce = 7654321n;
  const r = ed25519.Point.BASE.multiply(nonce).toBytes();
  for (const [times, part] of TORSION.entries()) {
    const key = ed25519.Point.fromBytes(honestKey).add(part).toBytes();
    expect(isKeyOfPrimeOrder('Ed25519', key)).toBe(times === 0);
    for (const remainder of [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]) {
      const message = messageWhere({ r, key }, (k) => k % 8n === remainder);
      const s = (nonce + challenge({ r, key, message }) * scalar) % L;
      const expected = part.is0() || part.multiplyUnsafe(remainder || 8n).is0();
      expect(
        answer({ algorithm: 'Ed25519', publicKey: key, message, signature: concatBytes(r, le(s)) }),
      ).toEqual({
        raw: expected,
        holds: expected,
      });
    }
  }
});

test('Ed25519: S + L, S + 2L… and S of zero', () => {
  const [key, message, sig] = RFC8032[1] ?? ['', '', ''];
  const r = hex(sig).subarray(0, 32);
  const s = big(hex(sig).subarray(32).toReversed());
  for (let times = 0n; s + times * L < 1n << 256n; times += 1n) {
    const signature = concatBytes(r, le(s + times * L));
    expect(
      answer({ algorithm: 'Ed25519', publicKey: hex(key), message: hex(message), signature }).holds,
    ).toBe(times === 0n);
  }
  expect(
    answer({
      algorithm: 'Ed25519',
      publicKey: hex(key),
      message: hex(message),
      signature: concatBytes(r, le(0n)),
    }).holds,
  ).toBe(false);
  expect(
    answer({
      algorithm: 'Ed25519',
      publicKey: hex(key),
      message: hex(message),
      signature: new Uint8Array(64),
    }).holds,
  ).toBe(false);
});

test.each<[string, string]>([
  ['on no point of the curve', '02'.padEnd(64, '0')],
  ['31 bytes', '3d'.repeat(31)],
  ['33 bytes', `${'3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'}00`],
  ['y not below p', toHex(le(ED_PRIME + 3n))],
  ['nothing', ''],
])('Ed25519: a key that is %s does not hold and is not enrolled', (_what, key) => {
  const [, message, sig] = RFC8032[1] ?? ['', '', ''];
  for (const verify of [verifyWithNode, verifyWithNoble]) {
    expect(
      signatureHolds(verify, {
        algorithm: 'Ed25519',
        publicKey: hex(key),
        message: hex(message),
        signature: hex(sig),
      }),
    ).toBe(false);
  }
  expect(isKeyOfPrimeOrder('Ed25519', hex(key))).toBe(false);
});
