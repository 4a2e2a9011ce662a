/**
 * What processes that share the work of one settlement have in common on Redis: the queue of shards, and the word that
 * somebody's money has moved. Both are hints; several settlements may share one Redis.
 */
import { describeError } from '@stile/protocol/fault.ts';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { isReady, openRedis } from './redis.ts';
import { createShardQueue, type ShardQueue } from './shard-queue.ts';

export type SharedWork = {
  redis: Redis;
  queue: ShardQueue;
  prefix: string;
  isReachable(): boolean;
  /** Tells every process with open event streams; nobody waits for it. */
  tellMoneyMoved(account: string): void;
  onMoneyMoved(listener: (account: string) => void): Promise<void>;
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
  const channel = `${prefix}:moved`;
  const queue = createShardQueue(redis, { prefix });
  let listening: Redis | null = null;
  return {
    redis,
    queue,
    prefix,
    isReachable: () => isReady(redis),
    tellMoneyMoved(account) {
      // What waits for a Redis that is away would only be late.
      if (isReady(redis)) redis.publish(channel, account).catch(() => undefined);
    },
    async onMoneyMoved(listener) {
      listening = redis.duplicate();
      listening.on('error', (error) => log.debug({ why: describeError(error) }, 'events'));
      listening.on('message', (_, account) => listener(account));
      // It is asked again by itself whenever Redis comes back.
      const asked = listening.subscribe(channel);
      if (isReady(redis)) await asked;
      else asked.catch(() => undefined);
    },
    async close() {
      listening?.disconnect();
      if (isReady(redis)) await queue.close();
      redis.disconnect();
    },
  };
}
