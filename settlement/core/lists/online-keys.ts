/**
 * The keys that sign lists and answers: which one signs at an instant, and when the next is due. Each has an
 * end, and nothing is signed past it.
 */
import type { OnlineKey } from '@stile/protocol/root-trust.ts';

export type KnownOnlineKey = Pick<OnlineKey, 'number' | 'notBeforeS' | 'notAfterS'>;

type At = { floor: number; atS: number };

/** The newest key that may sign at this instant; undefined if none may. */
export function findOnlineKey<T extends KnownOnlineKey>(
  keys: readonly T[],
  { floor, atS }: At,
): T | undefined {
  return keys
    .filter(({ number, notBeforeS, notAfterS }) => {
      return number >= floor && notBeforeS <= atS && atS <= notAfterS;
    })
    .reduce<T | undefined>((a, b) => (a === undefined || b.number >= a.number ? b : a), undefined);
}

/** The number of the next key: what was ended by number stays ended. */
export function nextOnlineNumber(keys: readonly KnownOnlineKey[], floor: number): number {
  return Math.max(floor, 1, ...keys.map(({ number }) => number + 1));
}

/** How long before its end a key is followed, or missed: of short-lived keys half their life. */
export function onlineLeadS({ notBeforeS, notAfterS }: KnownOnlineKey, warnS: number): number {
  return Math.min(warnS, Math.floor((notAfterS - notBeforeS) / 2));
}

/**
 * Whether a new key is needed, and until when there is one without a gap; null: none signs now. A key that begins
 * only after the others have ended does not move that end.
 */
export function onlineKeyNeed(
  keys: readonly KnownOnlineKey[],
  { floor, atS, warnS }: At & { warnS: number },
): { isDue: boolean; endsAtS: number | null } {
  const good = keys
    .filter(({ number }) => number >= floor)
    .sort((a, b) => a.notBeforeS - b.notBeforeS);
  let last: KnownOnlineKey | undefined;
  for (const key of good) {
    const goesOn = last === undefined ? atS : last.notAfterS + 1;
    if (key.notBeforeS <= goesOn && key.notAfterS >= goesOn) last = key;
  }
  if (last === undefined) return { isDue: true, endsAtS: null };
  const isDue = last.notAfterS - atS <= onlineLeadS(last, warnS);
  return { isDue, endsAtS: last.notAfterS };
}

export type OnlineKeyState = 'signs' | 'good' | 'waits' | 'ended' | 'revoked';

export function onlineKeyState(
  key: KnownOnlineKey,
  { floor, atS, signing }: At & { signing: number | undefined },
): OnlineKeyState {
  if (key.number < floor) return 'revoked';
  if (key.notAfterS < atS) return 'ended';
  if (key.notBeforeS > atS) return 'waits';
  return key.number === signing ? 'signs' : 'good';
}
