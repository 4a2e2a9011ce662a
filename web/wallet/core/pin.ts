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

/** How long until the next one may be tried; never longer than the pause behind that many. */
export function pinWaitMs({ wrong }: Pick<PinTries, 'wrong'>, sinceMs: number): number {
  if (wrong < WRONG_FREE) return 0;
  const pauseMs = FIRST_WAIT_MS * 2 ** (wrong - WRONG_FREE);
  return Math.max(0, pauseMs - Math.max(0, sinceMs));
}

export type PageInstant = { wallMs: number; monoMs: number };

/** The last try as one page has seen it, and when it saw it first. */
export type SeenTry = PinTries & { sinceMs: number; seenAtMonoMs: number };

/** A try that lies in the future was made by a clock that was wrong: its pause counts from now. */
export function seeTry({ wrong, lastAtMs }: PinTries, now: PageInstant): SeenTry {
  const sinceMs = Math.max(0, now.wallMs - lastAtMs);
  return { wrong, lastAtMs, sinceMs, seenAtMonoMs: now.monoMs };
}

/** How long ago the last try was. While a page is open the wall clock may be moved as one likes: it goes by its own. */
export function sinceTryMs(
  tries: PinTries,
  of: { seen: SeenTry | null; now: PageInstant },
): number {
  const { seen, now } = of;
  const isSame = seen?.wrong === tries.wrong && seen.lastAtMs === tries.lastAtMs;
  const { sinceMs, seenAtMonoMs } = isSame ? seen : seeTry(tries, now);
  return sinceMs + now.monoMs - seenAtMonoMs;
}

export function isPinOver({ wrong }: Pick<PinTries, 'wrong'>): boolean {
  return wrong >= WRONG_MAX;
}

export function isPin(text: string): boolean {
  return /^\d+$/.test(text) && text.length >= PIN_DIGITS_MIN && text.length <= PIN_DIGITS_MAX;
}
