/** One process leads, another takes over when its words stop, and whoever was away too long does not lead any more. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { openScratchSqlite } from '../store/sqlite/testing/scratch-store.ts';
import { LIMITS } from '../testing/log.ts';
import { createLeader, type ElectedLeader, TAKE_OVER_MS } from './leader.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Each goes by a clock of its own, and none of them says the same time. */
async function processes() {
  const { store, remove } = await openScratchSqlite(LIMITS);
  closing.push(remove);
  const log = pino({ level: 'silent' });
  return (holder: string, monoMs: number) => {
    const clock = createMovedClock({ wallMs: 1e12 - monoMs * 1000, monoMs });
    const leader = createLeader({ store, holder, clock, log });
    closing.push(() => leader.close());
    return { clock, leader };
  };
}

const leads = (leader: ElectedLeader) => leader.term() !== null;

test('a process that says nothing for six seconds is taken over, and finds out when it wakes', async () => {
  const add = await processes();
  const [a, b] = [add('a', 0), add('b', 50_000)];
  await a.leader.beat();
  await b.leader.beat();
  expect([leads(a.leader), leads(b.leader)]).toEqual([true, false]);
  b.clock.advance(TAKE_OVER_MS - 1);
  await b.leader.beat();
  expect(leads(b.leader)).toBe(false);
  b.clock.advance(1);
  await b.leader.beat();
  expect(b.leader.term()).toEqual({ fence: 2 });
  await a.leader.beat();
  expect(leads(a.leader)).toBe(false);
});

test('as long as one speaks nobody takes over, however slowly the others look', async () => {
  const add = await processes();
  const [a, b] = [add('a', 0), add('b', 0)];
  await a.leader.beat();
  for (let looks = 0; looks < 5; looks += 1) {
    await b.leader.beat();
    await a.leader.beat();
    b.clock.advance(TAKE_OVER_MS);
    await b.leader.beat();
    expect([leads(a.leader), leads(b.leader)]).toEqual([true, false]);
  }
});

test('one that is closed is followed at once', async () => {
  const add = await processes();
  const [a, b] = [add('a', 0), add('b', 0)];
  await a.leader.beat();
  await a.leader.close();
  await b.leader.beat();
  expect(b.leader.term()).toEqual({ fence: 2 });
});
