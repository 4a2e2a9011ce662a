/**
 * Amounts between people, who write units and decimals, and programs, which keep minor units. One reader for pages and
 * command line: nothing is guessed, rounded, or read as a program would (1e2, 0x10).
 */
import { AMOUNT_CENTS_MAX } from '../payment.ts';
import { exponentOf } from './currency.ts';

/** Why a text is no amount that can be taken. */
export const AMOUNT_REASONS = [
  'NOT_AN_AMOUNT',
  /** More than the currency has. */
  'TOO_MANY_DECIMALS',
  'ZERO',
  'TOO_LARGE',
] as const;
export type AmountReason = (typeof AMOUNT_REASONS)[number];

export type AmountReading = { ok: true; minor: number } | { ok: false; reason: AmountReason };

export type AmountTerms = {
  currency: string;
  /** Default: what one payment may be. */
  minorMax?: number;
  /** A fare may be nothing, a payment may not. */
  isZeroGood?: boolean;
};

const AMOUNT = /^(\d+)(?:[.,](\d+))?$/;
/** Digits, point and comma as an East Asian keyboard gives them. */
const FULL_WIDTH = /[\uFF0C\uFF0E\uFF10-\uFF19]/g;
const FULL_WIDTH_SHIFT = 0xfee0;

/** Minor units of what a person wrote: digits, and behind one point or comma no more of them than the currency has. */
export function readAmount(
  text: string,
  { currency, minorMax = AMOUNT_CENTS_MAX, isZeroGood = false }: AmountTerms,
): AmountReading {
  const [, whole, decimals = ''] = AMOUNT.exec(narrow(text.trim())) ?? [];
  if (whole === undefined) return { ok: false, reason: 'NOT_AN_AMOUNT' };
  const exponent = exponentOf(currency);
  if (decimals.length > exponent) return { ok: false, reason: 'TOO_MANY_DECIMALS' };
  const minor = Number(whole + decimals.padEnd(exponent, '0'));
  if (minor > minorMax) return { ok: false, reason: 'TOO_LARGE' };
  if (minor === 0 && !isZeroGood) return { ok: false, reason: 'ZERO' };
  return { ok: true, minor };
}

function narrow(text: string): string {
  return text.replace(FULL_WIDTH, (wide) =>
    String.fromCharCode(wide.charCodeAt(0) - FULL_WIDTH_SHIFT),
  );
}

/** As `readAmount` reads it: with a point, without groups and without the currency. */
export function amountText(minor: number, currency: string): string {
  const exponent = exponentOf(currency);
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const sign = minor < 0 ? '-' : '';
  return exponent === 0 ? sign + whole : `${sign}${whole}.${digits.slice(whole.length)}`;
}

/** For people, where no page knows their language: "12.50 EUR". */
export function moneyText(minor: number, currency: string): string {
  return `${amountText(minor, currency)} ${currency}`;
}
