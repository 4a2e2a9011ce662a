/**
 * Works on the shards that the queue names. The row of the shard in the database is what keeps two workers apart
 * (the queue's own lock can end while its holder is still at work); the queue only says where to look.
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { isReady } from './redis.ts';
import { QUEUE_NAME, type ShardJob } from './shard-queue.ts';

/** Shards that one process works on at a time. */
const SHARDS_AT_ONCE = 4;
/** How long one job works before others have their turn; what is left is announced again. */
const DRAIN_MS_MAX = 5_000;
/** After so long without a sign of life a job is given to another worker, which looks for such jobs twice as often. */
const LOCK_MS = 30_000;
/** After an error Redis is asked for the next job again. */
const RETRY_MS = 1_000;
/** How often it is seen to that the queue is really listened to. */
const CHECK_MS = 2_000;
/** Workers that may die at one job before it is given up; the sweep of the database brings it back. */
const STALLED_MAX = 10;

/** `idle`: nothing is due there, or another one works on it now. */
export type ShardTurn = 'worked' | 'failed' | 'idle';

export type ShardWorkerParts = {
  /** One piece of the shard's work, in a transaction that holds its row. */
  workOnce: (shard: number) => Promise<ShardTurn>;
  announce: (shards: readonly number[]) => Promise<void>;
  /** Jobs that wait on the queue. */
  countWaiting: () => Promise<number>;
  /** Default: 30 s. */
  lockMs?: number | undefined;
  clock: Clock;
  log: Logger;
};

export type Drain = (shard: number) => Promise<'done' | 'more'>;

export function createDrain({
  workOnce,
  clock,
}: Pick<ShardWorkerParts, 'workOnce' | 'clock'>): Drain {
  return async (shard) => {
    const endMs = clock.now().monoMs + DRAIN_MS_MAX;
    while (clock.now().monoMs < endMs) {
      const turn = await workOnce(shard);
      // What failed was made smaller or put off: the rest of the shard goes on.
      if (turn === 'idle') return 'done';
    }
    return 'more';
  };
}

/** `close` waits for the pieces that are under way and not for the rest of a shard. */
export type ShardWorker = { close(): Promise<void> };

export function createShardWorker(
  parts: ShardWorkerParts,
  { redis, prefix }: { redis: Redis; prefix: string },
): ShardWorker {
  const { announce, countWaiting, lockMs = LOCK_MS, clock, log } = parts;
  let isClosing = false;
  /** Jobs that were begun here ever, and that are at work now. */
  let begun = 0;
  let atWork = 0;
  /** How many were begun when jobs were last seen to wait with nobody at work. */
  let idleSinceBegun: number | null = null;
  let cancelCheck: () => void = () => undefined;
  const drain = createDrain({
    clock,
    workOnce: async (shard) => (isClosing ? 'idle' : await parts.workOnce(shard)),
  });

  async function work({ data }: Job<ShardJob>): Promise<void> {
    begun += 1;
    atWork += 1;
    try {
      if ((await drain(data.shard)) === 'more') await announce([data.shard]);
    } finally {
      atWork -= 1;
    }
  }

  function open(): Worker<ShardJob> {
    const opened = new Worker<ShardJob>(QUEUE_NAME, work, {
      connection: redis,
      prefix,
      concurrency: SHARDS_AT_ONCE,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      maxStalledCount: STALLED_MAX,
      runRetryDelay: RETRY_MS,
    });
    opened.on('error', (error) => log.debug({ why: describeError(error) }, 'the queue'));
    opened.on('failed', (job, error) => {
      const { name, data } = job ?? {};
      const why = describeError(error);
      log.error({ name, data, why }, 'a job failed; the sweep brings it back');
    });
    return opened;
  }

  // One that loses Redis in the middle of its start, or of a read, can wait for ever: another takes its place.
  async function lookAfter(): Promise<void> {
    const isIdle = isReady(redis) && atWork === 0 && (await countWaiting()) > 0;
    const wasIdle = idleSinceBegun === begun;
    idleSinceBegun = isIdle ? begun : null;
    if (!isIdle || !wasIdle || isClosing) return;
    log.warn('the queue was not listened to any more: it is again');
    void worker.close(true).catch(() => undefined);
    worker = open();
  }

  function check(): void {
    cancelCheck = clock.alarm(clock.now().monoMs + CHECK_MS, () => {
      void lookAfter()
        .catch(() => undefined)
        .finally(() => {
          if (!isClosing) check();
        });
    });
  }

  let worker = open();
  check();
  return {
    async close() {
      isClosing = true;
      cancelCheck();
      // Without Redis there is nobody to say goodbye to, and what was begun is finished by the database's rules.
      await worker.close(!isReady(redis));
    },
  };
}
