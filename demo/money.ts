/** Amounts of the demo's town, as the commands take them and the tables show them. */
import { amountText } from '@stile/protocol/money/amount.ts';

export const CURRENCY = 'EUR';

/** `minor`: minor units. */
export function plainMoney(minor: number): string {
  return amountText(minor, CURRENCY);
}
