/** The amount on a till's display, one key at a time. Pure; digits move in from the right, as on any till. */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';

export type Key =
  | '0'
  | '1'
  | '2'
  | '3'
  | '4'
  | '5'
  | '6'
  | '7'
  | '8'
  | '9'
  | '00'
  | 'back'
  | 'clear';

/** What stands there after a key; a key that would pass the greatest amount changes nothing. */
export function pressKey(cents: number, key: Key): number {
  if (key === 'clear') return 0;
  if (key === 'back') return Math.floor(cents / 10);
  const next = cents * 10 ** key.length + Number(key);
  return next <= AMOUNT_CENTS_MAX ? next : cents;
}

/** What a key of the keyboard means, or undefined where it is none of the till's. */
export function keyOf(name: string): Key | undefined {
  if (/^\d$/.test(name)) return name as Key;
  if (name === 'Backspace') return 'back';
  if (name === 'Escape' || name === 'Delete') return 'clear';
  return undefined;
}
