/**
 * The time that is believed, on disk by itself: while nothing may be signed no list says it, and a start that went by
 * the last list would fall back behind the end of a key.
 */
import type { Clock } from '@stile/host/clock.ts';
import { z } from 'zod';
import type { Store } from '../store/port.ts';
import { createSignedClock, type SignedClock } from './signed-clock.ts';

const META_KEY = 'believedTime';
/** Between two notes while the clock is believed. */
const EVERY_S = 3_600;

/** `trustVersion`: the list of then; a later list says a later time, or a better one. */
const keptSchema = z.strictObject({ atS: z.int(), trustVersion: z.int() });

type KeepingStore = Pick<Store, 'readMeta' | 'writeMeta' | 'readListFacts'>;

/** The last time that was signed or believed; undefined: none yet. */
export async function readLastTime(store: KeepingStore): Promise<number | undefined> {
  const { trust } = await store.readListFacts();
  const text = await store.readMeta(META_KEY);
  if (text === undefined) return trust?.list.issuedAtS;
  const kept = keptSchema.parse(JSON.parse(text));
  if (trust !== undefined && trust.list.version > kept.trustVersion) return trust.list.issuedAtS;
  return kept.atS;
}

export type TimeKeeper = {
  /** Now and then, while the clock is believed. */
  keep(): Promise<void>;
  /** At once: an operator has said the time. */
  keepNow(): Promise<void>;
};

export function createTimeKeeper({
  store,
  signedClock,
}: {
  store: KeepingStore;
  signedClock: Pick<SignedClock, 'judge'>;
}): TimeKeeper {
  let keptS = Number.NEGATIVE_INFINITY;

  async function keepNow(): Promise<void> {
    const { atS, doubt } = signedClock.judge();
    if (doubt !== null) return;
    const trustVersion = (await store.readListFacts()).trust?.list.version ?? 0;
    await store.writeMeta(META_KEY, JSON.stringify({ atS, trustVersion }));
    keptS = atS;
  }

  return {
    keepNow,
    async keep() {
      if (signedClock.judge().atS >= keptS + EVERY_S) await keepNow();
    },
  };
}

/** It begins at the latest list, or at the time that was believed after it. `jumpSMax` as in `createSignedClock`. */
export async function openSignedClock(
  store: KeepingStore,
  { clock, jumpSMax }: { clock: Clock; jumpSMax: number },
): Promise<SignedClock> {
  return createSignedClock(clock, { lastS: await readLastTime(store), jumpSMax });
}
