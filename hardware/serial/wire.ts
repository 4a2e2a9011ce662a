/**
 * One direction of a serial wire: bytes arrive in pieces, in order, as long after they were sent as the
 * rate says. Without a clock they arrive in the turn in which they are sent.
 */
import type { Clock } from '@stile/host/clock.ts';

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

/** How long so many bytes take on the wire: 304 of them at 115,200 baud are 26 ms. 0 baud: no time. */
export function wireMs({ bytes, baud }: { bytes: number; baud: number }): number {
  return baud === 0 ? 0 : (bytes * BITS_PER_BYTE * 1000) / baud;
}

export type WireOptions = {
  clock: Clock | undefined;
  /** The most bytes that arrive at once. */
  chunkBytes: number;
  onArrival: (bytes: Uint8Array) => void;
};

export class Wire {
  readonly #options: WireOptions;
  readonly #onTheWay = new Set<() => void>();
  #freeAtMs = 0;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  send(bytes: Uint8Array, baud: number): void {
    const { chunkBytes, onArrival } = this.#options;
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      // A copy: the sender may use its buffer again before the bytes are there.
      const chunk = new Uint8Array(bytes.subarray(at, at + chunkBytes));
      this.#arrive(wireMs({ bytes: chunk.length, baud }), () => onArrival(chunk));
    }
  }

  /** What is on the way never arrives. */
  cut(): void {
    for (const cancel of this.#onTheWay) cancel();
    this.#onTheWay.clear();
  }

  #arrive(tookMs: number, deliver: () => void): void {
    const { clock } = this.#options;
    if (clock === undefined) {
      deliver();
      return;
    }
    this.#freeAtMs = Math.max(clock.now().monoMs, this.#freeAtMs) + tookMs;
    const cancel = clock.alarm(this.#freeAtMs, () => {
      this.#onTheWay.delete(cancel);
      deliver();
    });
    this.#onTheWay.add(cancel);
  }
}
