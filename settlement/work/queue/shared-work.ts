/**
 * What processes that share the work of one settlement have in common on Redis: the queue of shards.
 * It is a hint; several settlements may share one Redis.
 */
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { isReady, openRedis } from './redis.ts';
import { createShardQueue, type ShardQueue } from './shard-queue.ts';

export type SharedWork = {
  redis: Redis;
  queue: ShardQueue;
  prefix: string;
  isReachable(): boolean;
  close(): Promise<void>;
};

export type SharedWorkParts = {
  /** redis://… */
  url: string;
  /** Id of the books, which keeps settlements on one Redis apart. */
  books: string;
  log: Logger;
};

/** @throws Fault CONFIG_INVALID as openRedis does. */
export async function openSharedWork({ url, books, log }: SharedWorkParts): Promise<SharedWork> {
  const redis = await openRedis({ url, log });
  const prefix = `stile:${books}`;
  const queue = createShardQueue(redis, { prefix });
  return {
    redis,
    queue,
    prefix,
    isReachable: () => isReady(redis),
    async close() {
      if (isReady(redis)) await queue.close();
      redis.disconnect();
    },
  };
}
