/** Amounts and times as people of a language write them. */
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

export function timeText(atMs: number, language: Language): string {
  const format = { dateStyle: 'medium', timeStyle: 'short' } as const;
  return new Intl.DateTimeFormat(localeOf(language), format).format(atMs);
}

export function clockText(atMs: number, language: Language): string {
  return new Intl.DateTimeFormat(localeOf(language), { timeStyle: 'short' }).format(atMs);
}
