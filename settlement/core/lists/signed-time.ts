/**
 * Which time settlement signs. A clock that is far from the last signed time, by what is known to have
 * passed since, is not believed until the operator says that it is right: until then the last signed time
 * goes on, so that denials still reach the gates and no wrong time does.
 */

/** How far the clock may differ from what this process has counted itself, and how far it may fall back. */
export const SLIP_S_MAX = 600;
/** How far the time that an operator states may lie from the clock that it confirms. */
export const STATED_S_MAX = 300;

/**
 * The last time that was signed or judged good, and what this process has counted since. `wasOurs`: it was
 * judged by this process, so nothing else can have passed.
 */
export type LastTime = { atS: number; elapsedS: number; wasOurs: boolean };

export type TimeFacts = { wallS: number; last: LastTime | undefined; jumpSMax: number };

export type SignedTime = {
  atS: number;
  /** Null: the clock is believed. */
  doubt: { wallS: number; expectedS: number } | null;
};

export function judgeTime({ wallS, last, jumpSMax }: TimeFacts): SignedTime {
  if (last === undefined) return { atS: wallS, doubt: null };
  const expectedS = last.atS + last.elapsedS;
  const aheadSMax = last.wasOurs ? SLIP_S_MAX : jumpSMax;
  if (wallS > expectedS + aheadSMax || wallS < expectedS - SLIP_S_MAX) {
    return { atS: expectedS, doubt: { wallS, expectedS } };
  }
  return { atS: Math.max(wallS, last.atS), doubt: null };
}

/** Whether an operator's word fits the clock: a wrong clock is set, not confirmed. */
export function isConfirmed({ wallS, statedS }: { wallS: number; statedS: number }): boolean {
  return Math.abs(wallS - statedS) <= STATED_S_MAX;
}
