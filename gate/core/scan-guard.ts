/**
 * The guard before the parser. `@serialport/parser-readline` splits scan texts but never bounds one; this
 * file lets through only what it may hold: every text ends, at the latest after `SCAN_BYTES_MAX` bytes
 * or after a silence, and the rest of an endless one is dropped up to the next line end.
 * It also skips the acknowledgement frames that GM65-type scanners mix into their data
 * (hardware/README.md). Pure: bytes and time in, bytes out; it keeps counters, never the bytes.
 */
import { ONLINE_PREFIX, PAYMENT_PREFIX, SERVER_CODE_DIGITS } from '@stile/protocol/payment-code.ts';
import { CODE_TEXT_CHARS, TEXT_PREFIX } from '@stile/protocol/transit-code.ts';

/** Longest scan text that is passed on; a transit code has 303 or 304 characters, the others 20. */
export const SCAN_BYTES_MAX = 1_024;
/** Silence after which a whole code without a line end counts as one. */
export const CODE_IDLE_MS = 100;
/** Silence after which any unfinished text is ended, so that noise cannot spoil the next code. */
export const SCAN_IDLE_MS = 1_000;

const LF = 0x0a;
const CR = 0x0d;
const REPLY_HEAD = 0x02;
const REPLY_SECOND = 0x00;
/** `02 00 | status | length | data… | crc crc`: six bytes around the data. */
const REPLY_FIXED_BYTES = 6;
const REPLY_DATA_BYTES_MAX = 32;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** What the digits of a payment or online code may begin with, by position. */
const DIGIT_PREFIX = [0, 1].map((at) =>
  [PAYMENT_PREFIX, ONLINE_PREFIX].map((prefix) => prefix.charCodeAt(at)),
);
const PREFIX = TEXT_PREFIX.split('').map((char) => char.charCodeAt(0));

export type GuardState = {
  /** Bytes of the current text that were passed on. */
  scanBytes: number;
  /** How many bytes of the current text's start are `TC1:` so far (4: it may be a code). */
  prefixBytes: number;
  /** How many bytes of its start are as those of a payment or online code (20: it may be one). */
  digitBytes: number;
  /** True inside the rest of an endless text. */
  discarding: boolean;
  /** Position inside a scanner's acknowledgement frame; 0 outside. */
  replyAt: number;
  /** Length of that frame, known from its fourth byte on. */
  replyBytes: number;
  lastByteMonoMs: number;
  /** Since start: bytes dropped from endless texts, and acknowledgement bytes skipped. */
  droppedBytes: number;
  skippedReplyBytes: number;
};

export const GUARD_START: Readonly<GuardState> = {
  scanBytes: 0,
  prefixBytes: 0,
  digitBytes: 0,
  discarding: false,
  replyAt: 0,
  replyBytes: 0,
  lastByteMonoMs: 0,
  droppedBytes: 0,
  skippedReplyBytes: 0,
};

export type GuardStep = {
  state: GuardState;
  /** Bytes for the parser: texts end in one LF, empty ones are left out. */
  passed: Uint8Array;
  /** When to call `flushScan`, or null while no text is unfinished. */
  wakeAtMs: number | null;
};

/** Takes the next bytes from the scanner. */
export function guardScan(
  before: GuardState,
  { bytes: chunk, monoMs }: { bytes: Uint8Array; monoMs: number },
): GuardStep {
  const state = { ...before, lastByteMonoMs: monoMs };
  // At most one LF is added for each byte that is not passed on, so this is always enough.
  const passed = new Uint8Array(chunk.length + 1);
  let length = 0;
  for (let at = 0; at < chunk.length; at += 1) {
    const byte = chunk[at] ?? 0;
    // A frame goes on with 00. Any other byte means that the 02 was noise: it alone is left out.
    if (state.replyAt === 1 && byte !== REPLY_SECOND) state.replyAt = 0;
    if (state.discarding) {
      const end = nextLineEnd(chunk, at);
      state.droppedBytes += end - at;
      if (end === chunk.length) break;
      at = end;
      state.discarding = false;
    } else if (state.replyAt > 0 || (byte === REPLY_HEAD && state.scanBytes === 0)) {
      skipReplyByte(state, byte);
    } else if (byte === CR || byte === LF) {
      if (state.scanBytes > 0) passed[length++] = LF;
      startScan(state);
    } else if (state.scanBytes === SCAN_BYTES_MAX) {
      passed[length++] = LF;
      startScan(state);
      state.discarding = true;
      state.droppedBytes += 1;
    } else {
      passed[length++] = byte;
      if (state.prefixBytes === state.scanBytes && byte === PREFIX[state.scanBytes]) {
        state.prefixBytes += 1;
      }
      if (state.digitBytes === state.scanBytes && isCodeDigit(byte, state.scanBytes)) {
        state.digitBytes += 1;
      }
      state.scanBytes += 1;
    }
  }
  return { state, passed: passed.subarray(0, length), wakeAtMs: wakeAt(state) };
}

/** Ends an unfinished text after a silence. Call it when `wakeAtMs` has come. */
export function flushScan(before: GuardState, monoMs: number): GuardStep {
  const due = wakeAt(before);
  if (due === null || monoMs < due) {
    return { state: before, passed: new Uint8Array(0), wakeAtMs: due };
  }
  const state = { ...before };
  const passed = state.scanBytes > 0 ? Uint8Array.of(LF) : new Uint8Array(0);
  startScan(state);
  state.discarding = false;
  state.replyAt = 0;
  return { state, passed, wakeAtMs: null };
}

function wakeAt(state: GuardState): number | null {
  if (state.scanBytes === 0 && !state.discarding && state.replyAt === 0) return null;
  const isTransitCode =
    state.prefixBytes === PREFIX.length &&
    (state.scanBytes === CODE_TEXT_CHARS[0] || state.scanBytes === CODE_TEXT_CHARS[1]);
  const isServerCode =
    state.scanBytes === SERVER_CODE_DIGITS && state.digitBytes === SERVER_CODE_DIGITS;
  return state.lastByteMonoMs + (isTransitCode || isServerCode ? CODE_IDLE_MS : SCAN_IDLE_MS);
}

function isCodeDigit(byte: number, at: number): boolean {
  return DIGIT_PREFIX[at]?.includes(byte) ?? (byte >= DIGIT_0 && byte <= DIGIT_9);
}

function startScan(state: GuardState): void {
  state.scanBytes = 0;
  state.prefixBytes = 0;
  state.digitBytes = 0;
}

function skipReplyByte(state: GuardState, byte: number): void {
  state.replyAt += 1;
  state.skippedReplyBytes += 1;
  if (state.replyAt === 1) state.replyBytes = REPLY_FIXED_BYTES;
  if (state.replyAt === 4) {
    state.replyBytes = REPLY_FIXED_BYTES + Math.min(byte, REPLY_DATA_BYTES_MAX);
  }
  if (state.replyAt >= state.replyBytes) state.replyAt = 0;
}

function nextLineEnd(chunk: Uint8Array, from: number): number {
  for (let at = from; at < chunk.length; at += 1) {
    if (chunk[at] === CR || chunk[at] === LF) return at;
  }
  return chunk.length;
}
