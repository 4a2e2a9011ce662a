/** How the testers' scanner says things: one line each, in eighty columns, printable. */
import { basename } from 'node:path';
import type { Writable } from 'node:stream';

const OUTPUT_COLUMNS = 80;
const SHORT_CHARS_MAX = 40;

export function say(out: Writable, text: string): void {
  const short = text.length <= OUTPUT_COLUMNS ? text : `${text.slice(0, OUTPUT_COLUMNS - 1)}…`;
  out.write(`${short}\n`);
}

export function shortName(file: string): string {
  const name = basename(file);
  return name.length <= SHORT_CHARS_MAX ? name : `${name.slice(0, 24)}…${name.slice(-15)}`;
}

/** A scanned text with its beginning and its end, whatever bytes it has. */
export function shortText(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '·');
  if (printable.length <= SHORT_CHARS_MAX) return printable;
  return `${printable.slice(0, 28)} … ${printable.slice(-6)}`;
}

export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
