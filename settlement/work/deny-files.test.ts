/** Steps of the deny list: made once for all who ask, one at a time, and not for more than can wait. */
import { EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import { expect, test } from 'vitest';
import { NOTHING_DENIED } from '../core/lists/deny.ts';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import { createSignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { createTownClock } from '../testing/town.ts';
import { createDenyFiles } from './deny-files.ts';

function open() {
  const state = {
    version: 500,
    forced: 0,
    key: 'first',
    made: [] as number[],
    atOnce: 0,
    atOnceMax: 0,
  };
  const clock = createTownClock();
  const store = {
    readDenyWord: async () => ({ forced: { version: state.forced }, saneFrom: 0 }),
    findDenyVersion: async () => NOTHING_DENIED,
    findDenyDelta: async ({ from }: { from: number }) => {
      state.made.push(from);
      state.atOnce += 1;
      state.atOnceMax = Math.max(state.atOnceMax, state.atOnce);
      await new Promise((next) => setImmediate(next));
      state.atOnce -= 1;
      return from === 1 ? undefined : { adds: [], removes: [] };
    },
  } as unknown as Store;
  const signer = {
    sign: async () => `eyJ signed by the ${state.key}`,
    nameAt: () => state.key,
  } as unknown as OperatorKeys;
  const files = createDenyFiles(
    {
      store,
      signer,
      signedClock: createSignedClock(clock, { lastS: undefined, jumpSMax: 86_400 }),
    },
    () => ({ version: state.version, count: 0, setDigest: EMPTY_SET_DIGEST }),
  );
  return { state, files };
}

test('a step is made once, however many ask for it, also if there is none', async () => {
  const { state, files } = open();
  const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => files.delta(7)));
  expect(new Set(others)).toEqual(new Set([first]));
  expect(await files.delta(7)).toBe(first);
  expect([await files.delta(1), await files.delta(1)]).toEqual(['unavailable', 'unavailable']);
  expect(state.made).toEqual([7, 1]);
});

test('another version, another word of the operator, and another key are other steps', async () => {
  const { state, files } = open();
  await files.delta(7);
  state.forced = 500;
  await files.delta(7);
  state.version = 501;
  await files.delta(7);
  state.key = 'second';
  expect(await files.delta(7)).toContain('second');
  expect(state.made).toEqual([7, 7, 7, 7]);
});

test('who asks for every step has them made one at a time, and is told to come back', async () => {
  const { state, files } = open();
  const asked = await Promise.allSettled(
    Array.from({ length: 100 }, (_, from) => files.delta(from + 100)),
  );
  const failed = asked.filter(({ status }) => status === 'rejected');
  expect(failed).toHaveLength(92);
  expect(failed[0]).toMatchObject({ reason: { code: 'UPLINK_BUSY' } });
  expect(state.atOnceMax).toBe(1);
  // What has failed is not kept: it is made when there is room.
  expect(await files.delta(199)).toMatch(/^ey/);
});
