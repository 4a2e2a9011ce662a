/**
 * The keys of the fixtures. They come from RFCs or from a hash of their own name, so everybody has
 * them: nothing real may ever trust one. P-256 signs by RFC 6979 here, because OpenSSL's signatures
 * come out different each time and a fixture must not.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { type PrivateJwk, sha256 } from '@stile/crypto/sign.ts';
import { DEVICE_SCALAR, DEVICE_SEED, ISSUER_SEED } from '@stile/crypto/testing/published-vector.ts';
import { fromHex, utf8 } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { addJson, type Tree } from './tree.ts';

const WARNING = 'never use outside tests';
/** RFC 8032 §7.1, test 3. */
const GATE_SEED = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';

export type TestKey = {
  name: string;
  algorithm: Algorithm;
  /** Raw Ed25519 key, or compressed P-256 point. */
  publicKey: Uint8Array;
  jwk: PrivateJwk;
  /** 64 bytes, the same for the same message: R‖S, or r‖s in low-S form. */
  sign: (message: Uint8Array) => Uint8Array;
};

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function secretOf(name: string, hex: string | undefined): Uint8Array {
  const secret = hex === undefined ? sha256(utf8(`Stile test key: ${name}`)) : fromHex(hex, 32);
  assert(secret !== undefined, 'a secret is 32 bytes of hex');
  return secret;
}

function ed25519Key(name: string, hex?: string): TestKey {
  const secret = secretOf(name, hex);
  const publicKey = ed25519.getPublicKey(secret);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64Url(publicKey), d: base64Url(secret) };
  const sign = (message: Uint8Array) => ed25519.sign(message, secret);
  return { name, algorithm: 'Ed25519', publicKey, jwk, sign };
}

function p256Key(name: string, hex?: string): TestKey {
  const secret = secretOf(name, hex);
  const point = p256.getPublicKey(secret, false);
  const x = base64Url(point.subarray(1, 33));
  const y = base64Url(point.subarray(33));
  return {
    name,
    algorithm: 'P-256',
    publicKey: p256.getPublicKey(secret, true),
    jwk: { kty: 'EC', crv: 'P-256', x, y, d: base64Url(secret) },
    sign: (message) => p256.sign(message, secret, { prehash: true, lowS: true }),
  };
}

/** What an issuer's key is in the trust lists, and what is done with it, is in lists.ts. */
export const ISSUER_7_KEY_3 = ed25519Key('issuer-7-key-3', ISSUER_SEED);
export const ISSUER_7_KEY_0 = ed25519Key('issuer-7-key-0');
export const ISSUER_7_KEY_1 = ed25519Key('issuer-7-key-1');
export const ISSUER_7_KEY_2 = ed25519Key('issuer-7-key-2');
export const ISSUER_7_KEY_4 = ed25519Key('issuer-7-key-4');
export const ISSUER_8_KEY_3 = ed25519Key('issuer-8-key-3');
/** On no trust list. */
export const ISSUER_UNKNOWN = ed25519Key('issuer-unknown');

export const DEVICE_ED25519 = ed25519Key('device-ed25519', DEVICE_SEED);
export const DEVICE_P256 = p256Key('device-p256', DEVICE_SCALAR);
export const OTHER_ED25519 = ed25519Key('other-device-ed25519');
export const OTHER_P256 = p256Key('other-device-p256');

export const GATE = ed25519Key('gate-harbour-1', GATE_SEED);
export const OTHER_GATE = ed25519Key('gate-harbour-2');
export const ROOT = ed25519Key('root');
export const OTHER_ROOT = ed25519Key('other-root');
/** The root that the first one announces, and the one after it. */
export const NEXT_ROOT = ed25519Key('next-root');
export const THIRD_ROOT = ed25519Key('third-root');
export const ONLINE = ed25519Key('online');
export const OTHER_ONLINE = ed25519Key('other-online');

const ALL_KEYS: readonly TestKey[] = [
  ISSUER_7_KEY_0,
  ISSUER_7_KEY_1,
  ISSUER_7_KEY_2,
  ISSUER_7_KEY_3,
  ISSUER_7_KEY_4,
  ISSUER_8_KEY_3,
  ISSUER_UNKNOWN,
  DEVICE_ED25519,
  DEVICE_P256,
  OTHER_ED25519,
  OTHER_P256,
  GATE,
  OTHER_GATE,
  ROOT,
  OTHER_ROOT,
  NEXT_ROOT,
  THIRD_ROOT,
  ONLINE,
  OTHER_ONLINE,
];

/** Where the private key is, below `fixtures/`. */
export function keyPath(key: TestKey): string {
  return `keys/test-${key.name}.jwk.json`;
}

/** Private keys as JWK. Each says twice that it is a test key: in its name and in its `kid`. */
export function addKeys(tree: Tree): void {
  for (const key of ALL_KEYS) {
    const kid = `TEST KEY ${key.name}: ${WARNING}`;
    addJson(tree, { path: keyPath(key), value: { stileTestKey: WARNING, kid, ...key.jwk } });
  }
}
