/** Amounts as pages show them: the currency decides about decimals, whatever the browser thinks of it. */
import { readAmount } from '@stile/protocol/money/amount.ts';
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Language } from './languages.ts';
import { amountHint, moneyText, plainMoneyText } from './money.ts';

/** As `Intl` writes it, with blanks that a reader of this file can tell apart from others. */
const shown = (text: string) => text.replace(/\u00A0/g, '~');

test.each([
  [1_250, 'JPY', 'en', '¥1,250'],
  [1_250, 'JPY', 'de', '1.250~¥'],
  [1_250, 'EUR', 'en', '€12.50'],
  [1_250, 'EUR', 'de', '12,50~€'],
  [-1_250, 'EUR', 'en', '-€12.50'],
  [1_250, 'KWD', 'en', 'KWD~1.250'],
  [1_250, 'KWD', 'de', '1,250~KWD'],
  // Intl alone would show none of their decimals.
  [1_250, 'HUF', 'en', 'HUF~12.50'],
  [1_250, 'IQD', 'en', 'IQD~1.250'],
] as const)('%i minor units of %s are in %s %s', (minor, currency, language, text) => {
  expect(shown(moneyText(minor, { currency, language }))).toBe(text);
});

test('what stands in a field is read as the same amount, in every language', () => {
  const amount = fc.integer({ min: 1, max: AMOUNT_CENTS_MAX });
  const style = fc.record({
    currency: fc.constantFrom('JPY', 'EUR', 'KWD', 'CLF', 'IDR'),
    language: fc.constantFrom<Language>('en', 'de'),
  });
  fc.assert(
    fc.property(amount, style, (minor, of) => {
      const reading = readAmount(plainMoneyText(minor, of), { currency: of.currency });
      expect(reading).toEqual({ ok: true, minor });
    }),
  );
});

test('what is no amount is explained with one of that currency', () => {
  const of = (currency: string) => amountHint({ currency, language: 'de' }, 1_250);
  expect(of('JPY')).toMatchObject({ example: '1250', decimals: 0 });
  expect(of('EUR')).toMatchObject({ example: '12,50', decimals: 2 });
  expect(of('KWD')).toMatchObject({ example: '1,250', decimals: 3 });
  expect(shown(of('EUR').most)).toBe('12,50~€');
});
