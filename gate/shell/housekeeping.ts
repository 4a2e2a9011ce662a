/**
 * What a gate does while nobody is there: it moves the journal into the file, drops what is old, says once a day that
 * the trust list is past its date, and reads the whole deny list at its start and once a day.
 */
import { type Clock, sleep } from '@stile/host/clock.ts';
import { asFault } from '@stile/host/fault.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { GateLoop } from './loop.ts';
import type { ReferenceStore } from './store/reference-store.ts';
import type { TapsStore } from './store/taps-store.ts';

const ROUND_MS = 1_000;
/** The disk is written only if nobody has been at the gate for this long. */
const QUIET_MS = 500;
/** Old records and passes are looked for once in so many rounds. */
const PRUNE_EVERY_ROUNDS = 60;
const WARN_EVERY_ROUNDS = 24 * 3_600;
const CHECK_EVERY_ROUNDS = 24 * 3_600;
/** Between two pieces of the list, a millisecond or two of work each; a million ids take a minute. */
const CHECK_PAUSE_MS = 20;
/** So many pauses a piece waits for riders to be gone: where they never are, a million ids take half an hour. */
const CHECK_PAUSES_MAX = 50;

export type HousekeepingParts = {
  taps: TapsStore;
  reference: ReferenceStore;
  loop: GateLoop;
  clock: Clock;
  log: Logger;
  /** The cached lists are damaged. */
  onFatal: (fault: Fault) => void;
};

/** Returns how to stop it. */
export function startHousekeeping(parts: HousekeepingParts): () => void {
  const { taps, reference, loop, clock, log, onFatal } = parts;
  let checkpointedSeq = -1;
  let round = 0;
  let hasRoom = true;

  function work(): void {
    const { wallMs } = clock.now();
    round += 1;
    if (round % WARN_EVERY_ROUNDS === 0) warnIfExpired(parts);
    if (round % CHECK_EVERY_ROUNDS === 1) void reference.checkDeny(untilQuiet).catch(endIfDamaged);
    if (!isQuiet()) return;
    if (round % PRUNE_EVERY_ROUNDS === 0) taps.prune(wallMs);
    if (checkpointedSeq === taps.lastSeq) return;
    taps.checkpoint();
    checkpointedSeq = taps.lastSeq;
  }

  /** A round that finds no room is tried again, and said once; every other failure of the disk is final. */
  function attempt(): void {
    try {
      work();
      hasRoom = true;
    } catch (error) {
      const fault = asFault(error);
      if (fault.code !== 'STORE_FULL') onFatal(fault);
      else if (hasRoom) log.error({ error: fault.message }, 'the disk is full; it is tried again');
      hasRoom &&= fault.code !== 'STORE_FULL';
    }
  }

  function isQuiet(): boolean {
    return clock.now().monoMs - loop.lastScanMonoMs >= QUIET_MS;
  }

  async function untilQuiet(): Promise<void> {
    for (let pauses = 0; pauses < CHECK_PAUSES_MAX; pauses += 1) {
      await sleep(clock, CHECK_PAUSE_MS);
      if (isQuiet()) return;
    }
  }

  function endIfDamaged(error: unknown): void {
    if (reference.isDamaged()) onFatal(asFault(error));
  }

  function next(): () => void {
    return clock.alarm(clock.now().monoMs + ROUND_MS, () => {
      cancel = next();
      attempt();
    });
  }

  let cancel = next();
  return () => cancel();
}

/** An old trust list stays in force (protocol/README.md §4), but somebody should know. */
export function warnIfExpired({
  reference,
  clock,
  log,
}: Pick<HousekeepingParts, 'reference' | 'clock' | 'log'>): void {
  const { trust } = reference;
  if (trust === null) log.warn('there is no trust list: every code is refused until it is fetched');
  else if (clock.now().wallMs / 1000 > trust.expiresAtS) {
    const expiredAt = new Date(trust.expiresAtS * 1000).toISOString();
    log.warn({ trust: trust.version, expiredAt }, 'the trust list is past its date');
  }
}
