/**
 * The queue of shards on a real Redis: work that is announced is done by somebody, and what Redis loses comes
 * back from the database, which is a list in memory here.
 */
import { systemClock } from '@stile/host/clock.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { openRedisServer, type RedisServer } from '../../testing/redis-server.ts';
import { isReady, openRedis } from './redis.ts';
import { createRelay } from './relay.ts';
import { createShardQueue } from './shard-queue.ts';
import { createDrain, createShardWorker, type ShardTurn } from './shard-worker.ts';

const log = pino({ level: 'silent' });
const clock = systemClock;
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function closed<T extends { close(): Promise<unknown> }>(one: T): T {
  closing.push(() => one.close());
  return one;
}

async function server(options = {}): Promise<RedisServer> {
  return closed(await openRedisServer(options));
}

async function connect({ url }: RedisServer): Promise<Redis> {
  const redis = await openRedis({ url, log });
  closing.push(async () => redis.disconnect());
  return redis;
}

/** Pieces of work by shard, and who is at a shard now. */
class Outbox {
  readonly waiting = new Map<number, number>();
  readonly done: number[] = [];
  readonly #held = new Set<number>();
  overlaps = 0;
  #changed = Promise.withResolvers<void>();

  add(shard: number, pieces: number): void {
    this.waiting.set(shard, (this.waiting.get(shard) ?? 0) + pieces);
  }

  due = async (): Promise<number[]> =>
    [...this.waiting].filter(([, pieces]) => pieces > 0).map(([shard]) => shard);

  workOnce = async (shard: number): Promise<ShardTurn> => {
    if (this.#held.has(shard)) return 'idle';
    const pieces = this.waiting.get(shard) ?? 0;
    if (pieces === 0) return 'idle';
    this.#held.add(shard);
    await new Promise((next) => setImmediate(next));
    this.add(shard, -1);
    this.done.push(shard);
    this.#held.delete(shard);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    return 'worked';
  };

  async empty(): Promise<void> {
    while ((await this.due()).length > 0) await this.#changed.promise;
  }
}

function wire(redis: Redis, outbox: Outbox) {
  const shardQueue = closed(createShardQueue(redis, { prefix: 'test' }));
  const { announce, countWaiting } = shardQueue;
  const { workOnce } = outbox;
  const drain = createDrain({ workOnce, clock });
  const relay = closed(
    createRelay({
      listDueShards: outbox.due,
      announce,
      isReachable: () => isReady(redis),
      away: async (shards) => {
        for (const shard of shards) await drain(shard);
      },
      clock,
      log,
    }),
  );
  const newWorker = () =>
    closed(
      createShardWorker(
        { workOnce, announce, countWaiting, clock, log },
        { redis, prefix: 'test' },
      ),
    );
  return { relay, newWorker, queue: shardQueue.queue };
}

describe('work', () => {
  test('that is announced is done, by two workers, a shard by one at a time', async () => {
    const outbox = new Outbox();
    const { relay, newWorker } = wire(await connect(await server()), outbox);
    newWorker();
    newWorker();
    relay.start();
    for (let round = 0; round < 20; round += 1) {
      for (let shard = 0; shard < 8; shard += 1) outbox.add(shard, 3);
      relay.wake();
      await new Promise((next) => setImmediate(next));
    }
    await outbox.empty();
    expect(outbox.done).toHaveLength(20 * 8 * 3);
  });

  test('that Redis forgot comes back with the sweep of the database', async () => {
    const outbox = new Outbox();
    const redis = await connect(await server());
    const { relay, newWorker } = wire(redis, outbox);
    outbox.add(5, 2);
    await createShardQueue(redis, { prefix: 'test' }).announce([5]);
    await redis.flushall();
    newWorker();
    relay.start();
    await outbox.empty();
    expect(outbox.done).toEqual([5, 5]);
  });

  test('goes on while Redis is away, and by the queue again when it is back', async () => {
    const outbox = new Outbox();
    const redisServer = await server();
    const redis = await connect(redisServer);
    const { relay, newWorker } = wire(redis, outbox);
    newWorker();
    await redisServer.kill();
    outbox.add(1, 3);
    relay.start();
    await outbox.empty();
    const back = new Promise((resolve) => redis.once('ready', resolve));
    await redisServer.start();
    await back;
    outbox.add(2, 3);
    relay.wake();
    await outbox.empty();
    expect(outbox.done).toEqual([1, 1, 1, 2, 2, 2]);
  });
});

describe('at its start', () => {
  test('a Redis that throws jobs away is refused by name', async () => {
    const { url } = await server({ maxmemoryPolicy: 'allkeys-lru' });
    await expect(openRedis({ url, log })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('noeviction'),
    });
  });

  test.each(['', 'localhost', 'postgres://localhost', 'redis://', 'redis:6379'])(
    'the address %j is refused',
    async (url) => {
      await expect(openRedis({ url, log })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    },
  );

  test('one that is not there yet is waited for', async () => {
    const redisServer = closed(await openRedisServer({}, { isStopped: true }));
    const redis = await connect(redisServer);
    expect(isReady(redis)).toBe(false);
    const ready = new Promise((resolve) => redis.once('ready', resolve));
    await redisServer.start();
    await ready;
    expect(isReady(redis)).toBe(true);
  });
});

test('a relay whose announcement nobody answers ends at once when it is told to', async () => {
  const asked = Promise.withResolvers<void>();
  const relay = createRelay({
    listDueShards: async () => [7],
    announce: () => {
      asked.resolve();
      return new Promise<void>(() => undefined);
    },
    isReachable: () => true,
    // Nothing rings: only the end itself can end the wait.
    clock: createMovedClock({ wallMs: 0, monoMs: 0 }),
    log,
  });
  relay.start();
  await asked.promise;
  await relay.close();
});
