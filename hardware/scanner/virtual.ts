/**
 * The scanner's virtual twin: plays texts as a serial scanner would send them, at the pace of a real
 * baud rate, and misbehaves on request. All chance comes from dice, all waiting from a sleep that is
 * passed in, so a test can move the clock.
 */
import type { Dice } from '../dice.ts';
import { TRIGGER_ACK } from './frames.ts';

export const SUFFIXES = { crlf: '\r\n', cr: '\r', lf: '\n', none: '' } as const;
export type Suffix = keyof typeof SUFFIXES;

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;
/** What a UART hands over at a time. */
const FIFO_MS = 2;
const SPLIT_BYTES_MAX = 40;
const SPLIT_GAP_MS_MAX = 60;
const DOUBLE_GAP_MS = 150;

export type Misbehaviour = {
  /** Written in random pieces with pauses between them. */
  split?: boolean;
  /** This many random bytes before the text, ended like a line. */
  noiseBytes?: number;
  /** This many random bytes somewhere inside the text: the code is spoilt. */
  noiseWithinBytes?: number;
  /** This many random bytes behind the line end, with none of their own: the next line's burden. */
  noiseAfterBytes?: number;
  /** This many bytes of the text with one bit turned. */
  damagedBytes?: number;
  /** Sent twice, as scanners do with a code that stays before them. */
  double?: boolean;
  /** Without the line end that was set. */
  missingSuffix?: boolean;
  /** This many bytes without any line end come first. */
  endlessBytes?: number;
  /** The acknowledgement of a triggered GM65 precedes the text on the same line. */
  acknowledge?: boolean;
};

export type LinePlayer = {
  /** Sends one text; resolves when its last byte has left. */
  play(text: string, misbehaviour?: Misbehaviour): Promise<void>;
};

export type LinePlayerOptions = {
  /** 0: as fast as the line takes it. */
  baud: number;
  suffix: Suffix;
  dice: Dice;
  write: (bytes: Uint8Array) => Promise<void>;
  sleep: (ms: number) => Promise<void>;
  /** Milliseconds that pass while `sleep` sleeps. */
  now: () => number;
};

/** How long a line of so many bytes takes on the wire: 304 characters at 115,200 baud are 26 ms. */
export function wireMs(bytes: number, baud: number): number {
  return baud === 0 ? 0 : (bytes * BITS_PER_BYTE * 1000) / baud;
}

export function createLinePlayer(options: LinePlayerOptions): LinePlayer {
  const { baud, dice, sleep, now } = options;

  async function send(bytes: Uint8Array, split: boolean): Promise<void> {
    const fifoBytes =
      baud === 0 ? bytes.length : Math.max(1, Math.floor(FIFO_MS / wireMs(1, baud)));
    const fromMs = now();
    let dueMs = 0;
    let at = 0;
    while (at < bytes.length) {
      const piece = split ? dice.between(1, SPLIT_BYTES_MAX) : fifoBytes;
      const part = bytes.subarray(at, at + piece);
      dueMs += wireMs(part.length, baud) + (split ? dice.between(0, SPLIT_GAP_MS_MAX) : 0);
      // The wire is slow first and the byte is there afterwards, not the other way round. What a sleep
      // took too long is taken off the next one: the whole line keeps to the baud rate.
      const pauseMs = dueMs - (now() - fromMs);
      if (pauseMs > 0) await sleep(pauseMs);
      await options.write(part);
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
        await sendEndless(endlessBytes, dice, options.write);
        await send(Buffer.from('\r\n'), false);
      }
      if (noiseBytes > 0) {
        await send(Buffer.concat([makeNoise(noiseBytes, dice), Buffer.from('\r\n')]), split);
      }
      const damaged = damage(Buffer.from(text, 'latin1'), damagedBytes, dice);
      const line = Buffer.concat([
        insert(damaged, makeNoise(noiseWithinBytes, dice), dice),
        Buffer.from(suffix),
        makeNoise(noiseAfterBytes, dice),
      ]);
      const ack = misbehaviour.acknowledge ? TRIGGER_ACK : new Uint8Array(0);
      await send(Buffer.concat([ack, line]), split);
      if (misbehaviour.double) {
        await sleep(DOUBLE_GAP_MS);
        await send(line, split);
      }
    },
  };
}

/** Letters without a line end; unpaced, because ten megabytes at 115,200 baud take a quarter of an hour. */
async function sendEndless(
  bytes: number,
  dice: Dice,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const letter = dice.between(0x41, 0x5a);
  for (let sent = 0; sent < bytes; sent += 4096) {
    await write(new Uint8Array(Math.min(4096, bytes - sent)).fill(letter));
  }
}

function makeNoise(bytes: number, dice: Dice): Uint8Array {
  return Uint8Array.from({ length: bytes }, () => dice.between(0, 255));
}

function insert(text: Uint8Array, noise: Uint8Array, dice: Dice): Uint8Array {
  if (noise.length === 0) return text;
  const at = dice.between(0, text.length);
  return Buffer.concat([text.subarray(0, at), noise, text.subarray(at)]);
}

/** Turns one bit in each of `count` different bytes; a line end is never made. */
function damage(text: Uint8Array, count: number, dice: Dice): Uint8Array {
  const damaged = Uint8Array.from(text);
  const places = Array.from(text.keys());
  for (let n = 0; n < count && places.length > 0; n += 1) {
    const [at = 0] = places.splice(dice.between(0, places.length - 1), 1);
    const bit = 1 << dice.between(0, 6);
    const turned = (text[at] ?? 0) ^ bit;
    damaged[at] = turned === 0x0a || turned === 0x0d ? turned ^ 0x60 : turned;
  }
  return damaged;
}
