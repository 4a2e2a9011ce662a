/** How pages reach the till that main.tsx has made. */
import { assert } from '@stile/protocol/fault.ts';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { MoneyStyle } from '../../parts/money.ts';
import type { Till } from '../shell/till.ts';

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
