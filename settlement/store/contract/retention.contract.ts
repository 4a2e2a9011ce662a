/** What any Store must do with what is kept for a time only: it goes in pieces, and money does not hang on it. */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CUT_KINDS, type CutKind } from '../../core/retention/cut-changes.ts';
import { CUT_ROWS_MAX } from '../../core/retention/cuts.ts';
import { DENY_SALT } from '../../testing/facts.ts';
import { addGate, addRider, drain, ISSUER, LIMITS, NOW_MS, readBooks } from '../../testing/log.ts';
import { addSeed, onlineCode, paymentCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const DAY_MS = 86_400_000;
const RETENTION = { trustLists: 2, refusedPaymentDays: 10, denyHistoryDays: 10, recoveryDays: 10 };
const LATER_MS = NOW_MS + 11 * DAY_MS;

export function describeRetention(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let a: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    a = await addRider(store, 'a');
  });
  afterEach(async () => {
    await remove();
  });

  /** Takes all that may go; how many pieces of each kind that took. */
  async function cutAll(nowMs: number): Promise<Record<CutKind, number>> {
    const pieces = Object.fromEntries(CUT_KINDS.map((kind) => [kind, 0])) as Record<
      CutKind,
      number
    >;
    for (const kind of CUT_KINDS) {
      do pieces[kind] += 1;
      while (await store.cutOnce(kind, { retention: RETENTION, nowMs }));
    }
    return pieces;
  }

  describe('a refused payment', () => {
    let till: ScriptedTill;
    beforeEach(async () => {
      till = await ScriptedTill.open(store, 'kiosk');
      await store.topUp({
        issuer: ISSUER,
        account: a,
        key: 'k',
        amountCents: 9_000,
        nowMs: NOW_MS,
      });
    });

    const wrong = (sale: object) =>
      till.pay({ way: 'ONLINE_CODE', codeHash: 'nobody knows it' }, sale);

    test('goes in the end, and its key never pays', async () => {
      await wrong({ key: 'refused' });
      await till.reverse('reversed');
      await till.pay(await onlineCode(store, { account: a }), { key: 'paid' });
      const list = { fromMs: 0, toMs: LATER_MS, after: null, limit: 9 };
      expect((await store.listPayments('kiosk', list)).items).toHaveLength(3);
      await cutAll(NOW_MS + 10 * DAY_MS);
      expect((await store.listPayments('kiosk', list)).items).toHaveLength(3);
      await cutAll(LATER_MS);
      const kept = (await store.listPayments('kiosk', list)).items;
      expect(kept.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['paid']);

      for (const [key, reason] of [
        ['refused', 'CODE_REFUSED'],
        ['reversed', 'REVERSED'],
      ] as const) {
        const good = await onlineCode(store, { account: a, atMs: LATER_MS });
        const again = await till.ask(good, { key, atMs: LATER_MS });
        expect(again).toMatchObject({ kind: 'repeated', payment: { outcome: 'REFUSED', reason } });
        expect(await store.findPayment('kiosk', key)).toMatchObject({ outcome: 'REFUSED', reason });
        expect((await till.reverse(key)).payment).toMatchObject({ outcome: 'REFUSED', reason });
        expect(await till.addOrder(key, 100, { atMs: LATER_MS })).toEqual({ kind: 'conflict' });
        expect(await till.refund(key, { refundKey: 'r', amountCents: 1 })).toMatchObject({
          kind: 'tooMuch',
          leftCents: 0,
        });
      }
      expect((await store.readRider(ISSUER, a))?.balanceCents).toBe(8_900);
    });

    test('that is the last one stays, so that no number is given twice', async () => {
      await wrong({ key: 'first' });
      await wrong({ key: 'last' });
      await cutAll(LATER_MS);
      const list = { fromMs: 0, toMs: LATER_MS, after: null, limit: 9 };
      const kept = (await store.listPayments('kiosk', list)).items;
      expect(kept.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['last']);
      await addSeed(store, { account: a, handle: '12345678' });
      const paid = await till.pay(paymentCode('12345678', 1), { key: 'next', atMs: LATER_MS });
      expect(paid.outcome).toBe('PAID');
      const books = await readBooks(store, ['a']);
      await cutAll(LATER_MS + DAY_MS);
      expect(await readBooks(store, ['a'])).toEqual(books);
    });

    test('goes with many others in pieces, none larger than it may be', async () => {
      const rows = CUT_ROWS_MAX.refusedPayment + 2;
      let atMs = NOW_MS;
      for (let n = 0; n < rows; n += 1) {
        atMs += 1;
        await wrong({ key: `sale ${n}`, atMs });
      }
      const count = async () =>
        (await store.listPayments('kiosk', { fromMs: 0, toMs: LATER_MS, after: null, limit: 999 }))
          .items.length;
      const terms = { retention: RETENTION, nowMs: LATER_MS };
      expect(await store.cutOnce('refusedPayment', terms)).toBe(true);
      expect(await count()).toBe(2);
      expect(await store.cutOnce('refusedPayment', terms)).toBe(false);
      expect(await count()).toBe(1);
    });
  });

  describe('a trust list', () => {
    test('goes, and taps that were judged by it are ruled as before', async () => {
      await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
      const gate = await addGate(store, { gate: 'g1', line: 'M1' });
      const revoked = { 1: [1], 2: [] as number[], 3: [1], 4: [] };
      for (const [version, keys] of Object.entries(revoked)) await addList(Number(version), keys);
      await cutAll(LATER_MS);
      expect((await store.readListFacts()).trust?.list.version).toBe(4);
      let counter = 0;
      for (const trust of [1, 2, 3, 4]) {
        counter += 1;
        gate.ride({ account: a, counter, atMs: NOW_MS }, { trust });
      }
      const { items } = await gate.send(store);
      expect(items.map(({ ruling, reason }) => reason ?? ruling)).toEqual([
        'KEY_EXPIRED',
        'accepted',
        'KEY_EXPIRED',
        'accepted',
      ]);
      await drain(store);
      expect((await store.readRider(ISSUER, a))?.debtCents).toBe(500);
    });

    test('in force stays, whatever the setting says', async () => {
      for (const version of [1, 2, 3]) await addList(version, []);
      const retention = { ...RETENTION, trustLists: 0 };
      await store.cutOnce('trustList', { retention, nowMs: LATER_MS });
      expect((await store.readListFacts()).trust?.list.version).toBe(3);
    });
  });

  async function addList(version: number, revokedKeyIds: readonly number[]): Promise<void> {
    const { denyHead: deny } = await store.readListFacts();
    const issuers = [1, 2].map((keyId) => ({
      issuer: ISSUER,
      keyId,
      publicKey: toHex(sha256(utf8('key'))),
      notBeforeS: 0,
      notAfterS: 0xffffffff,
      status: revokedKeyIds.includes(keyId) ? ('revoked' as const) : ('active' as const),
      ceilingExponent: 0,
    }));
    const list: TrustList = {
      stile: 'trust-list/1',
      operator: 'Stile',
      currency: 'EUR',
      version,
      issuedAtS: NOW_MS / 1000,
      expiresAtS: NOW_MS / 1000 + 1,
      issuers,
      limits: LIMITS,
      tariff: { version: 1, lines: [] },
      deny,
      roots: [],
    };
    await store.addTrustList(list, { jws: `list ${version}`, nowMs: NOW_MS });
  }

  describe('what brings an account to another phone', () => {
    type Code = { kind: 'RECOVERY' | 'PHONE' | 'MOVE'; expiresAtMs: number | null };
    const code = (codeHash: string, { kind, expiresAtMs }: Code) =>
      store.addRecoveryCode({
        issuer: ISSUER,
        quickHash: null,
        codeHash,
        account: a,
        kind,
        drawnBy: null,
        madeAtMs: NOW_MS,
        expiresAtMs,
      });
    const claim = { publicKey: 'bb'.repeat(32), issuesMax: 9, nowMs: NOW_MS };
    const planned = async (codeHash: string) =>
      (await store.planRecovery({ codeHash, ...claim })) !== undefined;

    /** A second phone by this code. */
    async function use(codeHash: string): Promise<void> {
      const pass = {
        account: a,
        serial: 2,
        algorithm: 'Ed25519',
        publicKey: claim.publicKey,
      } as const;
      const times = { issuedAtS: NOW_MS / 1000, expiresAtS: NOW_MS / 1000 + 1 };
      const issue = { issuer: ISSUER, keyId: 1, ...times };
      const of = {
        codeHash,
        pass,
        issue,
        hasRides: true,
        next: { codeHash: 'next', quickHash: null },
      };
      expect(await store.recover({ ...of, issuesMax: 9, nowMs: NOW_MS })).toMatchObject({
        kind: 'recovered',
      });
    }

    test('goes when it is over, and what still works stays', async () => {
      await code('open', { kind: 'RECOVERY', expiresAtMs: null });
      await code('used', { kind: 'PHONE', expiresAtMs: null });
      await code('over', { kind: 'MOVE', expiresAtMs: NOW_MS + 1 });
      await use('used');
      await cutAll(NOW_MS + 10 * DAY_MS);
      // The response may have been lost: the same key asks again.
      expect(await planned('used')).toBe(true);
      expect(await planned('over')).toBe(true);
      const pieces = await cutAll(LATER_MS);
      expect(pieces.recoveryCode).toBe(1);
      expect(await planned('used')).toBe(false);
      expect(await planned('over')).toBe(false);
      expect(await planned('open')).toBe(true);
    });

    test('goes as an approval when that is over, but the last one stays, so that no number is given twice', async () => {
      const move = async (nowMs: number) => {
        const of = { account: a, note: 'lost', by: 'Vera', fourEyes: true, nowMs };
        const result = await store.moveAccount({
          ...of,
          codeHash: `move ${nowMs}`,
          quickHash: null,
        });
        return result.kind === 'waits' ? result.approval : 0;
      };
      const isKnown = async (id: number) =>
        (await store.approve({ id, by: 'Otto', nowMs: LATER_MS })) !== 'unknown';
      const first = await move(NOW_MS);
      const second = await move(NOW_MS + 2 * DAY_MS);
      expect(second).toBe(first + 1);
      await cutAll(NOW_MS + 11 * DAY_MS);
      expect([await isKnown(first), await isKnown(second)]).toEqual([true, true]);
      await cutAll(NOW_MS + 40 * DAY_MS);
      expect([await isKnown(first), await isKnown(second)]).toEqual([false, true]);
      expect(await move(NOW_MS + 41 * DAY_MS)).toBe(second + 1);
      expect(await isKnown(second)).toBe(true);
      await cutAll(NOW_MS + 41 * DAY_MS);
      expect(await isKnown(second)).toBe(false);
    });
  });

  describe('the history of the deny list', () => {
    const x = denyId({ issuer: ISSUER, account: '00000000000000aa', serial: 1 });
    const y = denyId({ issuer: ISSUER, account: '00000000000000aa', serial: 2 });

    /** Versions 1 to 3: x came, y came, x went; published is the last of them. */
    async function comeAndGo(): Promise<void> {
      await store.setDenied({ id: x, note: 'lost', nowMs: NOW_MS });
      await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
      await store.setDenied({ id: y, note: 'lost', nowMs: NOW_MS });
      await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
      await store.liftDenied(x, NOW_MS);
      await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
    }

    test('goes up to what is published, and what is in force does not', async () => {
      await comeAndGo();
      await addList(1, []);
      const before = await store.readListFacts();
      await cutAll(NOW_MS + 10 * DAY_MS);
      const step = { from: 1, to: 3, idsMax: 9 };
      expect(await store.findDenyDelta(step)).toEqual({ adds: [toHex(y)], removes: [toHex(x)] });
      await cutAll(LATER_MS);
      expect((await store.readListFacts()).denyHead).toEqual(before.denyHead);
      // A gate that stands at an older version is told to take the whole list.
      expect(await store.findDenyDelta(step)).toBeUndefined();
      expect(await store.findDenyDelta({ from: 3, to: 3, idsMax: 9 })).toEqual({
        adds: [],
        removes: [],
      });
      expect(await store.findDenyDelta({ from: 0, to: 3, idsMax: 9 })).toEqual({
        adds: [toHex(y)],
        removes: [],
      });
      expect(toHex(await store.readDenyPage({ version: 3, after: null, limit: 9 }))).toBe(toHex(y));
      expect(await store.setDenied({ id: y, note: 'lost', nowMs: LATER_MS })).toBe(false);
      expect(await store.setDenied({ id: x, note: 'lost', nowMs: LATER_MS })).toBe(true);
    });

    test('stays as far as a list that is held back needs it', async () => {
      await addList(1, []);
      await comeAndGo();
      await cutAll(LATER_MS);
      expect(await store.findDenyDelta({ from: 1, to: 3, idsMax: 9 })).toEqual({
        adds: [toHex(y)],
        removes: [toHex(x)],
      });
      expect(toHex(await store.readDenyPage({ version: 1, after: null, limit: 9 }))).toBe(toHex(x));
    });
  });
}
