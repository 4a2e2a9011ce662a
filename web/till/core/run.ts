/**
 * What a run of keys was: a customer's code, goods, something else that a scanner has read, or digits that a person
 * typed. Pure. It goes by what fits (a whole code with its check digits, the length of a number of goods), not by how
 * fast the keys came: some people are fast and some scanners are slow.
 */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { readServerCode, SERVER_CODE_DIGITS } from '@stile/protocol/payment-code.ts';
import { scanPrefixCharsAtEnd } from '@stile/protocol/scan/scan-prefix.ts';
import type { Chars } from './stroke.ts';

/** More digits in one go are no amount: the greatest has one more, and ends with zeros. */
const AMOUNT_DIGITS_MAX = String(AMOUNT_CENTS_MAX).length - 1;
/** From here on the same first digits before a code are a scan of it that broke off. */
const BROKEN_CHARS_MIN = 4;
/** So much of a code is none of anything else that a till scans. */
const MISREAD_DIGITS_MIN = 15;
/** GTIN-8, -12, -13 and -14 (GS1 General Specifications): EAN-8, UPC-A, EAN-13, cartons. */
const GOODS_DIGITS = new Set([8, 12, 13, 14]);
const TRANSIT = 'TC1:';
const READINGS = ['own', 'us'] as const;

export type Stroke = {
  chars: Chars;
  atMs: number;
  centsBefore: number;
  /** No key came for a while before it. */
  isFirst: boolean;
  /** What stood in the field that it goes to; null: it goes to none. */
  fieldText: string | null;
};

/** A text, and which stroke it begins with. */
export type Found = { text: string; at: number };

export function textOf(strokes: readonly Stroke[], reading: keyof Chars = 'own'): string {
  return strokes.map(({ chars }) => chars[reading]).join('');
}

/** Where the last keys begin that came in one go. */
export function lastGoAt(run: readonly Stroke[]): number {
  return Math.max(
    0,
    run.findLastIndex(({ isFirst }) => isFirst),
  );
}

/** Whether keys that came in one go can be a person's digits of an amount. */
export function fitsAmount(text: string): boolean {
  if (!/^[\d.,]*$/.test(text)) return false;
  const digits = text.replace(/[.,]/g, '');
  return digits.length <= AMOUNT_DIGITS_MAX || digits === String(AMOUNT_CENTS_MAX);
}

/** The last digit of a number of goods is made from the others, which count 3 and 1 in turns from the right. */
export function isGoods(text: string): boolean {
  if (!/^\d+$/.test(text) || !GOODS_DIGITS.has(text.length)) return false;
  const sum = [...text]
    .reverse()
    .reduce((all, digit, at) => all + Number(digit) * (at % 2 ? 3 : 1), 0);
  return sum % 10 === 0;
}

/** A code at the end of a run, whatever was typed before it and however long its scanner has stopped in it. */
export function findCode(run: readonly Stroke[]): Found | null {
  for (const reading of READINGS) {
    const text = textOf(run, reading);
    const codeAt = text.length - SERVER_CODE_DIGITS;
    const code = text.slice(Math.max(0, codeAt));
    if (readServerCode(code) !== undefined) {
      return { text: code, at: scanStart(text.slice(0, codeAt), code) };
    }
  }
  return null;
}

export function findTransit(run: readonly Stroke[]): Found | null {
  for (const reading of READINGS) {
    const text = textOf(run, reading).toUpperCase();
    const at = text.lastIndexOf(TRANSIT);
    if (at >= 0) {
      return { text: text.slice(at), at: at - scanPrefixCharsAtEnd(text.slice(0, at)) };
    }
  }
  return null;
}

/** Goods that were scanned in one go. */
export function findGoods(run: readonly Stroke[]): Found | null {
  const goAt = lastGoAt(run);
  for (const reading of READINGS) {
    const text = textOf(run.slice(goAt), reading);
    const prefixChars = /^\D/.test(text) ? scanPrefixCharsAtEnd(text.slice(0, 3)) : 0;
    if (isGoods(text.slice(prefixChars))) return { text: text.slice(prefixChars), at: goAt };
  }
  return null;
}

/** A code of which some digits are lost, or one is wrong; it may have stopped on its way. */
export function findMisread(run: readonly Stroke[]): Found | null {
  const text = textOf(run);
  for (let length = SERVER_CODE_DIGITS; length >= MISREAD_DIGITS_MIN; length -= 1) {
    const at = text.length - length;
    if (at >= 0 && /^7[12]\d+$/.test(text.slice(at))) return { text: text.slice(at), at };
  }
  return null;
}

/** Where a scan began whose code follows: with what the scanner puts before it, or with a start that broke off. */
function scanStart(before: string, code: string): number {
  const at = before.length - scanPrefixCharsAtEnd(before);
  const head = before.slice(0, at);
  for (let length = Math.min(at, code.length); length >= BROKEN_CHARS_MIN; length -= 1) {
    if (!head.endsWith(code.slice(0, length))) continue;
    return at - length - scanPrefixCharsAtEnd(head.slice(0, at - length));
  }
  return at;
}
