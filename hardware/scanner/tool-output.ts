/** How the testers' scanner says things: one line each, in eighty columns, printable. */
import { basename } from 'node:path';
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { Heard } from '../verdicts/listener.ts';

const OUTPUT_COLUMNS = 80;
const SHORT_CHARS_MAX = 40;

export function say(out: Writable, text: string): void {
  const short = text.length <= OUTPUT_COLUMNS ? text : `${text.slice(0, OUTPUT_COLUMNS - 1)}…`;
  out.write(`${short}\n`);
}

/** Green or red at a terminal, plain for whatever else reads it. */
export function sayVerdict(
  out: Writable,
  { name, heard }: { name: string; heard: Heard | null },
): void {
  const text = verdictText(heard);
  if ('isTTY' in out && out.isTTY === true) {
    const colour = heard === null ? 'bgYellow' : heard.verdict === 'open' ? 'bgGreen' : 'bgRed';
    const coloured = styleText([colour, 'black'], ` ${text} `, { stream: process.stdout });
    out.write(`${name}: ${coloured}\n`);
  } else say(out, `${name}: ${text}`);
}

export function verdictText(heard: Heard | null): string {
  if (heard === null) return 'the gate has said nothing of it';
  const { verdict, reason, words, isOther } = heard;
  const what = verdict === 'open' ? 'open' : `${reason}: ${sentenceOf(words)}`;
  const said = verdict === 'repeat' ? 'still the same code held: not judged again' : what;
  return isOther ? `${said} (the gate got another text)` : said;
}

/** What stands on a display in capitals, as words in a line. */
export function sentenceOf([first, second]: readonly [string, string]): string {
  const begin = first.charAt(0) + first.slice(1).toLowerCase();
  return second === '' ? begin : `${begin}. ${second}`;
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
