/**
 * Base45 (RFC 9285), strict: one text for each byte string and no other text is accepted.
 * Written here rather than taken from npm because canonical decoding is a security property of the
 * transit code (docs/decisions/0004-own-base45.md); a published library is the oracle in the test.
 */

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const VALUE_OF_CHAR_CODE = new Uint8Array(128).fill(255);
for (let value = 0; value < ALPHABET.length; value += 1) {
  VALUE_OF_CHAR_CODE[ALPHABET.charCodeAt(value)] = value;
}

/** Encodes bytes as upper-case Base45 text: 2 bytes → 3 characters, a last single byte → 2. */
export function encodeBase45(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1];
    const value = second === undefined ? first : first * 256 + second;
    text += ALPHABET.charAt(value % 45) + ALPHABET.charAt(Math.floor(value / 45) % 45);
    if (second !== undefined) text += ALPHABET.charAt(Math.floor(value / 2025));
  }
  return text;
}

/**
 * Decodes Base45 text, or returns undefined if the text is not the one encoding of some bytes:
 * a character outside the alphabet, a length of 3n+1, or a group whose value is out of range.
 */
export function decodeBase45(text: string): Uint8Array | undefined {
  const tail = text.length % 3;
  if (tail === 1) return undefined;
  const bytes = new Uint8Array(((text.length - tail) / 3) * 2 + (tail === 2 ? 1 : 0));
  let out = 0;
  for (let at = 0; at < text.length; at += 3) {
    const low = valueAt(text, at);
    const middle = valueAt(text, at + 1);
    if (low === 255 || middle === 255) return undefined;
    if (at + 2 < text.length) {
      const high = valueAt(text, at + 2);
      const value = low + middle * 45 + high * 2025;
      if (high === 255 || value > 0xffff) return undefined;
      bytes[out] = value >> 8;
      bytes[out + 1] = value & 0xff;
      out += 2;
    } else {
      const value = low + middle * 45;
      if (value > 0xff) return undefined;
      bytes[out] = value;
    }
  }
  return bytes;
}

function valueAt(text: string, at: number): number {
  return VALUE_OF_CHAR_CODE[text.charCodeAt(at)] ?? 255;
}
