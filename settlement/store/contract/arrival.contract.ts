/** The law of the ledger. Whatever order, batching, repetition or interleaving the same taps
 * and top-ups arrive in, the same money ends in the same places.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  accountOf,
  addGate,
  addRider,
  drain,
  ISSUER,
  NOW_MS,
  readBooks,
  type ScriptedLog,
} from '../../testing/log.ts';
import { storeProperty } from '../../testing/store-property.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const RIDERS = ['a', 'b', 'c'];
const LINES = ['M1', 'M2', 'M3'];
const FARES: Record<string, number> = { M1: 250, M2: 100, M3: 320 };

type Tap = {
  gate: number;
  rider: string;
  counter: number;
  afterMs: number;
  voided: boolean;
  hasClock: boolean;
};
type TopUp = { rider: string; cents: number; key: string };
type World = { taps: Tap[]; topUps: TopUp[] };
/** How the same things arrive: where batches end, what is sent when, what is sent twice. */
type Delivery = { cuts: number[]; order: number[]; repeats: number[]; drains: number[] };

const world: fc.Arbitrary<World> = fc.record({
  taps: fc.array(
    fc.record({
      gate: fc.nat({ max: LINES.length - 1 }),
      rider: fc.constantFrom(...RIDERS),
      counter: fc.integer({ min: 1, max: 4 }),
      afterMs: fc.nat({ max: 3 }),
      voided: fc.nat({ max: 4 }).map((n) => n === 0),
      hasClock: fc.boolean(),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  topUps: fc
    .array(
      fc.record({ rider: fc.constantFrom(...RIDERS), cents: fc.integer({ min: 1, max: 900 }) }),
      { maxLength: 8 },
    )
    .map((all) => all.map((one, index) => ({ ...one, key: `k${index}` }))),
});
const dice = fc.array(fc.nat({ max: 1000 }), { minLength: 60, maxLength: 60 });
const delivery: fc.Arbitrary<Delivery> = fc.record({
  cuts: dice,
  order: dice,
  repeats: dice,
  drains: dice,
});

function writeLogs(
  logs: readonly ScriptedLog[],
  { taps, accounts }: { taps: readonly Tap[]; accounts: Accounts },
): void {
  for (const { gate, rider, counter, afterMs, voided, hasClock } of taps) {
    const log = logs[gate];
    const account = accounts[rider];
    if (log === undefined || account === undefined) throw new Error('no such gate or rider');
    // Without a clock the gate says anything; the phone's code has the second.
    const said = hasClock ? {} : ({ clock: 'UNKNOWN', atMs: afterMs } as const);
    const of = log.ride({ account, counter, atMs: NOW_MS + afterMs }, said);
    if (voided) log.add({ kind: 'void', atMs: NOW_MS, of });
  }
}

type Accounts = Record<string, string>;

async function deliver(store: Store, { taps, topUps, how }: World & { how: Delivery }) {
  const accounts: Accounts = {};
  for (const rider of RIDERS) accounts[rider] = await addRider(store, rider);
  const logs: ScriptedLog[] = [];
  for (const line of LINES) {
    await store.setFare({ line, fareCents: FARES[line] ?? 0, fromS: 0 }, NOW_MS);
    logs.push(await addGate(store, { gate: `gate-${line}`, line }));
  }
  writeLogs(logs, { taps, accounts });
  const steps: (() => Promise<unknown>)[] = topUps.map(({ rider, cents, key }) => () => {
    return store.topUp({
      issuer: ISSUER,
      account: accounts[rider] ?? '',
      key,
      amountCents: cents,
      nowMs: NOW_MS,
    });
  });
  for (const log of logs) {
    let from = 1;
    while (from <= log.lastSeq) {
      const to = Math.min(log.lastSeq, from + ((how.cuts[(from * 7) % 60] ?? 0) % 5));
      const start = from;
      steps.push(() => log.send(store, { fromSeq: start, toSeq: to }));
      from = to + 1;
    }
  }
  const twice = steps.filter((_, index) => (how.repeats[index % 60] ?? 0) % 3 === 0);
  const shuffled = [...steps, ...twice]
    .map((step, index) => ({ step, at: how.order[index % 60] ?? 0 }))
    .sort((x, y) => x.at - y.at);
  for (const [index, { step }] of shuffled.entries()) {
    await step();
    if ((how.drains[index % 60] ?? 0) % 4 === 0) await drain(store);
  }
  await drain(store);
}

function isBefore(a: Tap, b: Tap): boolean {
  if (a.hasClock !== b.hasClock) return a.hasClock;
  if (a.hasClock && a.afterMs !== b.afterMs) return a.afterMs < b.afterMs;
  return a.gate < b.gate;
}

/** The same by hand: each code use costs the fare of its earliest tap that was not taken back. */
function expectedBooks({ taps, topUps }: World) {
  const first = new Map<string, Tap & { index: number }>();
  for (const [index, tap] of taps.entries()) {
    if (tap.voided) continue;
    const key = `${tap.rider}/${tap.counter}`;
    const best = first.get(key);
    if (best === undefined || isBefore(tap, best)) first.set(key, { ...tap, index });
  }
  const net: Record<string, number> = Object.fromEntries(RIDERS.map((rider) => [rider, 0]));
  const revenue: Record<string, number> = {};
  for (const { rider, cents } of topUps) net[rider] = (net[rider] ?? 0) + cents;
  for (const { rider, gate } of first.values()) {
    const line = LINES[gate] ?? '';
    const fare = FARES[line] ?? 0;
    net[rider] = (net[rider] ?? 0) - fare;
    revenue[line] = (revenue[line] ?? 0) + fare;
  }
  const split = (of: (cents: number) => number) =>
    Object.fromEntries(Object.entries(net).map(([rider, cents]) => [rider, of(cents)]));
  return {
    wallets: split((cents) => Math.max(0, cents)),
    debts: split((cents) => Math.max(0, -cents)),
    revenue,
  };
}

export function describeOrder(open: OpenStore): void {
  test('any order, batching and repetition of the same taps ends in the same balances', async () => {
    await fc.assert(
      fc.asyncProperty(world, delivery, async (all, how) => {
        const { store, remove } = await open();
        try {
          await deliver(store, { ...all, how });
          expect(await readBooks(store, RIDERS)).toEqual(expectedBooks(all));
          for (const rider of RIDERS) {
            const view = await store.readRider(ISSUER, accountOf(rider));
            expect(view?.denied.length).toBe((view?.debtCents ?? 0) > 0 ? 1 : 0);
          }
        } finally {
          await remove();
        }
      }),
      storeProperty(40),
    );
  });
}
