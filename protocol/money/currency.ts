/**
 * How many decimals a currency has: what its minor unit is, in which all amounts are kept. By ISO 4217 and never by
 * Intl, whose table is about how people write cash, differs from browser to browser and changes with it: 100 minor
 * units of IDR would be 1.00 on one phone and 100 on another (docs/decisions/0044). A row never changes: amounts in
 * books were entered by it.
 */

const USUAL_EXPONENT = 2;

/** Only those that differ from the usual. */
const CODES_OF_EXPONENT: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_OF_EXPONENT).flatMap(([exponent, codes]) =>
    codes.split(' ').map((code) => [code, Number(exponent)] as const),
  ),
);

/** One unit of the currency is 10 to this power of minor units. A code that ISO 4217 does not know has two decimals. */
export function exponentOf(currency: string): number {
  return EXPONENTS.get(currency) ?? USUAL_EXPONENT;
}
