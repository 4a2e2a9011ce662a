/** How the work behind requests is done: in this process, or by workers that hear of it through Redis. */
import type { Clock } from '@stile/host/clock.ts';
import type { Logger } from 'pino';
import type { Closing } from './closing.ts';
import { requireBooksId } from './database-place.ts';
import type { Store } from './store/port.ts';
import type { Leader } from './work/leader.ts';
import { type CountJobs, createCountJobs } from './work/queue/count-jobs.ts';
import { createRelay } from './work/queue/relay.ts';
import { createSharedCounts, type SharedCounts } from './work/queue/shared-counts.ts';
import { openSharedWork } from './work/queue/shared-work.ts';
import { createDoPiece, type DoPiece } from './work/shard-work.ts';

export type OpenWorkParts = {
  store: Store;
  config: { issuer: number };
  /** The machine's own. */
  clock: Clock;
  closing: Closing;
  log: Logger;
};

export type OpenWork = {
  doPiece: DoPiece;
  /** Null, as the next: without Redis. */
  countJobs: CountJobs | null;
  sharedCounts: SharedCounts | null;
};

/** Pieces of the work: done here, or with Redis by workers, who are told of it and tell whose money moved. */
export async function openWork(
  { dataDir, redis }: { dataDir: string; redis?: string | undefined },
  of: { parts: OpenWorkParts; leader: Leader; clock: Clock },
): Promise<OpenWork> {
  const { parts, leader, clock } = of;
  const { store, config, log, closing } = parts;
  if (redis === undefined) {
    const doPiece = createDoPiece({ store, issuer: config.issuer, clock, log });
    const doIfLeader: DoPiece = async (shard) =>
      leader.term() === null ? 'idle' : await doPiece(shard);
    return { doPiece: doIfLeader, countJobs: null, sharedCounts: null };
  }
  const shared = await openSharedWork({ url: redis, books: requireBooksId(dataDir), log });
  closing.first(() => shared.close());
  const relay = createRelay({
    listDueShards: () => store.listDueShards(clock.now().wallMs),
    announce: (shards) => shared.queue.announce(shards),
    isReachable: () => shared.isReachable(),
    clock,
    log,
  });
  closing.first(() => relay.close());
  relay.start();
  const wake: DoPiece = async () => {
    relay.wake();
    return 'idle';
  };
  const sharedCounts = createSharedCounts({ shared, clock: parts.clock, log });
  closing.first(async () => sharedCounts.close());
  const countJobs = createCountJobs({ shared, clock: parts.clock });
  return { doPiece: wake, countJobs, sharedCounts };
}
