/**
 * Chance as every shell gets it, so that a test or a simulation can repeat it. The system's here;
 * seeded-random.ts has the one that says the same again under the same seed.
 */
import { randomBytes, randomInt } from 'node:crypto';

export type Random = {
  bytes(length: number): Uint8Array;
  /** So many random bytes in hex: twice as many characters. */
  hex(bytes: number): string;
  /** Uniform in [0, 1): for spreading waits, never for secrets. */
  fraction(): number;
  /** A whole number, uniform from 0 to below `end`. */
  below(end: number): number;
};

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  hex: (bytes) => randomBytes(bytes).toString('hex'),
  fraction: Math.random,
  below: (end) => randomInt(end),
};

/**
 * So many decimal digits, each drawn for itself.
 * @example randomDigits(systemRandom, 8) // '02719938'
 */
export function randomDigits(random: Random, length: number): string {
  let digits = '';
  while (digits.length < length) digits += String(random.below(10));
  return digits;
}
