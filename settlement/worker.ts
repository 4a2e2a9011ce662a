/**
 * A worker: one of any number of processes that do a settlement's work behind its requests. It takes shards that the
 * queue names, and those that the database has when Redis is away. It serves nothing and holds no key that signs.
 */
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { type Random, systemRandom } from '@stile/host/random.ts';
import type { Logger } from 'pino';
import { requireSameBooks } from './books.ts';
import { readConfig, requireWhole } from './data-dir.ts';
import { requireBooksId, requirePlace } from './database-place.ts';
import { openSignedClock } from './keys/kept-time.ts';
import { openStore, readTokenHash } from './open-store.ts';
import type { Store } from './store/port.ts';

import { asDamage } from './stored-damage.ts';
import { createRelay } from './work/queue/relay.ts';
import { createDrain, createShardWorker } from './work/queue/shard-worker.ts';
import { openSharedWork, type SharedWork } from './work/queue/shared-work.ts';
import { createDoPiece } from './work/shard-work.ts';

export type WorkerOptions = {
  /** Of the settlement, with its settings and the key of its books. */
  dataDir: string;
  /** postgres://… */
  database: string;
  /** redis://… */
  redis: string;
  /** A worker that is silent for longer has lost its job on the queue. Default: 30 s. */
  lockMs?: number;
};

export type WorkerParts = { log: Logger; clock?: Clock; random?: Random };

/** `close` waits for the pieces that are under way; what is left others do. */
export type RunningWorker = { close(): Promise<void> };

/** @throws Fault CONFIG_INVALID, FILE_UNREADABLE or STORE_FAILED with what to look at. */
export async function startWorker(
  { dataDir, database, redis, lockMs }: WorkerOptions,
  { log, clock: machineClock = systemClock, random = systemRandom }: WorkerParts,
): Promise<RunningWorker> {
  requirePlace(dataDir, database);
  requireWhole(dataDir, { database });
  const config = readConfig(dataDir);
  // It listens to nothing itself, and says whose money has moved.
  const onEvents = () => undefined;
  const parts = { config, clock: machineClock, random, database, onEvents, log };
  const store = await openStore(dataDir, parts);
  try {
    await readTokenHash(store);
    await requireSameBooks(store, { ...config, dataDir });
    const { clock } = await openSignedClock(store, {
      clock: machineClock,
      jumpSMax: config.lists.jumpS,
    });
    const shared = await openSharedWork({ url: redis, books: requireBooksId(dataDir), log });
    return workOn(store, { shared, issuer: config.issuer, lockMs, clock, log });
  } catch (error) {
    await store.close();
    throw asDamage(error, dataDir);
  }
}

type WorkParts = {
  shared: SharedWork;
  issuer: number;
  lockMs: number | undefined;
  clock: Clock;
  log: Logger;
};

function workOn(store: Store, { shared, issuer, lockMs, clock, log }: WorkParts): RunningWorker {
  const { queue, redis, prefix } = shared;
  const doPiece = createDoPiece({ store, issuer, clock, log });
  const drain = createDrain({ workOnce: doPiece, clock });
  const relay = createRelay({
    listDueShards: () => store.listDueShards(clock.now().wallMs),
    announce: (shards) => queue.announce(shards),
    isReachable: () => shared.isReachable(),
    away: async (shards) => {
      for (const shard of shards) await drain(shard);
    },
    clock,
    log,
  });
  const worker = createShardWorker(
    {
      workOnce: doPiece,
      announce: (shards) => queue.announce(shards),
      countWaiting: () => queue.countWaiting(),
      lockMs,
      clock,
      log,
    },
    { redis, prefix },
  );
  relay.start();
  return {
    async close() {
      await relay.close();
      await worker.close();
      await shared.close();
      await store.close();
    },
  };
}
