/** Who gets an event stream when many want one: nobody's share can be taken by others. */
import { expect, test } from 'vitest';
import { merchantSubject, riderSubject } from '../core/events/event-changes.ts';
import {
  createEventStreams,
  STREAMS_OF_RIDERS_MAX,
  STREAMS_PER_SUBJECT_MAX,
} from './event-streams.ts';

type Owner = { subject: string; address: string };

function openStreams(perAddressMax: number) {
  const streams = createEventStreams({ perAddressMax });
  const ended: string[] = [];
  function join(owner: Owner): (() => void) | undefined {
    return streams.join(owner, { wake: () => undefined, end: () => ended.push(owner.subject) });
  }
  /** How many of so many, all of one owner, get in. */
  function joinMany(owner: Owner, count: number): number {
    return Array.from({ length: count }, () => join(owner)).filter(Boolean).length;
  }
  return { join, joinMany, ended, openStreams: streams.openStreams };
}

const rider = (account: number, address = account) => ({
  subject: riderSubject(`a${account}`),
  address: `10.0.0.${address}`,
});

test('125 free accounts with all their streams keep neither another rider nor a merchant out', () => {
  const { join, joinMany, ended } = openStreams(10_000);
  let taken = 0;
  for (let account = 0; account < 125; account += 1) {
    taken += joinMany(rider(account), STREAMS_PER_SUBJECT_MAX);
  }
  expect(taken).toBe(STREAMS_OF_RIDERS_MAX + 125 - Math.ceil(STREAMS_OF_RIDERS_MAX / 16));
  expect(join(rider(999))).toBeDefined();
  expect(join({ subject: merchantSubject('kiosk'), address: '10.0.0.1' })).toBeDefined();
  expect(ended.length).toBeGreaterThan(0);
  expect(ended).not.toContain(riderSubject('a999'));
});

test('riders who have one stream each are displaced by nobody', () => {
  const { join, ended } = openStreams(10_000);
  for (let account = 0; account < STREAMS_OF_RIDERS_MAX; account += 1) join(rider(account));
  expect(join(rider(9_999))).toBeUndefined();
  expect(ended).toEqual([]);
  expect(join({ subject: merchantSubject('kiosk'), address: '10.0.0.1' })).toBeDefined();
});

test('an address has its share; a first stream there takes the place of one of several', () => {
  const { join, joinMany, ended } = openStreams(10);
  expect(joinMany(rider(1, 1), 16)).toBe(10);
  expect(join(rider(2, 2))).toBeDefined();
  expect(ended).toEqual([]);
  expect(join(rider(3, 1))).toBeDefined();
  expect(ended).toEqual([riderSubject('a1')]);
  expect(join(rider(1, 1))).toBeUndefined();
});

test('one owner has so many, and room again behind each that leaves', () => {
  const { join, joinMany } = openStreams(100);
  const leave = join(rider(1));
  expect(joinMany(rider(1), STREAMS_PER_SUBJECT_MAX)).toBe(STREAMS_PER_SUBJECT_MAX - 1);
  expect(join(rider(1))).toBeUndefined();
  leave?.();
  leave?.();
  expect(joinMany(rider(1), 2)).toBe(1);
});

test('those that are open are counted by whose they are', () => {
  const { join, joinMany, openStreams: count } = openStreams(100);
  expect(count()).toEqual({ rider: 0, merchant: 0 });
  const leave = join(rider(1));
  joinMany({ subject: merchantSubject('kiosk'), address: '10.0.0.1' }, 2);
  expect(count()).toEqual({ rider: 1, merchant: 2 });
  leave?.();
  expect(count()).toEqual({ rider: 0, merchant: 2 });
});
