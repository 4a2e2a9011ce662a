/**
 * From the scanner's bytes to lines: the guard of core/frame.ts, then `@serialport/parser-readline`.
 * A line is given as one character a byte (ISO 8859-1), so that what is no text stays what it was.
 */
import { ReadlineParser } from '@serialport/parser-readline';
import type { Clock } from '@stile/host/clock.ts';
import { FRAME_START, type FrameState, flushFrame, guardFrame } from '../core/scan-guard.ts';

export type LineReader = {
  /** Gives the next bytes; lines come out through `onLine`, in order. */
  push(chunk: Uint8Array): void;
  /** Forgets an unfinished line: the scanner was unplugged. */
  reset(): void;
  readonly state: FrameState;
  close(): void;
};

/** `onLine` must not throw: an exception inside a stream's handler would end the process. */
export function createLineReader(clock: Clock, onLine: (text: string) => void): LineReader {
  let state: FrameState = FRAME_START;
  let cancelAlarm: (() => void) | null = null;
  let parser = newParser(onLine);

  function proceed(step: ReturnType<typeof guardFrame>): void {
    state = step.state;
    cancelAlarm?.();
    cancelAlarm = step.wakeAtMs === null ? null : clock.alarm(step.wakeAtMs, flush);
    if (step.passed.length > 0) parser.write(Buffer.from(step.passed));
  }

  function flush(): void {
    cancelAlarm = null;
    proceed(flushFrame(state, clock.now().monoMs));
  }

  return {
    push(chunk) {
      proceed(guardFrame(state, chunk, clock.now().monoMs));
    },
    reset() {
      cancelAlarm?.();
      cancelAlarm = null;
      parser.removeAllListeners('data');
      parser.destroy();
      parser = newParser(onLine);
      const { droppedBytes, skippedReplyBytes } = state;
      state = { ...FRAME_START, droppedBytes, skippedReplyBytes };
    },
    get state() {
      return state;
    },
    close() {
      cancelAlarm?.();
      parser.destroy();
    },
  };
}

function newParser(onLine: (text: string) => void): ReadlineParser {
  const parser = new ReadlineParser({ delimiter: '\n', encoding: 'latin1' });
  parser.on('data', onLine);
  return parser;
}
