/** Chance that can be repeated: the same seed draws the same again. Never for secrets. */
import { toHex } from '@stile/protocol/bytes.ts';
import type { Random } from './random.ts';

/** mulberry32: 32 bits of state. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;

  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const below = (end: number): number => Math.floor(fraction() * end);
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => below(256));
  return { fraction, below, bytes, hex: (length) => toHex(bytes(length)) };
}
