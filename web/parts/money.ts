/** Amounts and times as people of a language write them, and amounts as they type them. */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';

export type Language = 'en' | 'de';

/** The reader's own variant of the language (en-GB), if the browser names one. */
function localeOf(language: Language): string {
  return navigator.languages.find((name) => name.toLowerCase().startsWith(language)) ?? language;
}

export type MoneyStyle = { currency: string; language: Language };

export function moneyText(cents: number, { currency, language }: MoneyStyle): string {
  const format = { style: 'currency', currency } as const;
  return new Intl.NumberFormat(localeOf(language), format).format(cents / 100);
}

/** An amount as a person of that language types it: no currency, no groups. */
export function plainMoneyText(cents: number, language: Language): string {
  const format = {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    useGrouping: false,
  } as const;
  return new Intl.NumberFormat(localeOf(language), format).format(cents / 100);
}

/**
 * Cents of an amount that a person typed: digits, one separator at most, no more decimals than a cent. Undefined
 * is no amount, or none that can be paid: nothing is guessed, rounded, or read as a program would (1e2, 0x10).
 */
export function readMoney(text: string): number | undefined {
  const [, whole, decimals = ''] = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  const cents = Number(whole) * 100 + Number(decimals.padEnd(2, '0'));
  return cents > 0 && cents <= AMOUNT_CENTS_MAX ? cents : undefined;
}

export function timeText(atMs: number, language: Language): string {
  const format = { dateStyle: 'medium', timeStyle: 'short' } as const;
  return new Intl.DateTimeFormat(localeOf(language), format).format(atMs);
}

export function clockText(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(localeOf(language), { timeStyle: 'short' }).format(atMs);
}
