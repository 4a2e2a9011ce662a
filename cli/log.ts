/**
 * The log of the programs that run on: JSON lines on standard output. That may be a file on a full disk or a pipe
 * that nobody reads: what cannot be written is held up to a limit, then dropped, counted and said later, and the
 * program goes on. Pino's own output throws then, or waits for ever.
 */
import fs from 'node:fs';
import { type Logger, pino } from 'pino';

/** Of lines that could not be written yet. */
const HELD_BYTES_MAX = 1_048_576;
const STDOUT = 1;

export function openLog(level: string, { fd = STDOUT }: { fd?: number } = {}): Logger {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let lines = 0;

  function write(text: string): void {
    const line = Buffer.from(text);
    if (heldBytes + line.length > HELD_BYTES_MAX) lines += 1;
    else {
      held.push(line);
      heldBytes += line.length;
    }
    if (!writeHeld() || lines === 0) return;
    const lost = { lines };
    lines = 0;
    log.warn(lost, 'lines of this log are lost: its file or its reader took none');
  }

  /** Whether all is written. The next line tries again. */
  function writeHeld(): boolean {
    let left: Buffer = held.length === 1 ? (held[0] ?? Buffer.alloc(0)) : Buffer.concat(held);
    try {
      while (left.length > 0) left = left.subarray(fs.writeSync(fd, left));
    } catch {
      // Whatever the reason is: there is no other place to say it.
    }
    held = left.length === 0 ? [] : [left];
    heldBytes = left.length;
    return left.length === 0;
  }

  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const log = pino(options, { write });
  return log;
}
