/**
 * One question to both implementations, and the arithmetic to build such questions.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { type SignatureClaim, signatureHolds } from '@stile/protocol/signature.ts';
import { expect } from 'vitest';
import { verifyWithNoble } from '../noble-verify.ts';
import { createNodeVerify } from '../node-verify.ts';

export const verifyWithNode = createNodeVerify();
export const ED_PRIME = ed25519.Point.Fp.ORDER;

export function hex(text: string): Uint8Array {
  const bytes = fromHex(text.toLowerCase());
  if (bytes === undefined) throw new Error('a test vector is hex');
  return bytes;
}

export function big(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

export function be(value: bigint): Uint8Array {
  return hex(value.toString(16).padStart(64, '0'));
}

export function le(value: bigint): Uint8Array {
  return be(value).toReversed();
}

/** All spellings of the eight points of small order that a lenient decoder would take. */
export const SMALL_ORDER_KEYS = [0n, 1n, ED_PRIME - 1n, ED_PRIME, ED_PRIME + 1n]
  .map(le)
  .concat(hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'))
  .concat(hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'))
  .flatMap((y) => [y, y.with(31, (y[31] ?? 0) | 0x80)])
  .map((bytes) => toHex(bytes));

/**
 * What both say through `holds`, and what noble alone says without it (`raw`). They must not differ,
 * but for one thing: whether Node refuses points of small order by itself depends on its version.
 */
export function answer(claim: SignatureClaim): { raw: boolean; holds: boolean } {
  const { algorithm, publicKey: key, signature } = claim;
  const raw = [verifyWithNode, verifyWithNoble].map((v) => v(claim));
  const held = [verifyWithNode, verifyWithNoble].map((v) => signatureHolds(v, claim));
  const points = [key, signature.subarray(0, 32)].map((point) => toHex(point));
  const isSmall = algorithm === 'Ed25519' && SMALL_ORDER_KEYS.some((key) => points.includes(key));
  if (!isSmall) expect(raw[0]).toBe(raw[1]);
  expect(held[0]).toBe(held[1]);
  return { raw: raw[1] ?? false, holds: held[1] ?? false };
}
