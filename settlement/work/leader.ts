/**
 * Whether this process leads: of those on one database one does what is done once for all. It says every second that it
 * is there; others take over when its words have stayed the same for long enough. What it still writes after that is
 * refused by the fence (core/lead/lease.ts).
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import { isSame } from '../core/lead/lease.ts';
import type { Lease } from '../core/lead/lease-changes.ts';
import type { Store } from '../store/port.ts';

/** How often the leader says that it is there, and others look. */
const BEAT_MS = 1_000;
/** After so long with the same word others take over. */
export const TAKE_OVER_MS = 6_000;

/** While this process leads. `fence`: undefined if nobody shares the database. */
export type Term = { fence: number | undefined };

export type Leader = {
  /** Null: another one leads, or nobody. */
  term(): Term | null;
  /** It has found out that another one leads. */
  stepDown(): void;
};

/** A database that no other process has. */
export const ALONE: Leader = { term: () => ({ fence: undefined }), stepDown: () => undefined };

export type LeaderParts = {
  store: Pick<Store, 'bidForLease' | 'releaseLease'>;
  /** The name of this process, unlike any other's. */
  holder: string;
  /** The machine's own. */
  clock: Clock;
  log: Logger;
};

export type ElectedLeader = Leader & {
  beat(): Promise<void>;
  /** `onBeat`: called at each beat, whoever leads. */
  start(onBeat: () => Promise<void>): void;
  close(): Promise<void>;
};

type Seen = { lease: Lease; sinceMs: number };

export function createLeader({ store, holder, clock, log }: LeaderParts): ElectedLeader {
  let held: { fence: number } | null = null;
  let seen: Seen | null = null;
  let onBeat: () => Promise<void> = async () => undefined;
  let isClosed = false;
  let beating: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;

  function overBy(nowMs: number): Lease | null {
    return seen !== null && nowMs - seen.sinceMs >= TAKE_OVER_MS ? seen.lease : null;
  }

  async function beat(): Promise<void> {
    const { monoMs } = clock.now();
    const lease = await store.bidForLease({ holder, over: overBy(monoMs) });
    if (lease.holder === holder) {
      if (held?.fence !== lease.fence) log.info({ fence: lease.fence }, 'this process leads');
      held = { fence: lease.fence };
      seen = null;
      return;
    }
    if (held !== null) log.warn({ fence: held.fence }, 'another process leads from now on');
    held = null;
    // By this clock alone: whose time the other one has does not matter.
    if (!isSame(lease, seen?.lease ?? null)) seen = { lease, sinceMs: monoMs };
  }

  async function turn(): Promise<void> {
    try {
      await beat();
      if (!isClosed) await onBeat();
    } catch (error) {
      if (!isClosed) log.error({ why: describeError(error) }, 'who leads could not be seen to');
    }
    if (!isClosed) setNext();
  }

  function setNext(): void {
    cancel = clock.alarm(clock.now().monoMs + BEAT_MS, () => {
      beating = turn();
    });
  }

  return {
    // One that has slept through its end does not know yet: the fence does.
    term: () => held,
    stepDown() {
      held = null;
    },
    beat,
    start(listener) {
      onBeat = listener;
      setNext();
    },
    async close() {
      isClosed = true;
      cancel();
      await beating;
      held = null;
      await store.releaseLease(holder).catch(() => undefined);
    },
  };
}
