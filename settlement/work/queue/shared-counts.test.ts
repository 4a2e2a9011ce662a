/** What several processes count of one subject, on a real Redis: all of it, a moment later, and each alone without one. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRedisServer, type RedisServer } from '../../testing/redis-server.ts';
import { createSharedCounts, type SharedCounts } from './shared-counts.ts';
import { openSharedWork, type SharedWork } from './shared-work.ts';

const WINDOW_MS = 60_000;
const log = pino({ level: 'silent' });

let server: RedisServer;
let works: SharedWork[];
beforeEach(async () => {
  server = await openRedisServer();
  works = [];
});
afterEach(async () => {
  for (const work of works) await work.close();
  await server.close();
});

/** A process with a clock of its own; `told` waits until Redis knows so many. */
async function open() {
  const shared = await openSharedWork({ url: server.url, books: 'b', log });
  works.push(shared);
  const clock = createMovedClock({ wallMs: 10 * WINDOW_MS + 1_000, monoMs: 0 });
  const counts = createSharedCounts({ shared, clock, log });
  const many = (subject: string, times: number) =>
    Array.from({ length: times }, () => countOf(counts, subject)).at(-1);
  return {
    clock,
    counts,
    many,
    async told(subject: string, sum: number): Promise<void> {
      clock.advance(50);
      const read = () => shared.redis.hget(`stile:b:counts:rider:${10}`, subject);
      await expect.poll(read, { interval: 5 }).toBe(String(sum));
      // The answer comes to the other connection of the same process in the same order.
      await shared.redis.ping();
    },
  };
}

function countOf(counts: SharedCounts, subject: string): number {
  return counts.count({ name: 'rider', subject, windowMs: WINDOW_MS }).count;
}

test('each knows what the others have counted as soon as it has told its own', async () => {
  const [one, other] = [await open(), await open()];
  expect(one.many('ada', 3)).toBe(3);
  await one.told('ada', 3);
  expect(other.many('ada', 2)).toBe(2);
  await other.told('ada', 5);
  expect(other.many('ada', 1)).toBe(6);
  expect(one.many('ada', 1)).toBe(4);
  await other.told('ada', 6);
  await one.told('ada', 7);
  expect(one.many('ada', 1)).toBe(8);
  expect(one.many('bob', 1)).toBe(1);
});

test('a window ends for all by the wall clock, and says how long that is', async () => {
  const one = await open();
  expect(one.counts.count({ name: 'rider', subject: 'ada', windowMs: WINDOW_MS })).toEqual({
    count: 1,
    leftMs: 59_000,
  });
  one.many('ada', 4);
  one.clock.advance(59_000);
  expect(one.many('ada', 1)).toBe(1);
});

test('without Redis it counts alone, and tells what it has when Redis is back', async () => {
  const one = await open();
  await server.kill();
  await expect.poll(() => works[0]?.isReachable()).toBe(false);
  expect(one.many('ada', 7)).toBe(7);
  one.clock.advance(50);
  expect(one.many('ada', 1)).toBe(8);
  await server.start();
  await expect.poll(() => works[0]?.isReachable()).toBe(true);
  await one.told('ada', 8);
  expect(one.many('ada', 1)).toBe(9);
});

test('more who ask than it remembers: the first of them is forgotten here, and not by Redis', async () => {
  const one = await open();
  one.many('ada', 5);
  await one.told('ada', 5);
  for (let n = 0; n < 50_000; n += 1) one.many(`rider ${n}`, 1);
  expect(one.many('ada', 1)).toBe(1);
  while ((await works[0]?.redis.hget('stile:b:counts:rider:10', 'ada')) !== '6') {
    one.clock.advance(50);
  }
  await works[0]?.redis.ping();
  expect(one.many('ada', 1)).toBe(7);
});
