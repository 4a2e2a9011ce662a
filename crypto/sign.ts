/**
 * Keys and signing on node:crypto: issuers and gates (Ed25519), scripted phones (both suites).
 * Private keys are JWKs (RFC 8037, RFC 7518 §6.2), so that a file of ours opens in any JOSE library.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as opensslSign,
  verify as opensslVerify,
} from 'node:crypto';
import { concatBytes } from '@stile/protocol/bytes.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { type Algorithm, lowS } from '@stile/protocol/signature.ts';

// PKCS #8 before a 32-byte Ed25519 seed (RFC 8410 §7).
const ED25519_PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export type PrivateJwk = { kty: string; crv: string; x: string; y?: string; d: string };

export type SigningKey = {
  algorithm: Algorithm;
  /** Raw 32 bytes (Ed25519) or the compressed 33-byte point (P-256). */
  publicKey: Uint8Array;
  privateJwk: PrivateJwk;
  /** 64 bytes: R‖S, or r‖s in low-S form. */
  sign: (message: Uint8Array) => Uint8Array;
};

export function generateKey(algorithm: Algorithm): SigningKey {
  const { privateKey } =
    algorithm === 'Ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return signingKeyOf(privateKey);
}

/** The Ed25519 key of an RFC 8032 seed (32 bytes). For vectors and test keys. */
export function keyFromSeed(seed: Uint8Array): SigningKey {
  assert(seed.length === 32, 'an Ed25519 seed has 32 bytes');
  const der = Buffer.concat([ED25519_PKCS8_HEAD, seed]);
  return signingKeyOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/**
 * Opens a key file. Its public half must be the private half's own: OpenSSL does not look, and such a
 * key would sign passes that no gate takes.
 * @throws Fault FILE_UNREADABLE if the JWK is not a whole private Ed25519 or P-256 key.
 */
export function keyFromJwk(jwk: PrivateJwk): SigningKey {
  const { kty, crv, x, y } = jwk;
  if (crv !== 'Ed25519' && crv !== 'P-256') {
    throw new Fault('FILE_UNREADABLE', `a signing key is Ed25519 or P-256, this is ${crv ?? kty}`);
  }
  let key: KeyObject;
  let isPair: boolean;
  try {
    key = createPrivateKey({ key: jwk, format: 'jwk' });
    const publicJwk = y === undefined ? { kty, crv, x } : { kty, crv, x, y };
    const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' });
    const digest = crv === 'Ed25519' ? null : 'sha256';
    isPair = opensslVerify(
      digest,
      DOMAINS.keyPair,
      publicKey,
      opensslSign(digest, DOMAINS.keyPair, key),
    );
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', 'not a private key in JWK form', { cause: error });
  }
  if (!isPair) throw new Fault('FILE_UNREADABLE', 'x and d are of two different keys');
  return signingKeyOf(key);
}

function signingKeyOf(key: KeyObject): SigningKey {
  const jwk = key.export({ format: 'jwk' });
  const { kty, crv, x, y, d } = jwk;
  assert(kty && crv && x && d, 'a private key exports all its parts');
  const algorithm: Algorithm = crv === 'Ed25519' ? 'Ed25519' : 'P-256';
  const publicX = Buffer.from(x, 'base64url');
  const publicKey =
    algorithm === 'Ed25519'
      ? new Uint8Array(publicX)
      : concatBytes(
          Uint8Array.of(2 + ((Buffer.from(y ?? '', 'base64url').at(-1) ?? 0) & 1)),
          publicX,
        );
  return {
    algorithm,
    publicKey,
    privateJwk: y === undefined ? { kty, crv, x, d } : { kty, crv, x, y, d },
    sign: (message) =>
      algorithm === 'Ed25519'
        ? new Uint8Array(opensslSign(null, message, key))
        : lowS(opensslSign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })),
  };
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}
