/**
 * The queue of shards with work. A job carries the number of a shard and nothing else: what there is to do is
 * read from the outbox, so that a job may come twice, late, or not at all.
 */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';

export const QUEUE_NAME = 'stile-settlement';
/** Jobs that failed and are kept to look at. */
const FAILED_KEPT_MAX = 100;

export type ShardJob = { shard: number };

export type ShardQueue = {
  /** Each shard waits once at most; one that is worked on now comes once more behind it. */
  announce(shards: readonly number[]): Promise<void>;
  countWaiting(): Promise<number>;
  queue: Queue<ShardJob>;
  close(): Promise<void>;
};

/** `prefix`: of all its keys, so that several may share one Redis. */
export function createShardQueue(redis: Redis, { prefix }: { prefix: string }): ShardQueue {
  const queue = new Queue<ShardJob>(QUEUE_NAME, { connection: redis, prefix });
  // The connection says itself when it is away.
  queue.on('error', () => undefined);
  return {
    queue,
    countWaiting: () => queue.getWaitingCount(),
    async announce(shards) {
      if (shards.length === 0) return;
      await queue.addBulk(
        shards.map((shard) => ({
          name: 'shard',
          data: { shard },
          opts: {
            deduplication: { id: `shard-${shard}`, keepLastIfActive: true },
            removeOnComplete: true,
            removeOnFail: { count: FAILED_KEPT_MAX },
          },
        })),
      );
    },
    close: () => queue.close(),
  };
}
