/** How pages reach the till that main.tsx has made. */
import { assert } from '@stile/protocol/fault.ts';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { type MoneyStyle, moneyText } from '../../parts/money.ts';
import type { Failure } from '../shell/merchant-client.ts';
import type { TillRecord } from '../shell/records.ts';
import type { Till } from '../shell/till.ts';
import type { Words } from '../words/shape.ts';

export const TillContext = createContext<Till | null>(null);

export function useTill(): Till {
  const till = useContext(TillContext);
  assert(till !== null, 'every page stands inside a till');
  return till;
}

/** How amounts are written here: in the operator's currency, in the chosen language. */
export function useMoneyStyle(): MoneyStyle {
  const { merchant, language } = useTill();
  return { currency: merchant.value?.currency ?? 'EUR', language: language.current.value };
}

/** What stands in a record, in the money and with the name of the shop that began it. */
export function useRecordText(): (record: TillRecord) => { amount: string; shop: string } {
  const { current } = useTill().language;
  return ({ merchant, merchantName, amountCents, currency }) => ({
    amount: moneyText(amountCents, { currency, language: current.value }),
    shop: `${merchantName} (${merchant})`,
  });
}

/** Why something did not happen, in the chosen language if the till has words for it, else in settlement's. */
export function failureText(words: Words, { code, message }: Failure): string {
  const known: Partial<Record<string, string>> = words.failures;
  return known[code] ?? message;
}
