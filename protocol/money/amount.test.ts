/** Amounts as people write them: what is read, what is not guessed, and that nothing is lost on the way back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AMOUNT_CENTS_MAX } from '../payment.ts';
import { amountText, moneyText, readAmount } from './amount.ts';
import { exponentOf } from './currency.ts';

describe('the exponent of a currency', () => {
  test.each([
    ['JPY', 0],
    ['KRW', 0],
    ['VND', 0],
    ['ISK', 0],
    ['EUR', 2],
    ['USD', 2],
    ['KWD', 3],
    ['TND', 3],
    ['CLF', 4],
    // Intl says 0 for all of these.
    ['HUF', 2],
    ['IDR', 2],
    ['COP', 2],
    ['PKR', 2],
    ['MGA', 2],
    ['IQD', 3],
    ['a code that nobody knows', 2],
  ])('%s has %i decimals', (currency, exponent) => {
    expect(exponentOf(currency)).toBe(exponent);
  });
});

describe('reading', () => {
  test.each([
    ['12', 'EUR', 1_200],
    ['12.5', 'EUR', 1_250],
    ['12,50', 'EUR', 1_250],
    [' 0.01 ', 'EUR', 1],
    ['007', 'EUR', 700],
    ['100000', 'EUR', 10_000_000],
    ['0000000000000000000001', 'EUR', 100],
    ['1250', 'JPY', 1_250],
    ['1.250', 'KWD', 1_250],
    ['1,25', 'KWD', 1_250],
    ['10000', 'KWD', 10_000_000],
    ['\uFF11\uFF12\uFF0E\uFF15', 'EUR', 1_250],
    ['\uFF11\uFF12\uFF15\uFF10', 'JPY', 1_250],
  ])('%j in %s is %i minor units', (text, currency, minor) => {
    expect(readAmount(text, { currency })).toEqual({ ok: true, minor });
  });

  test.each([
    ['', 'EUR', 'NOT_AN_AMOUNT'],
    ['1e2', 'EUR', 'NOT_AN_AMOUNT'],
    ['0x10', 'EUR', 'NOT_AN_AMOUNT'],
    ['-1', 'EUR', 'NOT_AN_AMOUNT'],
    ['+1', 'EUR', 'NOT_AN_AMOUNT'],
    ['1.', 'EUR', 'NOT_AN_AMOUNT'],
    ['.5', 'EUR', 'NOT_AN_AMOUNT'],
    ['1.000,00', 'EUR', 'NOT_AN_AMOUNT'],
    ['1 000', 'EUR', 'NOT_AN_AMOUNT'],
    ["1'000", 'EUR', 'NOT_AN_AMOUNT'],
    ['12.50.1', 'EUR', 'NOT_AN_AMOUNT'],
    ['12.50 EUR', 'EUR', 'NOT_AN_AMOUNT'],
    ['Infinity', 'EUR', 'NOT_AN_AMOUNT'],
    ['\u0661\u0662', 'EUR', 'NOT_AN_AMOUNT'],
    ['2.614', 'EUR', 'TOO_MANY_DECIMALS'],
    ['1,000', 'EUR', 'TOO_MANY_DECIMALS'],
    ['1.0', 'JPY', 'TOO_MANY_DECIMALS'],
    ['1,000', 'JPY', 'TOO_MANY_DECIMALS'],
    ['1.2500', 'KWD', 'TOO_MANY_DECIMALS'],
    ['0', 'EUR', 'ZERO'],
    ['0,00', 'EUR', 'ZERO'],
    ['100000.01', 'EUR', 'TOO_LARGE'],
    ['10000001', 'JPY', 'TOO_LARGE'],
    ['99999999999999999999', 'EUR', 'TOO_LARGE'],
  ])('%j in %s is refused: %s', (text, currency, reason) => {
    expect(readAmount(text, { currency })).toEqual({ ok: false, reason });
  });

  test('a smaller greatest amount is kept to, and nothing is an amount where it may be', () => {
    expect(readAmount('2.51', { currency: 'EUR', minorMax: 250 })).toMatchObject({ ok: false });
    expect(readAmount('2.50', { currency: 'EUR', minorMax: 250 })).toMatchObject({ ok: true });
    expect(readAmount('0', { currency: 'EUR', isZeroGood: true })).toEqual({ ok: true, minor: 0 });
  });
});

const currency = fc.constantFrom('JPY', 'EUR', 'KWD', 'CLF', 'HUF', 'ZZZ');
const amount = fc.integer({ min: 1, max: AMOUNT_CENTS_MAX });

describe('writing', () => {
  test.each([
    [1_250, 'EUR', '12.50 EUR'],
    [5, 'EUR', '0.05 EUR'],
    [0, 'EUR', '0.00 EUR'],
    [-7, 'EUR', '-0.07 EUR'],
    [1_250, 'JPY', '1250 JPY'],
    [0, 'JPY', '0 JPY'],
    [1_250, 'KWD', '1.250 KWD'],
    [7, 'KWD', '0.007 KWD'],
    [5_000, 'HUF', '50.00 HUF'],
  ])('%i minor units of %s are %s', (minor, of, text) => {
    expect(moneyText(minor, of)).toBe(text);
  });

  test('what was written is read again as the same', () => {
    fc.assert(
      fc.property(amount, currency, (minor, of) => {
        const text = amountText(minor, of);
        expect(readAmount(text, { currency: of })).toEqual({ ok: true, minor });
        const byComma = text.replace('.', ',');
        expect(readAmount(byComma, { currency: of })).toEqual({ ok: true, minor });
      }),
    );
  });

  test('whatever is read is digits with one separator at most, and worth what they say', () => {
    const piece = fc.constantFrom(...'0123456789.,-+eExX \u00A0_'.split(''));
    const typed = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(typed, currency, (text, of) => {
        const reading = readAmount(text, { currency: of });
        if (!reading.ok) return;
        expect(text.trim()).toMatch(/^\d+([.,]\d+)?$/);
        const units = Number(text.trim().replace(',', '.'));
        expect(reading.minor / 10 ** exponentOf(of)).toBeCloseTo(units, 6);
      }),
    );
  });
});
