/**
 * The relay board's frames: four bytes, `A0 | channel | state | sum`, as LCUS-type USB relay boards
 * take them (hardware/README.md §3). The decoder resynchronises on garbage and counts it.
 */

export const FRAME_BYTES = 4;
const HEAD = 0xa0;
export const CHANNEL_MAX = 8;

export type RelayFrame = { channel: number; on: boolean };

/** The frame that switches a relay. On opens; what a board without power does is a matter of wiring. */
export function encodeRelayFrame(frame: RelayFrame): Uint8Array {
  const state = frame.on ? 1 : 0;
  return Uint8Array.of(HEAD, frame.channel, state, (HEAD + frame.channel + state) & 0xff);
}

export type RelayDecoder = {
  /** Takes the next bytes, in any chunking; gives the frames that they complete. */
  push(chunk: Uint8Array): RelayFrame[];
  /** Bytes so far that belonged to no frame. */
  readonly discarded: number;
};

export function createRelayDecoder(): RelayDecoder {
  let pending: number[] = [];
  let discarded = 0;
  return {
    push(chunk) {
      const frames: RelayFrame[] = [];
      for (const byte of chunk) {
        pending.push(byte);
        // One bad byte costs that byte, not the frame that begins after it.
        while (pending.length > 0 && !mayBeFrame(pending)) {
          pending = pending.slice(1);
          discarded += 1;
        }
        if (pending.length === FRAME_BYTES) {
          frames.push({ channel: pending[1] ?? 0, on: pending[2] === 1 });
          pending = [];
        }
      }
      return frames;
    },
    get discarded() {
      return discarded;
    },
  };
}

function mayBeFrame(bytes: readonly number[]): boolean {
  const [head, channel, state, sum] = bytes;
  if (head !== HEAD) return false;
  if (channel !== undefined && (channel < 1 || channel > CHANNEL_MAX)) return false;
  if (state !== undefined && state > 1) return false;
  return sum === undefined || sum === ((HEAD + (channel ?? 0) + (state ?? 0)) & 0xff);
}
