/**
 * Takes away what is kept for a time only, in the background: one short transaction after the other, requests in
 * between. Time comes from the clock that signs: while the machine's clock is in doubt nothing goes.
 */
import type { Clock } from '@stile/host/clock.ts';
import type { Logger } from 'pino';
import { CUT_KINDS } from '../core/retention/cut-changes.ts';
import type { Retention } from '../core/retention/cuts.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { pause } from './pause.ts';

/** How often it looks whether there is anything to take. */
const EVERY_MS = 60_000;
/** Pieces of one kind before the next sweep goes on with it. */
const PIECES_MAX = 20;

export type RetentionParts = {
  store: Pick<Store, 'cutOnce'>;
  retention: Retention;
  signedClock: Pick<SignedClock, 'judge'>;
  clock: Clock;
  log: Logger;
};

export function createRetention({ store, retention, signedClock, clock, log }: RetentionParts) {
  let nextMs = 0;

  /** True if there may be more. */
  async function cutSome(nowMs: number): Promise<boolean> {
    let isMore = false;
    for (const kind of CUT_KINDS) {
      let pieces = 0;
      let hasMore = true;
      while (hasMore && pieces < PIECES_MAX) {
        hasMore = await store.cutOnce(kind, { retention, nowMs });
        pieces += 1;
        await pause();
      }
      if (pieces > 1) log.info({ kind, pieces }, 'old rows were cut');
      isMore ||= hasMore;
    }
    return isMore;
  }

  return async function turn(): Promise<void> {
    const { monoMs } = clock.now();
    if (monoMs < nextMs) return;
    const { atS, doubt } = signedClock.judge();
    if (doubt !== null) return;
    nextMs = (await cutSome(atS * 1000)) ? monoMs : monoMs + EVERY_MS;
  };
}
