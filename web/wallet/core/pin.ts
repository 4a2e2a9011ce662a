/** How often a PIN may be tried, and how long it stays open. Pure. */

export const PIN_DIGITS_MIN = 4;
export const PIN_DIGITS_MAX = 12;
/** Open for so long, or until the page is hidden. */
export const OPEN_MS = 3 * 60_000;
/** So many wrong ones in a row end the PIN, whatever the clock says: then only a recovery helps. */
export const WRONG_MAX = 10;
const WRONG_FREE = 3;
const FIRST_WAIT_MS = 30_000;

export type PinTries = {
  /** In a row, counted before each is tried. */
  wrong: number;
  lastAtMs: number;
};

/** How long until the next one may be tried; a clock that was turned back does not shorten it. */
export function pinWaitMs({ wrong, lastAtMs }: PinTries, nowMs: number): number {
  if (wrong < WRONG_FREE) return 0;
  const waitMs = FIRST_WAIT_MS * 2 ** (wrong - WRONG_FREE);
  return Math.min(waitMs, Math.max(0, lastAtMs + waitMs - nowMs));
}

export function isPinOver({ wrong }: Pick<PinTries, 'wrong'>): boolean {
  return wrong >= WRONG_MAX;
}

export function isPin(text: string): boolean {
  return /^\d+$/.test(text) && text.length >= PIN_DIGITS_MIN && text.length <= PIN_DIGITS_MAX;
}
