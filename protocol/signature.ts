/**
 * Whether the two signatures of a code hold. The curve arithmetic is a function passed in; what is
 * refused before it (malleated, small-order, high-S, non-canonical) is decided here, in one place,
 * so that every implementation gives the same answer (protocol/README.md §3).
 */
import { concatBytes, toHex } from './bytes.ts';
import {
  deviceMessage,
  deviceSignedPart,
  issuerMessage,
  issuerSignedPart,
  SIGNATURE_BYTES,
  type SignedPass,
  type TransitCode,
} from './transit-code.ts';

export type Algorithm = 'Ed25519' | 'P-256';

/**
 * Checks one signature. Keys: raw 32 bytes (Ed25519) or a compressed 33-byte point (P-256).
 * Signatures: 64 bytes, R‖S or r‖s. Must return false, never throw, on keys that are no points.
 */
export type Verify = (claim: SignatureClaim) => boolean;

/** That this signature was made over this message with the private half of this key. */
export type SignatureClaim = {
  algorithm: Algorithm;
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
};

// RFC 8032 §5.1: group order L and field prime p, little-endian on the wire.
const ED25519_L = (1n << 252n) + 27742317777372353535851937790883648493n;
const ED25519_P = (1n << 255n) - 19n;
// FIPS 186-5 / SEC 2: order of P-256.
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P256_HALF_N = P256_N >> 1n;

/** y coordinates (sign bit cleared, little-endian hex) of the eight points of order 1, 2, 4, 8. */
const ED25519_SMALL_ORDER_Y = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** A signature check with everything refused that the algorithms alone would let through. */
export function signatureHolds(verify: Verify, claim: SignatureClaim): boolean {
  const { algorithm, publicKey, signature } = claim;
  if (signature.length !== SIGNATURE_BYTES) return false;
  const acceptable =
    algorithm === 'Ed25519'
      ? isSoundEd25519Point(publicKey) &&
        isSoundEd25519Point(signature.subarray(0, 32)) &&
        lessThan(signature, { at: 32, bound: ED25519_L, order: 'little' })
      : isCompressedPoint(publicKey) && isLowS(signature);
  return acceptable && verify(claim);
}

export function issuerSignatureHolds(
  verify: Verify,
  { issuerKey, pass }: { issuerKey: Uint8Array; pass: SignedPass },
): boolean {
  return signatureHolds(verify, {
    algorithm: 'Ed25519',
    publicKey: issuerKey,
    message: issuerMessage(issuerSignedPart(pass)),
    signature: pass.issuerSignature,
  });
}

export function deviceSignatureHolds(verify: Verify, code: TransitCode): boolean {
  return signatureHolds(verify, {
    algorithm: deviceAlgorithm(code.pass.suite),
    publicKey: code.pass.deviceKey,
    message: deviceMessage(deviceSignedPart(code)),
    signature: code.deviceSignature,
  });
}

export function deviceAlgorithm(suite: 0 | 1): Algorithm {
  return suite === 0 ? 'Ed25519' : 'P-256';
}

/**
 * Turns an ECDSA r‖s into its low-S form, as TC1 requires of phones. What is no signature (another
 * length, s beyond the order) is returned as it is, and will not hold.
 */
export function lowS(signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) return signature;
  const s = toBigInt(signature.subarray(32), 'big');
  if (s <= P256_HALF_N || s >= P256_N) return signature;
  const flipped = (P256_N - s).toString(16).padStart(64, '0');
  const bytes = Uint8Array.from({ length: 32 }, (_, at) =>
    Number.parseInt(flipped.slice(at * 2, at * 2 + 2), 16),
  );
  return concatBytes(signature.subarray(0, 32), bytes);
}

/** Of a key and of R alike: platforms differ on an R of small order, so none of them is asked. */
function isSoundEd25519Point(point: Uint8Array): boolean {
  if (point.length !== 32) return false;
  // A copy of its own: slice() of a Node Buffer would share, and the caller's key would change.
  const y = Uint8Array.from(point);
  y[31] = (y[31] ?? 0) & 0x7f;
  if (!lessThan(y, { at: 0, bound: ED25519_P, order: 'little' })) return false;
  return !ED25519_SMALL_ORDER_Y.has(toHex(y));
}

function isCompressedPoint(key: Uint8Array): boolean {
  return key.length === 33 && (key[0] === 2 || key[0] === 3);
}

function isLowS(signature: Uint8Array): boolean {
  return (
    !isZero(signature.subarray(32)) &&
    lessThan(signature, { at: 32, bound: P256_HALF_N + 1n, order: 'big' })
  );
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Whether the 32 bytes at `at`, read as a number, are below `bound`. */
function lessThan(
  bytes: Uint8Array,
  { at, bound, order }: { at: number; bound: bigint; order: 'big' | 'little' },
): boolean {
  return toBigInt(bytes.subarray(at, at + 32), order) < bound;
}

function toBigInt(bytes: Uint8Array, order: 'big' | 'little'): bigint {
  return BigInt(`0x${toHex(order === 'big' ? bytes : bytes.toReversed())}`);
}
