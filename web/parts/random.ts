/** Chance as pages get it. Not `randomUUID`, which pages on plain http lack. */
import { toHex } from '@stile/protocol/bytes.ts';

const ID_BYTES = 16;

export type Random = {
  /** That many bytes which nobody can guess. */
  bytes(count: number): Uint8Array;
};

export const browserRandom: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

/** An id that nobody else draws: 32 hexadecimal digits. */
export function drawId(random: Random): string {
  return toHex(random.bytes(ID_BYTES));
}
