/**
 * The independent signature check, on @noble/curves: no OpenSSL, no shared code with node-verify.ts.
 * Tests hold the fast check against it; a browser without the curve in WebCrypto can use it.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from '@stile/protocol/bytes.ts';
import type { SignatureClaim, Verify } from '@stile/protocol/signature.ts';
import { SIGNATURE_BYTES } from '@stile/protocol/transit-code.ts';

const ED25519_L = ed25519.Point.Fn.ORDER;

export const verifyWithNoble: Verify = (claim) => {
  const { algorithm, publicKey, message, signature } = claim;
  if (signature.length !== SIGNATURE_BYTES) return false;
  try {
    return algorithm === 'Ed25519'
      ? ed25519Holds(claim)
      : p256.verify(signature, message, publicKey, { lowS: false, prehash: true });
  } catch {
    // noble throws if bytes are no point or no scalar; for a check that means "does not hold".
    return false;
  }
};

/**
 * RFC 8032 §5.1.7 without the cofactor: R must be, byte for byte, [S]B − [k]A. This is what OpenSSL
 * computes; noble's own verify() multiplies by the cofactor and so accepts a few signatures more.
 */
function ed25519Holds({
  publicKey,
  message,
  signature,
}: Omit<SignatureClaim, 'algorithm'>): boolean {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= ED25519_L) return false;
  const key = ed25519.Point.fromBytes(publicKey, true);
  const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % ED25519_L;
  const expected = ed25519.Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k));
  return equalBytes(expected.toBytes(), r);
}

/**
 * Whether a key may be certified: on its curve, canonical and of the large prime order. Costs two
 * milliseconds, so it is asked once, at enrolment (protocol/README.md §3).
 */
export function isKeyOfPrimeOrder(algorithm: 'Ed25519' | 'P-256', publicKey: Uint8Array): boolean {
  try {
    if (algorithm === 'P-256') {
      if (publicKey.length !== 33) return false;
      p256.Point.fromBytes(publicKey).assertValidity();
      return true;
    }
    const point = ed25519.Point.fromBytes(publicKey, false);
    return !point.isSmallOrder() && point.isTorsionFree();
  } catch {
    // Not a point: the same answer as a point of the wrong order.
    return false;
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  return value;
}
