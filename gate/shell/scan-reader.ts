/**
 * From the scanner's bytes to scan texts: the guard of core/scan-guard.ts, then
 * `@serialport/parser-readline`. A text has one character a byte (ISO 8859-1), so that what is no
 * text stays what it was.
 */
import { ReadlineParser } from '@serialport/parser-readline';
import type { Clock } from '@stile/host/clock.ts';
import { flushScan, GUARD_START, type GuardState, guardScan } from '../core/scan-guard.ts';

export type ScanReader = {
  /** Gives the next bytes; scan texts come out through `onScan`, in order. */
  push(chunk: Uint8Array): void;
  /** Forgets an unfinished text: the scanner was unplugged. */
  reset(): void;
  readonly state: GuardState;
  close(): void;
};

/** `onScan` must not throw: an exception inside a stream's handler would end the process. */
export function createScanReader(clock: Clock, onScan: (text: string) => void): ScanReader {
  let state: GuardState = GUARD_START;
  let cancelAlarm: (() => void) | null = null;
  let parser = newParser(onScan);

  function proceed(step: ReturnType<typeof guardScan>): void {
    state = step.state;
    cancelAlarm?.();
    cancelAlarm = step.wakeAtMs === null ? null : clock.alarm(step.wakeAtMs, flush);
    if (step.passed.length > 0) parser.write(Buffer.from(step.passed));
  }

  function flush(): void {
    cancelAlarm = null;
    proceed(flushScan(state, clock.now().monoMs));
  }

  return {
    push(chunk) {
      proceed(guardScan(state, { bytes: chunk, monoMs: clock.now().monoMs }));
    },
    reset() {
      cancelAlarm?.();
      cancelAlarm = null;
      parser.removeAllListeners('data');
      parser.destroy();
      parser = newParser(onScan);
      const { droppedBytes, skippedReplyBytes } = state;
      state = { ...GUARD_START, droppedBytes, skippedReplyBytes };
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

function newParser(onScan: (text: string) => void): ReadlineParser {
  const parser = new ReadlineParser({ delimiter: '\n', encoding: 'latin1' });
  parser.on('data', onScan);
  return parser;
}
