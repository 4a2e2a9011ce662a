/**
 * The law of the ledger. Whatever order, batching, repetition or interleaving the same taps and top-ups arrive in,
 * of gates that know the time, do not, or learn it later, the same money ends in the same places.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  accountOf,
  addGate,
  addRider,
  drain,
  ISSUER,
  ISSUER_KEY,
  NOW_MS,
  readBooks,
  type ScriptedLog,
} from '../../testing/log.ts';
import { storeProperty } from '../../testing/store-property.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const RIDERS = ['a', 'b', 'c'];
const LINES = ['M1', 'M2', 'M3'];
/** When each gate starts; every tap of a world is over before the records are received. */
const START_MS = NOW_MS - 86_400_000;
/** Fares of each line: from the beginning, and from the middle of the day on. */
const FARES: Record<string, [number, number]> = { M1: [250, 300], M2: [100, 90], M3: [320, 20] };
const CHANGE_S = START_MS / 1000 + 10_000;
const CODE_LIFETIME_S = 3_600;
/** How often a phone makes a code here. */
const CODE_EVERY_S = 1_000;

type Tap = {
  gate: number;
  rider: string;
  counter: number;
  /** Since the tap before at this gate, or since it started. */
  waitS: number;
  /** How old the code is. */
  codeAgeS: number;
  voided: boolean;
  hasClock: boolean;
  /** The gate was started again before this tap. */
  isFirstOfBoot: boolean;
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
      waitS: fc.constantFrom(0, 1, 700, 3_000),
      codeAgeS: fc.constantFrom(0, 0, 0, 10, 1_000, 4_000),
      voided: fc.nat({ max: 4 }).map((n) => n === 0),
      hasClock: fc.boolean(),
      isFirstOfBoot: fc.nat({ max: 3 }).map((n) => n === 0),
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

/** A tap with what is true of it, and with what the gate knew. */
type TrueTap = Tap & { atMs: number; monoMs: number; boot: string; seq: number };

/** Of few times, so that copies of a code are shown. */
function codeTimeS({ atMs, codeAgeS }: { atMs: number; codeAgeS: number }): number {
  return Math.floor((atMs / 1000 - codeAgeS) / CODE_EVERY_S) * CODE_EVERY_S;
}

/** Of each gate its taps, in their order. */
function trueTaps(taps: readonly Tap[]): TrueTap[][] {
  const gates = LINES.map(() => ({ atMs: START_MS, bootMs: START_MS, boots: 1, seq: 0 }));
  const logs: TrueTap[][] = LINES.map(() => []);
  for (const tap of taps) {
    const gate = gates[tap.gate];
    if (gate === undefined) throw new Error('no such gate');
    gate.atMs += tap.waitS * 1000;
    if (tap.isFirstOfBoot) {
      gate.boots += 1;
      gate.bootMs = gate.atMs;
    }
    const boot = String(gate.boots).padStart(8, '0');
    const { atMs, bootMs } = gate;
    logs[tap.gate]?.push({ ...tap, atMs, monoMs: atMs - bootMs, boot, seq: gate.seq + 1 });
    gate.seq += tap.voided ? 2 : 1;
  }
  return logs;
}

function writeLogs(
  logs: readonly ScriptedLog[],
  { taps, accounts }: { taps: readonly Tap[]; accounts: Accounts },
): void {
  for (const [gate, ofGate] of trueTaps(taps).entries()) {
    const log = logs[gate];
    if (log === undefined) throw new Error('no such gate');
    for (const { rider, counter, voided, hasClock, codeAgeS, atMs, monoMs, boot } of ofGate) {
      // Without a clock the gate says anything.
      const said = hasClock ? { atMs } : ({ clock: 'UNKNOWN', atMs: monoMs } as const);
      const generatedAtS = codeTimeS({ atMs, codeAgeS });
      const ride = { account: accounts[rider] ?? '', counter, atMs, generatedAtS };
      const of = log.ride(ride, { ...said, boot, monoMs });
      if (voided) log.add({ kind: 'void', atMs: NOW_MS, of });
    }
  }
}

type Accounts = Record<string, string>;

async function deliver(store: Store, { taps, topUps, how }: World & { how: Delivery }) {
  const accounts: Accounts = {};
  await store.addIssuerKey(ISSUER_KEY, NOW_MS);
  for (const rider of RIDERS) accounts[rider] = await addRider(store, rider);
  const logs: ScriptedLog[] = [];
  for (const line of LINES) {
    const [early = 0, late = 0] = FARES[line] ?? [];
    await store.setFare({ line, fareCents: early, fromS: 0 }, NOW_MS);
    await store.setFare({ line, fareCents: late, fromS: CHANGE_S }, NOW_MS);
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

type DatedTap = TrueTap & { rideMs: number; isStale: boolean };

/** By hand: the true time where the boot ever knew it, else the code's, between what was known before and after. */
function dated(log: readonly TrueTap[], tap: TrueTap): DatedTap {
  const { atMs, boot, seq } = tap;
  const codeMs = codeTimeS(tap) * 1000;
  const endMs = codeMs + CODE_LIFETIME_S * 1000;
  if (log.some((other) => other.hasClock && other.boot === boot)) {
    return { ...tap, rideMs: atMs, isStale: atMs > endMs + 999 };
  }
  const known = log.filter(({ hasClock }) => hasClock);
  const fromMs = known.findLast((other) => other.seq < seq)?.atMs ?? 0;
  const toMs = known.find((other) => other.seq > seq)?.atMs ?? NOW_MS;
  const isStale = fromMs > Math.min(toMs, endMs + 999);
  return { ...tap, rideMs: Math.min(Math.max(codeMs, fromMs), toMs), isStale };
}

function datedTaps(taps: readonly Tap[]): DatedTap[] {
  return trueTaps(taps).flatMap((log) => log.map((tap) => dated(log, tap)));
}

function isBefore(a: DatedTap, b: DatedTap): boolean {
  if (a.hasClock !== b.hasClock) return a.hasClock;
  if (a.rideMs !== b.rideMs) return a.rideMs < b.rideMs;
  return a.gate < b.gate;
}

/** The same by hand: each code use costs the fare of its earliest tap that counts. */
function expectedBooks({ taps, topUps }: World) {
  const first = new Map<string, DatedTap>();
  for (const tap of datedTaps(taps)) {
    if (tap.voided || tap.isStale) continue;
    const key = `${tap.rider}/${tap.counter}/${codeTimeS(tap)}`;
    const best = first.get(key);
    if (best === undefined || isBefore(tap, best)) first.set(key, tap);
  }
  const net: Record<string, number> = Object.fromEntries(RIDERS.map((rider) => [rider, 0]));
  const revenue: Record<string, number> = {};
  for (const { rider, cents } of topUps) net[rider] = (net[rider] ?? 0) + cents;
  for (const { rider, gate, rideMs } of first.values()) {
    const line = LINES[gate] ?? '';
    const fare = FARES[line]?.[rideMs < CHANGE_S * 1000 ? 0 : 1] ?? 0;
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

/** By gate, in the order of their logs. */
async function rideTimes(store: Store): Promise<string[]> {
  const times: string[] = [];
  for (const line of LINES) {
    const taps = await store.listTaps({ gate: `gate-${line}`, after: 0, limit: 99 });
    const ordered = taps.filter(({ kind }) => kind === 'tap').sort((a, b) => a.seq - b.seq);
    times.push(...ordered.map(({ rideMs }) => `${line} ${rideMs}`));
  }
  return times;
}

export function describeOrder(open: OpenStore): void {
  test('any order, batching and repetition of the same taps ends in the same balances', async () => {
    await fc.assert(
      fc.asyncProperty(world, delivery, async (all, how) => {
        const { store, remove } = await open();
        try {
          await deliver(store, { ...all, how });
          expect(await readBooks(store, RIDERS)).toEqual(expectedBooks(all));
          expect(await rideTimes(store)).toEqual(
            datedTaps(all.taps).map(({ gate, rideMs }) => `${LINES[gate]} ${rideMs}`),
          );
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
