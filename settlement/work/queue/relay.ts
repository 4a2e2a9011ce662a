/**
 * Puts shards that have due work on the queue: soon after a commit that made some, and now and then whatever was
 * heard, so that what Redis forgot comes back. It reads the database and never the other way round.
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import { within } from './within.ts';

/** Everything that is due is announced again after so long. */
const SWEEP_MS = 5_000;
const ANNOUNCE_MS_MAX = 2_000;
/** Commits that come close together are announced at once. */
const GATHER_MS = 20;

export type RelayParts = {
  listDueShards: () => Promise<readonly number[]>;
  announce: (shards: readonly number[]) => Promise<void>;
  /** Whether the queue can be reached; if not, `away` gets the shards. */
  isReachable: () => boolean;
  /** Works on shards without the queue; none in a process that is no worker. */
  away?: (shards: readonly number[]) => Promise<void>;
  clock: Clock;
  log: Logger;
};

export type Relay = {
  /** Called behind a commit that may have made work. */
  wake(): void;
  start(): void;
  close(): Promise<void>;
};

export function createRelay(parts: RelayParts): Relay {
  const { listDueShards, announce, isReachable, away, clock, log } = parts;
  let running: Promise<void> | null = null;
  let isWoken = false;
  let isClosed = false;
  const closed = Promise.withResolvers<void>();
  let cancelGather: (() => void) | null = null;
  let cancelSweep: (() => void) | null = null;

  async function pass(): Promise<void> {
    try {
      const shards = await listDueShards();
      if (shards.length === 0) return;
      if (!isReachable()) await away?.(shards);
      // A Redis that goes meanwhile answers when it is back: nothing else waits for that, and no end of the process.
      else {
        const announced = within(ANNOUNCE_MS_MAX, { work: announce(shards), clock });
        await Promise.race([announced, closed.promise]);
      }
    } catch (error) {
      const why = describeError(error);
      if (!isClosed) log.error({ why }, 'work could not be announced; the next sweep goes on');
    }
  }

  async function run(): Promise<void> {
    while (isWoken && !isClosed) {
      isWoken = false;
      await pass();
    }
    running = null;
  }

  function go(): void {
    isWoken = true;
    if (!isClosed) running ??= run();
  }

  function sweep(): void {
    cancelSweep = clock.alarm(clock.now().monoMs + SWEEP_MS, () => {
      go();
      if (!isClosed) sweep();
    });
  }

  return {
    wake() {
      if (cancelGather !== null || isClosed) return;
      cancelGather = clock.alarm(clock.now().monoMs + GATHER_MS, () => {
        cancelGather = null;
        go();
      });
    },
    start() {
      go();
      sweep();
    },
    async close() {
      isClosed = true;
      closed.resolve();
      cancelGather?.();
      cancelSweep?.();
      await running;
    },
  };
}
