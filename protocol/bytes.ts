/**
 * Byte strings in the three spellings that our wire formats use: raw, lower-case hex, UTF-8 text.
 * Strict: what is not exactly such a spelling is refused, because hex is part of signed ids.
 */

import { assert } from './fault.ts';

const HEX = /^(?:[0-9a-f]{2})*$/;
const encoder = new TextEncoder();
const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX_OF_BYTE[byte];
  return text;
}

/** Reads lower-case hex of exactly `length` bytes (any even length if left out). */
export function fromHex(text: string, length?: number): Uint8Array | undefined {
  if (!HEX.test(text) || (length !== undefined && text.length !== length * 2)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(at * 2, at * 2 + 2), 16),
  );
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Plain comparison: our formats compare public values only, so time need not be constant. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

/**
 * Writes a big-endian unsigned integer of 1, 2 or 4 bytes. DataView would wrap 65,536 to 0 without a
 * word, and a wrapped ceiling or serial would then be signed; so what does not fit is our bug.
 */
export function putUint(
  view: DataView,
  { at, size, value }: { at: number; size: 1 | 2 | 4; value: number },
): void {
  const fits = Number.isInteger(value) && value >= 0 && value < 2 ** (size * 8);
  assert(fits, `${value} is an unsigned integer of ${size} bytes`);
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value);
  else view.setUint32(at, value);
}

/** SHA-256, passed in: `node:crypto` at gate and settlement, `@noble/hashes` in a browser. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;
