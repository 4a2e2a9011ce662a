/** What any Store must do with rides of gates that did not know the time, and with fares above what a pass is for. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RideTimeSource } from '../../core/logs/ride-time.ts';
import {
  addGate,
  addRider,
  CEILING_CENTS,
  drain,
  ISSUER,
  ISSUER_KEY,
  NOW_MS,
  ScriptedLog,
} from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

/** What a gate says that has no clock: some time of 1970. */
const NO_CLOCK = { clock: 'UNKNOWN', atMs: 5_000, boot: '0000000b', monoMs: 5_000 } as const;

export function describeRideTime(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let gate: ScriptedLog;
  let account: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    await store.setFare({ line: 'M1', fareCents: 100, fromS: 0 }, NOW_MS);
    await store.setFare({ line: 'M1', fareCents: 900, fromS: NOW_MS / 1000 - 3_600 }, NOW_MS);
    await store.addIssuerKey(ISSUER_KEY, NOW_MS);
    gate = await addGate(store, { gate: 'g1', line: 'M1' });
    account = await addRider(store, 'a');
  });
  afterEach(async () => {
    await remove();
  });

  async function statement() {
    await drain(store);
    const items = await store.listStatement(account, { after: null, limit: 9 });
    return items.map(({ amountCents, atMs, timeSource, state, line }) => {
      return { amountCents, afterMs: atMs - NOW_MS, timeSource, state, line };
    });
  }
  const ride = (counter = 1, afterMs = 0) => ({ account, counter, atMs: NOW_MS + afterMs });

  describe('a ride at a gate without a clock', () => {
    test('costs the fare of the time that the phone signed, not that of 1970', async () => {
      gate.ride(ride(), NO_CLOCK);
      await gate.send(store);
      const timeSource: RideTimeSource = 'CODE';
      expect(await statement()).toMatchObject([{ amountCents: 900, afterMs: 0, timeSource }]);
    });

    test('is counted from a record of the same boot, however the log is cut', async () => {
      const stamp = { boot: '0000000b', monoMs: 1_000 };
      gate.add({ kind: 'note', atMs: NOW_MS - 1_000, clock: 'TRUSTED', ...stamp });
      gate.ride(ride(), NO_CLOCK);
      await gate.send(store, { toSeq: 1 });
      await gate.send(store);
      const timeSource: RideTimeSource = 'BOOT';
      expect(await statement()).toMatchObject([{ afterMs: 3_000, timeSource }]);
      const taps = await store.listTaps({ gate: null, after: 0, limit: 9 });
      expect(taps[1]).toMatchObject({ atMs: 5_000, rideMs: NOW_MS + 3_000, rideMsSource: 'BOOT' });
    });

    test('with a code older than what came before is nobody’s to pay', async () => {
      const stamp = { boot: '0000000a', monoMs: 1_000 };
      gate.add({ kind: 'note', atMs: NOW_MS - 1_000, clock: 'TRUSTED', ...stamp });
      gate.ride(ride(1, -3_700_000), NO_CLOCK);
      const { items } = await gate.send(store);
      expect(items[1]).toMatchObject({ ruling: 'rejected', reason: 'STALE_CODE' });
      expect(await statement()).toEqual([]);
    });

    test('with a code that was too old counts against the passes that come, once at each gate', async () => {
      const stamp = { boot: '0000000a', monoMs: 1_000 };
      const other = await addGate(store, { gate: 'g2', line: 'M1' });
      for (const log of [gate, other]) {
        log.add({ kind: 'note', atMs: NOW_MS - 1_000, clock: 'TRUSTED', ...stamp });
        log.ride(ride(1, -3_700_000), NO_CLOCK);
        await log.send(store);
      }
      const of = gate.ride(ride(2, -3_700_000), NO_CLOCK);
      gate.add({ kind: 'void', atMs: NOW_MS, of });
      await gate.send(store, { fromSeq: 3 });
      const again = new ScriptedLog('g2', 'M1', { epoch: 'ffffffffffffffff' });
      again.add({ kind: 'note', atMs: NOW_MS - 1_000, clock: 'TRUSTED', ...stamp });
      again.ride(ride(1, -3_700_000), NO_CLOCK);
      await again.send(store);
      expect(await store.readRider(ISSUER, account)).toMatchObject({ pendingRides: 4 });
      await drain(store);
      expect((await taps()).sort()).toEqual(
        ['STALE_CODE', 'STALE_CODE', 'STALE_CODE', 'VOIDED'].map((end) => `${end} BOUND -1000`),
      );
      expect(await store.readRider(ISSUER, account)).toMatchObject({
        pendingRides: 0,
        extraUsesAtMs: [expect.any(Number), expect.any(Number)],
      });
    });

    test.each([
      ['first', [0, 1]],
      ['last', [1, 0]],
    ] as const)('never takes over a charge by a known clock that came %s', async (_name, order) => {
      const other = await addGate(store, { gate: 'g0', line: 'M2' });
      await store.setFare({ line: 'M2', fareCents: 1, fromS: 0 }, NOW_MS);
      gate.ride(ride(1, 2_000));
      other.ride(ride(), NO_CLOCK);
      const logs = [gate, other];
      for (const index of order) {
        await logs[index]?.send(store);
        await drain(store);
      }
      expect(await statement()).toMatchObject([{ line: 'M1', amountCents: 900 }]);
    });

    /** What the gate says when its clock has been set, so many seconds after it started. */
    const clockSet = (afterS: number, atMs: number) =>
      gate.add({
        kind: 'note',
        atMs,
        clock: 'TRUSTED',
        boot: NO_CLOCK.boot,
        monoMs: afterS * 1000,
      });
    const fareAt = async (afterS: number, fareCents: number) => {
      await store.setFare({ line: 'M1', fareCents, fromS: NOW_MS / 1000 + afterS }, NOW_MS);
    };
    const taps = async () => {
      const all = await store.listTaps({ gate: null, after: 0, limit: 9 });
      return all
        .filter(({ kind }) => kind === 'tap')
        .map(({ rideMs, rideMsSource, outcome }) => {
          return `${outcome} ${rideMsSource} ${(rideMs ?? 0) - NOW_MS}`;
        });
    };

    test.each([
      ['dearer', 1_000],
      ['cheaper', 400],
    ])(
      'is dated again by the first clock of its boot that is known later: %s',
      async (_name, fareCents) => {
        gate.ride(ride(1, -3_000_000), NO_CLOCK);
        await fareAt(-60, fareCents);
        await gate.send(store);
        await store.topUp({ issuer: ISSUER, account, key: 't', amountCents: 2_000, nowMs: NOW_MS });
        expect(await statement()).toMatchObject([{}, { amountCents: 900, state: 'WITHHELD' }]);
        clockSet(65, NOW_MS);
        await gate.send(store, { fromSeq: 2 });
        const [topUp, again] = await statement().then((items) => items.toReversed());
        expect([topUp, again]).toMatchObject([
          { amountCents: fareCents, afterMs: -60_000, timeSource: 'BOOT', state: 'WITHHELD' },
          {},
        ]);
        expect(await taps()).toEqual(['CHARGED BOOT -60000']);
        const rider = await store.readRider(ISSUER, account);
        expect(rider).toMatchObject({ balanceCents: 2_000 - fareCents, debtCents: 0 });
        const { debitsCents, creditsCents } = await store.readTrialBalance();
        expect(debitsCents).toBe(creditsCents);
      },
    );

    test('never costs more than its pass stands for, however it is dated', async () => {
      gate.ride(ride(1, -3_000_000), NO_CLOCK);
      await fareAt(-60, 10 * CEILING_CENTS);
      await gate.send(store);
      await statement();
      clockSet(65, NOW_MS);
      await gate.send(store, { fromSeq: 2 });
      expect(await statement()).toMatchObject([{ amountCents: CEILING_CENTS }]);
    });

    test('goes back as a whole if its code was too old by the clock that came later', async () => {
      gate.ride(ride(1, -3_700_000), NO_CLOCK);
      await gate.send(store);
      expect(await statement()).toMatchObject([{ amountCents: 100, state: 'DEBT' }]);
      clockSet(65, NOW_MS);
      await gate.send(store, { fromSeq: 2 });
      expect(await statement()).toMatchObject([{ amountCents: 0, state: 'REFUNDED' }]);
      expect(await taps()).toEqual(['STALE_CODE BOOT -60000']);
      expect(await store.readRider(ISSUER, account)).toMatchObject({ debtCents: 0 });
    });

    test('counts after all if its code was good by the clock that came later', async () => {
      const stamp = { boot: '0000000a', monoMs: 1_000 };
      gate.add({ kind: 'note', atMs: NOW_MS - 86_400_000, clock: 'TRUSTED', ...stamp });
      const old = { generatedAtS: (NOW_MS - 90_100_000) / 1000 };
      const of = gate.ride(ride(1, -89_070_000), NO_CLOCK);
      gate.ride({ ...ride(2, -90_100_000), ...old }, NO_CLOCK);
      gate.add({ kind: 'void', atMs: 1, of: of + 1 });
      const { items } = await gate.send(store);
      expect(items.map(({ reason }) => reason)).toEqual(
        Array(4).fill(undefined).with(2, 'STALE_CODE'),
      );
      await statement();
      expect(await taps()).toEqual(['CHARGED BOUND -86400000', 'VOIDED BOUND -86400000']);
      clockSet(65, NOW_MS - 89_000_000);
      await gate.send(store, { fromSeq: 5 });
      await statement();
      expect(await taps()).toEqual(['CHARGED BOOT -89060000', 'VOIDED BOOT -89060000']);
    });

    test('is dated in pieces, and by nothing of another boot', async () => {
      for (let counter = 1; counter <= 120; counter += 1) gate.ride(ride(counter), NO_CLOCK);
      gate.ride(ride(121), { ...NO_CLOCK, boot: '0000000c' });
      for (let seq = 1; seq <= 121; seq += 40) {
        await gate.send(store, { fromSeq: seq, toSeq: Math.min(121, seq + 39) });
      }
      await drain(store);
      gate.add({ kind: 'note', atMs: NOW_MS, clock: 'TRUSTED', boot: '0000000c', monoMs: 65_000 });
      await gate.send(store, { fromSeq: 122 });
      await drain(store);
      const all = await store.listTaps({ gate: null, after: 0, limit: 200 });
      const sources = all
        .filter(({ kind }) => kind === 'tap')
        .map(({ rideMsSource }) => rideMsSource);
      expect(sources).toEqual([...Array(120).fill('CODE'), 'BOOT']);
    });

    test('waits for a fare that is in force at its time', async () => {
      const other = await addGate(store, { gate: 'g2', line: 'M3' });
      other.ride(ride(), NO_CLOCK);
      await other.send(store);
      expect(await statement()).toEqual([]);
      await store.setFare({ line: 'M3', fareCents: 250, fromS: NOW_MS / 1000 - 60 }, NOW_MS);
      expect(await statement()).toMatchObject([{ amountCents: 250 }]);
    });
  });

  describe('the ceiling of the pass', () => {
    test('bounds a fare that was set too high and back-dated, and its correction is followed', async () => {
      gate.ride(ride());
      await gate.send(store);
      expect(await statement()).toMatchObject([{ amountCents: 900 }]);
      await store.setFare({ line: 'M1', fareCents: 10_000_000, fromS: 0 }, NOW_MS);
      const fromS = NOW_MS / 1000 - 3_600;
      await store.setFare({ line: 'M1', fareCents: 10_000_000, fromS }, NOW_MS);
      expect(await statement()).toMatchObject([{ amountCents: CEILING_CENTS }]);
      await store.setFare({ line: 'M1', fareCents: 250, fromS }, NOW_MS);
      expect(await statement()).toMatchObject([{ amountCents: 250 }]);
      const { debtCents } = (await store.readRider(ISSUER, account)) ?? {};
      expect(debtCents).toBe(250);
    });
  });
}
