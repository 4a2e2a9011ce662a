/** Keys, seeds and SHA-256 against published values. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { type Algorithm, signatureHolds } from '@stile/protocol/signature.ts';
import { expect, test } from 'vitest';
import { createNodeVerify } from './node-verify.ts';
import {
  generateKey,
  keyFromJwk,
  keyFromSeed,
  type PrivateJwk,
  type SigningKey,
  sha256,
} from './sign.ts';

const ALGORITHMS: [Algorithm, number][] = [
  ['Ed25519', 32],
  ['P-256', 33],
];
const MESSAGE = utf8('ride');
const verify = createNodeVerify();

function signs(key: SigningKey, publicKey = key.publicKey): boolean {
  return signatureHolds(verify, {
    algorithm: key.algorithm,
    publicKey,
    message: MESSAGE,
    signature: key.sign(MESSAGE),
  });
}

test.each(ALGORITHMS)(
  '%s: a new key signs, and so does the same key from its file',
  (algorithm, bytes) => {
    // Both signs of y and both halves of s come up within a few keys.
    for (let count = 0; count < 20; count += 1) {
      const key = generateKey(algorithm);
      expect(key.publicKey.length).toBe(bytes);
      expect(signs(key)).toBe(true);
      const reopened = keyFromJwk(JSON.parse(JSON.stringify(key.privateJwk)));
      expect(reopened.algorithm).toBe(algorithm);
      expect(toHex(reopened.publicKey)).toBe(toHex(key.publicKey));
      expect(signs(reopened, key.publicKey)).toBe(true);
    }
  },
);

test('the key of a seed is the RFC 8032 key', () => {
  const seed = Buffer.from(
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  );
  const key = keyFromSeed(seed);
  expect(toHex(key.publicKey)).toBe(
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  );
  expect(key.privateJwk.d).toBe(seed.toString('base64url'));
  expect(() => keyFromSeed(seed.subarray(1))).toThrow('Bug:');
});

function jwkOf(type: 'ec' | 'okp' | 'rsa', curve: string): PrivateJwk {
  if (type === 'rsa') {
    return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
      format: 'jwk',
    }) as PrivateJwk;
  }
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: curve })
      : generateKeyPairSync(curve as 'x25519');
  return pair.privateKey.export({ format: 'jwk' }) as PrivateJwk;
}

const ed = generateKey('Ed25519').privateJwk;
const ec = generateKey('P-256').privateJwk;
const otherEd = generateKey('Ed25519').privateJwk;
const otherEc = generateKey('P-256').privateJwk;

test.each<[string, unknown]>([
  ['P-384', jwkOf('ec', 'P-384')],
  ['secp256k1', jwkOf('ec', 'secp256k1')],
  ['X25519', jwkOf('okp', 'x25519')],
  ['Ed448', jwkOf('okp', 'ed448')],
  ['RSA', jwkOf('rsa', '')],
  ['a public key', { kty: 'OKP', crv: 'Ed25519', x: ed.x }],
  ['an Ed25519 key with the x of another', { ...ed, x: otherEd.x }],
  ['a P-256 key with the point of another', { ...ec, x: otherEc.x, y: otherEc.y }],
  ['a P-256 key without y', { kty: 'EC', crv: 'P-256', x: ec.x, d: ec.d }],
  ['a short d', { ...ed, d: 'AAAA' }],
  ['a d that is no text', { ...ed, d: 7 }],
  ['nothing', {}],
])('a key file with %s is refused with a fault, not a bug', (_what, jwk) => {
  // What a person wrote into a file has no type.
  const opening = () => keyFromJwk(jwk as PrivateJwk);
  expect(opening).toThrow(Fault);
  expect(opening).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }));
});

test('SHA-256 is SHA-256', () => {
  expect(toHex(sha256(utf8('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(toHex(sha256(MESSAGE))).toBe(createHash('sha256').update('ride').digest('hex'));
});
