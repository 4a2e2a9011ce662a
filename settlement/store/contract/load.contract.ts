/** What any Store must count of what waits: work by kind, records that wait for a person, taps that wait for more. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountOf, addGate, addRider, drain, NOW_MS } from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

export function describeLoad(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ store, remove } = await open());
  });
  afterEach(async () => {
    await remove();
  });

  const work = async () =>
    (await store.readLoad()).outbox.map(({ kind, waiting, oldestMs }) => [kind, waiting, oldestMs]);

  test('is nothing in empty books', async () => {
    expect(await store.readLoad()).toEqual({ outbox: [], parked: [], unjudged: 0 });
  });

  test('is work by its kind, from the oldest of each on, until it is done', async () => {
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    const account = await addRider(store, 'a');
    const gate = await addGate(store, { gate: 'g1', line: 'M1' });
    gate.ride({ account, counter: 1, atMs: NOW_MS });
    await gate.send(store);
    await drain(store);
    for (const [line, nowMs] of [
      ['M2', NOW_MS + 5],
      ['M1', NOW_MS + 7],
    ] as const) {
      await store.setFare({ line, fareCents: 300, fromS: 1 }, nowMs);
    }
    await store.closePublishRequest((await store.findPublishRequest()) ?? 0);
    expect(await work()).toEqual([['reprice', 2, NOW_MS + 5]]);
    await store.requestPublish(NOW_MS + 9);
    expect(await work()).toEqual([
      ['publish', 1, NOW_MS + 9],
      ['reprice', 2, NOW_MS + 5],
    ]);
    await drain(store);
    expect(await work()).toEqual([['publish', 1, NOW_MS + 9]]);
  });

  test('is a record that waits for a person under its reason, until one has decided', async () => {
    const gate = await addGate(store, { gate: 'g1', line: 'M1' });
    gate.ride({ account: accountOf('x'), counter: 1, atMs: NOW_MS });
    for (let counter = 2; counter <= 4; counter += 1) {
      gate.ride({ account: accountOf('x'), counter, atMs: NOW_MS });
    }
    await gate.send(store, { fromSeq: 1, toSeq: 1 });
    await gate.send(store, { fromSeq: 3, toSeq: 4 });
    await drain(store);
    const { parked, unjudged } = await store.readLoad();
    expect(unjudged).toBe(1);
    expect(parked).toEqual([
      { why: 'ACCOUNT_UNKNOWN', records: 1 },
      { why: 'GAP', records: 2 },
    ]);
    const query = { gate: 'g1', epoch: gate.epoch, fromSeq: 3, seq: 3, hash: null, limit: 9 };
    const request = { how: 'WRITE_OFF', by: 'Vera', note: 'lost', nowMs: NOW_MS } as const;
    await store.resolveParked({ query, request });
    const left = (await store.readLoad()).parked;
    expect(left).toContainEqual({ why: 'GAP', records: 1 });
    expect(left.reduce((sum, { records }) => sum + records, 0)).toBe(2);
  });
}
