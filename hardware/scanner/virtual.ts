/**
 * The scanner's virtual twin: plays texts as a serial scanner would send them, at the pace of a real
 * baud rate, and misbehaves on request. Chance and time are passed in, so a test can repeat the one and
 * move the other.
 */
import { type Clock, sleep } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import { wireMs } from '../serial/wire.ts';
import { TRIGGER_ACK } from './frames.ts';

export const SUFFIXES = { crlf: '\r\n', cr: '\r', lf: '\n', none: '' } as const;
export type Suffix = keyof typeof SUFFIXES;

/** What a UART hands over at a time. */
const FIFO_MS = 2;
const SPLIT_BYTES_MAX = 40;
const SPLIT_GAP_MS_MAX = 60;
const DOUBLE_GAP_MS = 150;

export type Misbehaviour = {
  /** Written in random pieces with pauses between them. */
  split?: boolean;
  /** This many random bytes before the text, with a line end. */
  noiseBytes?: number;
  /** This many random bytes somewhere inside the text: the code is spoilt. */
  noiseWithinBytes?: number;
  /** This many random bytes behind the line end, with none of their own: the next text's burden. */
  noiseAfterBytes?: number;
  /** This many bytes of the text with one bit turned. */
  damagedBytes?: number;
  /** Sent twice, as scanners do with a code that stays before them. */
  double?: boolean;
  /** Without the line end that was set. */
  missingSuffix?: boolean;
  /** This many bytes without any line end come first. */
  endlessBytes?: number;
  /** The acknowledgement of a triggered GM65 precedes the text, without a line end between. */
  acknowledge?: boolean;
};

export type ScanPlayer = {
  /** Sends one text; resolves when its last byte has left, with the text's bytes as they went out. */
  play(text: string, misbehaviour?: Misbehaviour): Promise<Uint8Array>;
};

export type ScanPlayerOptions = {
  /** 0: as fast as the port takes it. */
  baud: number;
  suffix: Suffix;
  random: Random;
  clock: Clock;
  write: (bytes: Uint8Array) => Promise<void>;
};

export function createScanPlayer(options: ScanPlayerOptions): ScanPlayer {
  const { baud, random, clock, write } = options;

  async function send(bytes: Uint8Array, { split }: { split: boolean }): Promise<void> {
    const fifoBytes =
      baud === 0 ? bytes.length : Math.max(1, Math.floor(FIFO_MS / wireMs({ bytes: 1, baud })));
    const fromMs = clock.now().monoMs;
    let dueMs = 0;
    let at = 0;
    while (at < bytes.length) {
      const piece = split ? 1 + random.below(SPLIT_BYTES_MAX) : fifoBytes;
      const part = bytes.subarray(at, at + piece);
      dueMs += wireMs({ bytes: part.length, baud });
      if (split) dueMs += random.below(SPLIT_GAP_MS_MAX + 1);
      // The wire is slow first and the byte is there afterwards, not the other way round. What a sleep
      // took too long is taken off the next one: all of it keeps to the baud rate.
      const pauseMs = dueMs - (clock.now().monoMs - fromMs);
      if (pauseMs > 0) await sleep(clock, pauseMs);
      await write(part);
      at += piece;
    }
  }

  return {
    async play(text, misbehaviour = {}) {
      const suffix = misbehaviour.missingSuffix ? '' : SUFFIXES[options.suffix];
      const { endlessBytes = 0, noiseBytes = 0, damagedBytes = 0 } = misbehaviour;
      const { noiseWithinBytes = 0, noiseAfterBytes = 0 } = misbehaviour;
      const split = misbehaviour.split ?? false;
      if (endlessBytes > 0) {
        await sendEndless(endlessBytes, { random, write });
        await send(Buffer.from('\r\n'), { split: false });
      }
      if (noiseBytes > 0) {
        await send(Buffer.concat([random.bytes(noiseBytes), Buffer.from('\r\n')]), { split });
      }
      const damaged = damage(Buffer.from(text, 'latin1'), { count: damagedBytes, random });
      const played = insert(damaged, { noise: random.bytes(noiseWithinBytes), random });
      const scan = Buffer.concat([played, Buffer.from(suffix), random.bytes(noiseAfterBytes)]);
      const ack = misbehaviour.acknowledge ? TRIGGER_ACK : new Uint8Array(0);
      await send(Buffer.concat([ack, scan]), { split });
      if (misbehaviour.double) {
        await sleep(clock, DOUBLE_GAP_MS);
        await send(scan, { split });
      }
      return played;
    },
  };
}

/** Letters without a line end; unpaced, because ten megabytes at 115,200 baud take a quarter of an hour. */
async function sendEndless(
  bytes: number,
  { random, write }: Pick<ScanPlayerOptions, 'random' | 'write'>,
): Promise<void> {
  const letter = 0x41 + random.below(26);
  for (let sent = 0; sent < bytes; sent += 4096) {
    await write(new Uint8Array(Math.min(4096, bytes - sent)).fill(letter));
  }
}

function insert(
  text: Uint8Array,
  { noise, random }: { noise: Uint8Array; random: Random },
): Uint8Array {
  if (noise.length === 0) return text;
  const at = random.below(text.length + 1);
  return Buffer.concat([text.subarray(0, at), noise, text.subarray(at)]);
}

/** Turns one bit in each of `count` different bytes; a line end is never made. */
function damage(
  text: Uint8Array,
  { count, random }: { count: number; random: Random },
): Uint8Array {
  const damaged = Uint8Array.from(text);
  const places = Array.from(text.keys());
  for (let n = 0; n < count && places.length > 0; n += 1) {
    const [at = 0] = places.splice(random.below(places.length), 1);
    const bit = 1 << random.below(7);
    const turned = (text[at] ?? 0) ^ bit;
    damaged[at] = turned === 0x0a || turned === 0x0d ? turned ^ 0x60 : turned;
  }
  return damaged;
}
