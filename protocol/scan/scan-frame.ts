/**
 * What scanners put around a code because of a setting: an AIM identifier (`]Q1`, ISO/IEC 15424), an ECI escape
 * (`\000026`), a byte order mark, control characters such as STX, ETX, TAB or GS. None of it can be part of a code, so
 * it is taken off, but only around a text that is a code otherwise. A space is never touched: it is a digit of Base45.
 */
import { ONLINE_PREFIX, PAYMENT_PREFIX, SERVER_CODE_DIGITS } from '../payment-code.ts';
import { TEXT_PREFIX } from '../transit-code.ts';

/** In a text that has one character a byte. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
const BEFORE = new RegExp(
  `^(?:\\p{Cc}|${BYTE_ORDER_MARK}|\\][A-Za-z][0-9A-Za-z]|\\\\\\d{6})+`,
  'u',
);
const BEHIND = /\p{Cc}+$/u;

export type Framed = { text: string; before: string; behind: string };

/** The text without its frame; both parts of that are empty if there is none, or if no code is in it. */
export function takeOffFrame(scan: string): Framed {
  const before = BEFORE.exec(scan)?.[0] ?? '';
  const rest = scan.slice(before.length);
  const behind = BEHIND.exec(rest)?.[0] ?? '';
  const text = rest.slice(0, rest.length - behind.length);
  return isCode(text) ? { text, before, behind } : { text: scan, before: '', behind: '' };
}

function isCode(text: string): boolean {
  if (text.startsWith(TEXT_PREFIX)) return true;
  const isDigits = text.length === SERVER_CODE_DIGITS && /^\d+$/.test(text);
  return isDigits && [PAYMENT_PREFIX, ONLINE_PREFIX].some((prefix) => text.startsWith(prefix));
}

/** A frame for a log: names of control characters that people know, hexadecimal otherwise. */
export function frameWords(frame: string): string {
  return frame.replaceAll(BYTE_ORDER_MARK, '<BOM>').replace(/\p{Cc}/gu, (char) => {
    const code = char.charCodeAt(0);
    return NAMES[code] ?? `<${code.toString(16).padStart(2, '0')}>`;
  });
}

const NAMES: Readonly<Record<number, string>> = {
  0: '<NUL>',
  2: '<STX>',
  3: '<ETX>',
  4: '<EOT>',
  9: '<TAB>',
  12: '<FF>',
  29: '<GS>',
};
