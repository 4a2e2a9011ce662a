/** Jobs that are counted on a Redis which answers, one which is away, and one which says nothing. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { expect, test } from 'vitest';
import { createCountJobs } from './count-jobs.ts';
import type { SharedWork } from './shared-work.ts';

const COUNTS = { waiting: 3, active: 1, delayed: 0, failed: 2 };

/** `count`: what the queue does if it is asked. */
function open(count: () => Promise<object>, { isReachable = true } = {}) {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const queue = { queue: { getJobCounts: count } };
  const shared = { queue, isReachable: () => isReachable } as unknown as SharedWork;
  return { clock, countJobs: createCountJobs({ shared, clock }) };
}

test('each state is counted', async () => {
  const { clock, countJobs } = open(async () => COUNTS);
  expect(await countJobs()).toEqual(COUNTS);
  expect(clock.alarms).toBe(0);
});

test('a Redis that is away is not asked', async () => {
  const asked: string[] = [];
  const count = async () => {
    asked.push('once');
    return COUNTS;
  };
  const { countJobs } = open(count, { isReachable: false });
  expect(await countJobs()).toBe(null);
  expect(asked).toEqual([]);
});

test('a Redis that says nothing keeps nobody waiting', async () => {
  const { clock, countJobs } = open(() => new Promise(() => undefined));
  const counting = countJobs();
  clock.advance(1_000);
  expect(await counting).toBe(null);
});

test('a Redis that refuses is away', async () => {
  const { countJobs } = open(() => Promise.reject(new Error('NOAUTH')));
  expect(await countJobs()).toBe(null);
});
