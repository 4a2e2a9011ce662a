/** Amounts and times as people of a language write them. What they type is read by protocol/money/amount.ts. */
import { amountText } from '@stile/protocol/money/amount.ts';
import { exponentOf } from '@stile/protocol/money/currency.ts';
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import type { Language } from './languages.ts';

/** The reader's own variant of the language (en-GB), if the browser names one. */
function localeOf(language: Language): string {
  return navigator.languages.find((name) => name.toLowerCase().startsWith(language)) ?? language;
}

export type MoneyStyle = { currency: string; language: Language };

/** `minor`: minor units of the currency. How many decimals that are is never Intl's to say. */
export function moneyText(minor: number, style: MoneyStyle): string {
  return written({ minor, style, shape: { style: 'currency', currency: style.currency } });
}

/** An amount as a person of that language types it: no currency, no groups. */
export function plainMoneyText(minor: number, style: MoneyStyle): string {
  return written({ minor, style, shape: { useGrouping: false, numberingSystem: 'latn' } });
}

/** What the words for an amount that cannot be taken speak of. */
export type AmountHint = { example: string; decimals: number; most: string };
const EXAMPLE_MINOR = 1_250;

export function amountHint(style: MoneyStyle, mostMinor = AMOUNT_CENTS_MAX): AmountHint {
  return {
    example: plainMoneyText(EXAMPLE_MINOR, style),
    decimals: exponentOf(style.currency),
    most: moneyText(mostMinor, style),
  };
}

type Shape = Pick<
  Intl.NumberFormatOptions,
  'style' | 'currency' | 'useGrouping' | 'numberingSystem'
>;

function written({
  minor,
  style,
  shape,
}: {
  minor: number;
  style: MoneyStyle;
  shape: Shape;
}): string {
  const decimals = exponentOf(style.currency);
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const units = Number(amountText(minor, style.currency));
  return new Intl.NumberFormat(localeOf(style.language), { ...shape, ...digits }).format(units);
}

export function timeText(atMs: number, language: Language): string {
  const format = { dateStyle: 'medium', timeStyle: 'short' } as const;
  return new Intl.DateTimeFormat(localeOf(language), format).format(atMs);
}

export function clockText(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(localeOf(language), { timeStyle: 'short' }).format(atMs);
}
