/** What any Store must do with batches and with the money that follows from them. */
import { denyIdHex, EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckedCode } from '../../core/logs/check-record.ts';
import { DENY_SALT } from '../../testing/facts.ts';
import {
  addGate,
  addRider,
  drain,
  ISSUER,
  LIMITS,
  NOW_MS,
  readBooks,
  ScriptedLog,
} from '../../testing/log.ts';
import type { Store } from '../port.ts';

/** Each differs in one thing from the pass that was given out. */
const FORGED_PASSES: readonly Partial<CheckedCode>[] = [
  { keyId: 2 },
  { issuedAtS: NOW_MS / 1000 },
  { lifetimeMin: 60_000 },
];

function revokedList(): TrustList {
  const key = { keyId: 1, publicKey: 'a'.repeat(64), notBeforeS: 0, notAfterS: 0xffffffff };
  return {
    stile: 'trust-list/1',
    operator: 'Town',
    currency: 'EUR',
    version: 1,
    issuedAtS: NOW_MS / 1000,
    expiresAtS: NOW_MS / 1000,
    issuers: [{ issuer: ISSUER, ...key, status: 'revoked', ceilingExponent: 0 }],
    limits: LIMITS,
    tariff: { version: 1, lines: [] },
    deny: { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST },
    roots: [],
  };
}

export type OpenStore = () => Promise<{ store: Store; remove: () => Promise<void> }>;

export function describeIngest(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let gate: ScriptedLog;
  let a: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    gate = await addGate(store, { gate: 'g1', line: 'M1' });
    a = await addRider(store, 'a');
  });
  afterEach(async () => {
    await remove();
  });

  const topUp = (cents: number, key = 'k') =>
    store.topUp({ issuer: ISSUER, account: a, key, amountCents: cents, nowMs: NOW_MS });
  const ride = (counter: number, afterMs = 0) => ({ account: a, counter, atMs: NOW_MS + afterMs });
  const places = (reply: { items: readonly { ruling: string; reason?: string | undefined }[] }) =>
    reply.items.map(({ ruling, reason }) =>
      reason === undefined ? ruling : `${ruling} ${reason}`,
    );

  describe('batches', () => {
    test('the same batch again is all duplicates and changes nothing', async () => {
      gate.ride(ride(1));
      gate.add({ kind: 'note', atMs: NOW_MS });
      expect(await gate.send(store)).toMatchObject({ ackSeq: 2 });
      await drain(store);
      const before = [
        await store.listTaps({ gate: null, after: 0, limit: 9 }),
        await store.readTrialBalance(),
      ];
      const reply = await gate.send(store);
      expect(reply.ackSeq).toBe(2);
      expect(places(reply)).toEqual(['duplicate', 'duplicate']);
      await drain(store);
      expect([
        await store.listTaps({ gate: null, after: 0, limit: 9 }),
        await store.readTrialBalance(),
      ]).toEqual(before);
    });

    test('lines behind a gap wait, and join when the missing part comes', async () => {
      for (let counter = 1; counter <= 6; counter += 1) gate.ride(ride(counter));
      expect(places(await gate.send(store, { fromSeq: 3, toSeq: 4 }))).toEqual([
        'parked GAP',
        'parked GAP',
      ]);
      expect(await gate.send(store, { fromSeq: 6, toSeq: 6 })).toMatchObject({ ackSeq: 0 });
      expect((await store.listGates())[0]?.gaps).toEqual([
        { epoch: gate.epoch, fromSeq: 1, toSeq: 2 },
      ]);
      expect(await gate.send(store, { fromSeq: 1, toSeq: 2 })).toMatchObject({ ackSeq: 4 });
      expect(await gate.send(store, { fromSeq: 5, toSeq: 5 })).toMatchObject({ ackSeq: 6 });
      await drain(store);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 1500 });
      expect(await store.listParked(9)).toEqual([]);
    });

    test('a long wait joins in pieces', async () => {
      for (let counter = 1; counter <= 400; counter += 1) gate.ride(ride(counter));
      await gate.send(store, { fromSeq: 2, toSeq: 400 });
      expect((await gate.send(store, { fromSeq: 1, toSeq: 1 })).ackSeq).toBeGreaterThan(1);
      await drain(store);
      expect(await gate.send(store, { fromSeq: 400, toSeq: 400 })).toMatchObject({ ackSeq: 400 });
      await drain(store);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 100_000 });
    });

    test('other bytes under one id are kept beside the first, and what follows is a fork', async () => {
      const other = new ScriptedLog('g1', 'M1');
      gate.ride(ride(1));
      gate.ride(ride(2));
      other.ride(ride(1));
      other.ride(ride(99));
      other.ride(ride(3));
      await gate.send(store);
      const reply = await other.send(store);
      expect(places(reply)).toEqual(['duplicate', 'conflict OTHER_BYTES', 'parked FORK']);
      expect(reply.ackSeq).toBe(2);
      await other.send(store);
      await drain(store);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 500 });
      const parked = await store.listParked(9);
      expect(parked.map(({ seq, why }) => `${seq} ${why}`)).toEqual(['2 OTHER_BYTES', '3 FORK']);
      const sent = Buffer.from(other.batch(2).records[0]?.bytes ?? []).toString('base64');
      expect(parked[0]?.lineBase64).toBe(sent);
      expect((await store.listGates())[0]?.alarms).toMatchObject({ conflicts: 1, forks: 1 });
    });

    test('a line that is no record counts as received and delays nothing', async () => {
      gate.add({ kind: 'unreadable', detail: 'no JSON' }, 'garbage');
      gate.ride(ride(1));
      const reply = await gate.send(store);
      expect(places(reply)).toEqual(['parked UNREADABLE', 'accepted']);
      expect(reply.ackSeq).toBe(2);
      expect(await store.listParked(9)).toMatchObject([{ seq: 1, why: 'UNREADABLE' }]);
    });

    test('a new epoch starts from its own beginning', async () => {
      gate.ride(ride(1));
      await gate.send(store);
      const next = new ScriptedLog('g1', 'M1', { epoch: 'ffffffffffffffff' });
      next.ride(ride(2));
      expect(await next.send(store)).toMatchObject({ ackSeq: 1, epoch: next.epoch });
    });

    test('of batches that arrive at the same time each line is stored once', async () => {
      for (let counter = 1; counter <= 500; counter += 1) gate.ride(ride(counter));
      const replies = await Promise.all([gate.send(store), gate.send(store), gate.send(store)]);
      for (const reply of replies) expect(reply.items).toHaveLength(500);
      const accepted = replies.flatMap(places).filter((place) => place === 'accepted');
      expect(accepted).toHaveLength(500);
      await drain(store);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 125_000 });
    });
  });

  test('a long batch, a gap and the jobs behind them let others in between', async () => {
    for (let counter = 1; counter <= 500; counter += 1) gate.ride(ride(counter));
    let rounds = 0;
    let counting = true;
    const count = () => {
      rounds += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const roundsOf = async (work: () => Promise<unknown>) => {
      const before = rounds;
      await work();
      return rounds - before;
    };
    expect(
      await roundsOf(() => gate.send(store, { fromSeq: 251, toSeq: 500 })),
    ).toBeGreaterThanOrEqual(2);
    expect(
      await roundsOf(() => gate.send(store, { fromSeq: 1, toSeq: 250 })),
    ).toBeGreaterThanOrEqual(2);
    expect(await roundsOf(() => gate.send(store))).toBeGreaterThanOrEqual(4);
    expect(await roundsOf(() => drain(store))).toBeGreaterThanOrEqual(10);
    counting = false;
    expect((await readBooks(store, ['a'])).debts).toEqual({ a: 125_000 });
  });

  describe('charges', () => {
    test('an empty wallet makes a debt, the account is denied, and paying lifts it', async () => {
      await topUp(100);
      gate.ride(ride(1));
      await gate.send(store);
      await drain(store);
      const rider = await store.readRider(ISSUER, a);
      expect(rider).toMatchObject({ balanceCents: 0, debtCents: 150 });
      expect(rider?.denied.map(({ cause }) => cause)).toEqual(['DEBT']);
      await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
      const id = denyIdHex({ issuer: ISSUER, account: a, serial: 0 });
      expect(await store.findDenyDelta({ from: 0, to: 1, idsMax: 9 })).toEqual({
        adds: [id],
        removes: [],
      });
      expect(await topUp(149, 'k2')).toMatchObject({ debtCents: 1 });
      expect((await store.readRider(ISSUER, a))?.denied).toHaveLength(1);
      expect(await topUp(2, 'k3')).toMatchObject({ balanceCents: 1, debtCents: 0 });
      await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
      expect(await store.findDenyDelta({ from: 1, to: 2, idsMax: 9 })).toEqual({
        adds: [],
        removes: [id],
      });
      expect(await store.listStatement(a, { after: null, limit: 9 })).toContainEqual(
        expect.objectContaining({ kind: 'ride', state: 'RECOVERED', owedCents: 0 }),
      );
    });

    test('what the operator denied stays denied when the debt is paid', async () => {
      gate.ride(ride(1));
      await gate.send(store);
      await drain(store);
      const id = Buffer.from(denyIdHex({ issuer: ISSUER, account: a, serial: 0 }), 'hex');
      expect(await store.setDenied({ id, note: 'stolen', nowMs: NOW_MS })).toBe(true);
      expect(await store.setDenied({ id, note: 'stolen', nowMs: NOW_MS })).toBe(false);
      await topUp(250);
      expect(await store.findDenials(ISSUER, { account: a, serial: 1 })).toEqual([
        { cause: 'OPERATOR', note: 'stolen' },
      ]);
      expect(await store.liftDenied(id, NOW_MS)).toBe(true);
      expect(await store.findDenials(ISSUER, { account: a, serial: 1 })).toEqual([]);
    });

    test('one code at two gates is charged once, to the earlier tap, whichever came first', async () => {
      await store.setFare({ line: 'M2', fareCents: 300, fromS: 0 }, NOW_MS);
      const early = await addGate(store, { gate: 'g2', line: 'M2' });
      await topUp(1000);
      gate.ride(ride(1, 5));
      early.ride(ride(1, 4));
      expect(places(await gate.send(store))).toEqual(['accepted']);
      await drain(store);
      expect(await readBooks(store, ['a'])).toMatchObject({
        wallets: { a: 750 },
        revenue: { M1: 250 },
      });
      expect(places(await early.send(store))).toEqual(['accepted']);
      await drain(store);
      expect(await readBooks(store, ['a'])).toMatchObject({
        wallets: { a: 700 },
        revenue: { M2: 300 },
      });
      expect((await store.listTaps({ gate: 'g1', after: 0, limit: 9 }))[0]).toMatchObject({
        outcome: 'EXTRA_USE',
      });
      const unpaid = { pendingRides: 0, extraUsesAtMs: [expect.any(Number)] };
      expect(await store.readRider(ISSUER, a)).toMatchObject(unpaid);
      const again = new ScriptedLog('g1', 'M1', { epoch: 'ffffffffffffffff' });
      again.ride(ride(1, 6));
      expect(places(await again.send(store))).toEqual(['rejected EXTRA_USE']);
      expect((await store.listGates())[0]?.alarms.extraUses).toBe(1);
      await drain(store);
      expect((await store.listGates())[0]?.alarms.extraUses).toBe(2);
    });

    test('a void gives the fare back, before or after it was charged', async () => {
      await topUp(1000);
      const first = gate.ride(ride(1));
      await gate.send(store);
      await drain(store);
      gate.add({ kind: 'void', atMs: NOW_MS, of: first });
      const second = gate.ride(ride(2));
      gate.add({ kind: 'void', atMs: NOW_MS, of: second });
      await gate.send(store, { fromSeq: 2 });
      await drain(store);
      expect((await readBooks(store, ['a'])).wallets).toEqual({ a: 1000 });
      const taps = await store.listTaps({ gate: null, after: 0, limit: 9 });
      expect(taps.map(({ outcome }) => outcome)).toEqual(['VOIDED', null, 'VOIDED', null]);
    });

    test('an unknown fare waits for the operator and is never zero', async () => {
      const lost = await addGate(store, { gate: 'g9', line: 'M9' });
      lost.ride(ride(1));
      expect(places(await lost.send(store))).toEqual(['parked FARE_UNKNOWN']);
      await drain(store);
      expect(await store.listParked(9)).toMatchObject([{ gate: 'g9', why: 'FARE_UNKNOWN' }]);
      await store.setFare({ line: 'M9', fareCents: 90, fromS: 0 }, NOW_MS);
      await drain(store);
      expect(await store.listParked(9)).toEqual([]);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 90 });
    });

    test('a fare that is corrected for the past posts the difference only', async () => {
      await topUp(1000);
      gate.ride(ride(1));
      gate.ride(ride(2, 10_000));
      await gate.send(store);
      await drain(store);
      const fromS = NOW_MS / 1000 + 5;
      await store.setFare({ line: 'M1', fareCents: 200, fromS }, NOW_MS);
      await drain(store);
      expect(await readBooks(store, ['a'])).toMatchObject({
        wallets: { a: 550 },
        revenue: { M1: 450 },
      });
    });

    test('a tap that the gate had to refuse by its own list carries no money', async () => {
      const id = Buffer.from(denyIdHex({ issuer: ISSUER, account: a, serial: 1 }), 'hex');
      await store.setDenied({ id, note: 'lost', nowMs: NOW_MS });
      await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
      gate.ride(ride(1), { deny: 1 });
      gate.ride(ride(2));
      expect(places(await gate.send(store))).toEqual(['rejected DENIED_AT_GATE', 'accepted']);
      await drain(store);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 250 });
    });

    test("a pass with another phone's key charges nobody, one that was never given out waits", async () => {
      gate.pass({ account: a, counter: 1 }, { deviceKey: 'f'.repeat(64) });
      for (const [counter, forged] of FORGED_PASSES.entries()) {
        gate.pass({ account: a, counter: counter + 2 }, forged);
      }
      expect(places(await gate.send(store))).toEqual([
        'rejected DEVICE_KEY_UNKNOWN',
        ...FORGED_PASSES.map(() => 'parked PASS_NOT_ISSUED'),
      ]);
      await drain(store);
      expect((await readBooks(store, ['a'])).debts).toEqual({ a: 0 });
      expect(await store.listParked(9)).toHaveLength(FORGED_PASSES.length);
      expect((await store.listGates())[0]?.alarms).toMatchObject({
        notIssued: FORGED_PASSES.length + 1,
        rejected: 0,
      });
    });

    test('a key revoked since then still pays what it was given out for, at gates that knew it pays nothing', async () => {
      await store.addTrustList(revokedList(), { jws: 'signed', nowMs: NOW_MS });
      gate.ride(ride(1), { trust: 0 });
      gate.ride(ride(2), { trust: 1 });
      expect(places(await gate.send(store))).toEqual(['accepted', 'rejected KEY_EXPIRED']);
    });

    test('a pass that nobody enrolled waits for a person', async () => {
      gate.ride({ account: 'ffffffffffffffff', counter: 1, atMs: NOW_MS });
      expect(places(await gate.send(store))).toEqual(['parked ACCOUNT_UNKNOWN']);
      await drain(store);
      expect(await store.listParked(9)).toMatchObject([{ why: 'ACCOUNT_UNKNOWN' }]);
    });
  });
}
