/** What any Store must do with what riders and merchants hear: numbered for each, written with what happened, kept for a time. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EVENTS_KEPT_MS } from '../../core/access/retention.ts';
import { merchantSubject, riderSubject } from '../../core/events/event-changes.ts';
import { addRider, ISSUER, NOW_MS } from '../../testing/log.ts';
import { onlineCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const SHOP = merchantSubject('kiosk');

export function describeEvents(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let a: string;
  let till: ScriptedTill;
  beforeEach(async () => {
    ({ store, remove } = await open());
    a = await addRider(store, 'a');
    till = await ScriptedTill.open(store, 'kiosk');
  });
  afterEach(async () => {
    await remove();
  });

  const topUp = (key: string, nowMs = NOW_MS) =>
    store.topUp({ issuer: ISSUER, account: a, key, amountCents: 1_000, nowMs });
  const heard = async (subject: string, after = 0) =>
    (await store.listEvents(subject, { after, limit: 99 })).map(({ event }) => event.kind);

  test('money that moves is told once, to both sides, and a refused or repeated request to nobody', async () => {
    await topUp('k');
    await topUp('k');
    const code = await onlineCode(store, { account: a });
    await till.pay(code, { key: 'sale-1', cents: 300 });
    await till.pay(code, { key: 'sale-1', cents: 300 });
    expect(await heard(riderSubject(a))).toEqual(['ACCOUNT', 'PAYMENT', 'ACCOUNT']);
    expect(await heard(SHOP)).toEqual(['PAYMENT']);
    await till.reverse('sale-1');
    await till.reverse('sale-1');
    const atRider = ['ACCOUNT', 'PAYMENT', 'ACCOUNT', 'REFUND', 'ACCOUNT'];
    expect(await heard(riderSubject(a))).toEqual(atRider);
    expect(await heard(SHOP)).toEqual(['PAYMENT', 'PAYMENT']);
    expect(await heard(riderSubject('nobody'))).toEqual([]);
  });

  test('whoever goes on behind a number misses nothing, however many write at once', async () => {
    let last = 0;
    const numbers: number[] = [];
    const read = async () => {
      for (const { number } of await store.listEvents(riderSubject(a), { after: last, limit: 5 })) {
        numbers.push(number);
        last = number;
      }
    };
    const writing = Array.from({ length: 24 }, (_, index) => topUp(`k${index}`));
    const all = Promise.all(writing);
    for (let reads = 0; reads < 40; reads += 1) await read();
    await all;
    while (numbers.length < 24) await read();
    const stored = await store.listEvents(riderSubject(a), { after: 0, limit: 99 });
    expect(numbers).toEqual(stored.map(({ number }) => number));
    expect(new Set(numbers).size).toBe(24);
    const latest = await store.findLatestEvents([riderSubject(a), SHOP]);
    expect([...latest]).toEqual(
      expect.arrayContaining([
        [riderSubject(a), last],
        [SHOP, 0],
      ]),
    );
  });

  test('they go after an hour, and no number comes again', async () => {
    await topUp('k');
    await store.sweepExpired(NOW_MS + EVENTS_KEPT_MS);
    const [kept] = await store.listEvents(riderSubject(a), { after: 0, limit: 9 });
    expect(kept?.event).toEqual({ kind: 'ACCOUNT' });
    await store.sweepExpired(NOW_MS + EVENTS_KEPT_MS + 1);
    expect(await heard(riderSubject(a))).toEqual([]);
    await topUp('k2', NOW_MS + EVENTS_KEPT_MS + 2);
    expect(await heard(riderSubject(a), kept?.number)).toEqual(['ACCOUNT']);
  });
}
