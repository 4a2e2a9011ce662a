/** What any Store must do with codes that are to pay: each reason, each cap, each code once. */

import { denyId } from '@stile/protocol/deny-list.ts';
import type { PaymentReason } from '@stile/protocol/payment.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_PAYMENT_LIMITS } from '../../core/payments/payment-rules.ts';
import type { Presented } from '../../core/payments/spend-code.ts';
import { addGate, addRider, drain, ISSUER, NOW_MS } from '../../testing/log.ts';
import { addSeed, onlineCode, paymentCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const H = '12345678';

export function describePayments(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let till: ScriptedTill;
  let other: ScriptedTill;
  let a: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    till = await ScriptedTill.open(store, 'kiosk');
    other = await ScriptedTill.open(store, 'bakery');
    a = await addRider(store, 'a');
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 60_000, nowMs: NOW_MS });
  });
  afterEach(async () => {
    await remove();
  });

  const walletCents = async (of = a) => (await store.readRider(ISSUER, of))?.balanceCents;
  const online = (atMs = NOW_MS, of = a) => onlineCode(store, { account: of, atMs });
  const wrong = (handle = H) => paymentCode(handle, null);
  /** One wrong password, each at a time at which nobody has to pause. */
  const burn = async (n: number) =>
    await other.pay(wrong(), { atMs: NOW_MS - (LIMITS.handleFailuresMax - n) * MINUTE_MS });

  describe('a payment', () => {
    test('moves the money once, counts a receipt, and is found again under its key', async () => {
      const code = await online();
      const answer = await till.ask(code, { cents: 320, key: 'k' });
      const payment = {
        idempotencyKey: 'k',
        outcome: 'PAID',
        reason: null,
        way: 'ONLINE_CODE',
        amountCents: 320,
        refundedCents: 0,
        note: null,
        receipt: 1,
        order: null,
        atMs: NOW_MS,
        refunds: [],
      };
      const rider = {
        outcome: 'PAID',
        reason: null,
        way: 'ONLINE_CODE',
        payee: 'Shop kiosk',
        amountCents: 320,
        atMs: NOW_MS,
      };
      expect(answer).toEqual({ kind: 'decided', payment, notice: { account: a, rider } });
      expect(await store.findPayment('kiosk', 'k')).toEqual(payment);
      expect(await till.ask(code, { cents: 320, key: 'k', atMs: NOW_MS + DAY_MS })).toEqual({
        kind: 'repeated',
        payment,
        notice: { account: null, rider: null },
      });
      expect(await till.ask(code, { cents: 321, key: 'k' })).toEqual({ kind: 'conflict' });
      expect(await walletCents()).toBe(59_680);
    });

    type Case = () => Promise<[Presented, cents?: number, key?: string]>;
    const soMany = async (times: number, work: (n: number) => Promise<unknown>) => {
      for (let n = 0; n < times; n += 1) await work(n);
    };
    const cases: Record<Exclude<PaymentReason, 'NOT_RECEIVED' | `ORDER_${string}`>, Case> = {
      REVERSED: async () => {
        await till.reverse('gone');
        return [await online(), 100, 'gone'];
      },
      TOO_MANY_TRIES: async () => {
        await addSeed(store, { account: a, handle: H });
        await soMany(LIMITS.handleFailuresMax, burn);
        return [paymentCode(H, 7)];
      },
      CODE_REFUSED: async () => [wrong()],
      CLOCK_OFF: async () => {
        await addSeed(store, { account: a, handle: H });
        return [{ way: 'PAYMENT_CODE', handle: H, timeStep: null, strayStep: 7 }];
      },
      CODE_EXPIRED: async () => [await online(NOW_MS - 60_001)],
      CODE_USED: async () => {
        const code = await online();
        await other.pay(code);
        return [code];
      },
      DENIED: async () => {
        await store.setDenied({
          id: denyId({ issuer: ISSUER, account: a, serial: 1 }),
          note: 'stolen',
          nowMs: NOW_MS,
        });
        return [await online()];
      },
      FARE_UNKNOWN: async () => [await online()],
      OVER_AMOUNT_CAP: async () => [await online(), LIMITS.onlineCentsMax + 1],
      OVER_OFFLINE_CAP: async () => {
        // Of the account: another handle, and another phone, is no way round it.
        const handles = ['10000001', '10000002', '10000003', H];
        for (const handle of handles) {
          await addSeed(store, { account: a, handle });
          const code = paymentCode(handle, 1);
          if (handle !== H) await other.pay(code, { cents: LIMITS.offlineCentsMax });
        }
        return [paymentCode(H, 9), 1];
      },
      OVER_DAY_CAP: async () => {
        const code = await onlineCode(store, { account: a, boundCents: LIMITS.dayCentsMax });
        await other.pay(code, { cents: LIMITS.dayCentsMax });
        return [await online(), 1];
      },
      WALLET_SHORT: async () => {
        const b = await addRider(store, 'b');
        return [await online(NOW_MS, b)];
      },
    };
    const atMerchants = Object.entries(cases).filter(([reason]) => reason !== 'FARE_UNKNOWN');
    test.each(atMerchants)(
      'refused as %s moves nothing, now and when asked again',
      async (reason, make) => {
        const [code, cents = 100, key = 'refused'] = await make();
        const before = await store.readTrialBalance();
        const payment = await till.pay(code, { cents, key });
        expect(payment).toMatchObject({ outcome: 'REFUSED', reason, receipt: null, atMs: NOW_MS });
        const money = { account: a, key: 'later', amountCents: 1 };
        await store.topUp({ issuer: ISSUER, ...money, nowMs: NOW_MS });
        expect(await till.pay(code, { cents, key })).toEqual(payment);
        expect(await store.findPayment('kiosk', key)).toEqual(payment);
        const after = await store.readTrialBalance();
        expect(after.debitsCents - before.debitsCents).toBe(1);
      },
    );

    test('at a gate costs the fare of the line as it is now, and without one nothing', async () => {
      await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
      for (const [gate, line] of [
        ['g1', 'M1'],
        ['g2', 'M2'],
      ] as const) {
        await addGate(store, { gate, line });
        const payee = { kind: 'gate', gate, line, idempotencyKey: 'ask-1' } as const;
        const request = { issuer: ISSUER, payee, presented: await online(), note: null };
        const answer = await store.pay({ ...request, requestHash: 'r', nowMs: NOW_MS });
        expect(answer).toMatchObject({
          payment: {
            ...(line === 'M1' ? { outcome: 'PAID' } : { reason: 'FARE_UNKNOWN', amountCents: 0 }),
            receipt: null,
          },
        });
      }
      expect(await store.listStatement(a, { after: null, limit: 9 })).toContainEqual(
        expect.objectContaining({ kind: 'ride', way: 'ONLINE_CODE', line: 'M1', amountCents: 250 }),
      );
    });

    test('under one key asked for many times at once is one payment', async () => {
      const code = await online();
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => till.ask(code, { key: 'k' })));
      expect(answers.map(({ kind }) => kind).sort()).toEqual([
        'decided',
        'repeated',
        'repeated',
        'repeated',
        'repeated',
      ]);
      expect(new Set(answers.map((one) => 'payment' in one && one.payment.receipt))).toEqual(
        new Set([1]),
      );
      expect(await walletCents()).toBe(59_900);
    });

    test('with one code under many keys at once is one payment', async () => {
      await addSeed(store, { account: a, handle: H });
      for (const code of [await online(), paymentCode(H, 1)]) {
        const reasons = await Promise.all([till, other, till].map((at) => at.reasonOf(code)));
        expect(reasons.sort()).toEqual(['CODE_USED', 'CODE_USED', null]);
      }
    });

    test('of another merchant may have the same key, and counts its own receipts', async () => {
      for (const at of [till, other, till]) await at.pay(wrong());
      for (const [at, receipt] of [
        [till, 1],
        [other, 1],
        [other, 2],
      ] as const) {
        const key = `same-${receipt}`;
        expect(await at.pay(await online(), { key, cents: receipt })).toMatchObject({ receipt });
      }
      expect(await store.findPayment('kiosk', 'same-2')).toBeUndefined();
      expect(await store.findPayment('bakery', 'same-2')).toMatchObject({ amountCents: 2 });
    });
  });

  describe('a code', () => {
    test('is spent when it is presented, whatever comes of it, there and elsewhere', async () => {
      await addSeed(store, { account: a, handle: H });
      for (const code of [await online(), paymentCode(H, 1)]) {
        expect(await till.reasonOf(code, { cents: 60_000 })).toBe('OVER_AMOUNT_CAP');
        expect(await till.reasonOf(code, { cents: 1 })).toBe('CODE_USED');
        expect(await other.reasonOf(code, { cents: 1 })).toBe('CODE_USED');
      }
    });

    test('ends the one before it, of its own phone only', async () => {
      const b = await addRider(store, 'b');
      await store.topUp({ issuer: ISSUER, account: b, key: 'k', amountCents: 100, nowMs: NOW_MS });
      const [first, ofOther, second] = [await online(), await online(NOW_MS, b), await online()];
      expect(await till.reasonOf(first)).toBe('CODE_EXPIRED');
      expect(await till.reasonOf(ofOther)).toBeNull();
      expect(await till.reasonOf(second, { atMs: NOW_MS + 60_000 })).toBeNull();
    });

    test('that was used stays used when what has expired is swept away', async () => {
      await addSeed(store, { account: a, handle: H });
      const codes = [await online(), paymentCode(H, Math.floor(NOW_MS / 60_000))];
      for (const code of codes) await till.pay(code);
      await store.sweepExpired(NOW_MS + 120_000);
      for (const code of codes) expect(await till.reasonOf(code)).toBe('CODE_USED');
      const late = await online();
      await store.sweepExpired(NOW_MS + 3 * HOUR_MS);
      expect(await till.reasonOf(late)).toBe('CODE_REFUSED');
    });
  });

  describe('a seed', () => {
    const isLive = async (handle: string) => (await store.findSeed(handle, NOW_MS)) !== undefined;

    test('before stays good until the new one is confirmed; what nobody confirmed ends', async () => {
      await addSeed(store, { account: a, handle: '00000001' });
      expect(
        await store.confirmSeed({ account: a, serial: 1, handle: '00000001', nowMs: NOW_MS }),
      ).toBe(true);
      await addSeed(store, { account: a, handle: '00000002' });
      await addSeed(store, { account: a, handle: '00000003' });
      expect(await Promise.all(['1', '2', '3'].map((n) => isLive(`0000000${n}`)))).toEqual([
        true,
        false,
        true,
      ]);
      expect(await till.reasonOf(paymentCode('00000001', 1))).toBeNull();
      expect(
        await store.confirmSeed({ account: a, serial: 1, handle: '00000003', nowMs: NOW_MS }),
      ).toBe(true);
      expect(await isLive('00000001')).toBe(false);
      expect(await till.reasonOf(paymentCode('00000001', 2))).toBe('CODE_REFUSED');
      expect(
        await store.confirmSeed({ account: a, serial: 1, handle: '00000002', nowMs: NOW_MS }),
      ).toBe(false);
    });

    test('that is used is confirmed by that, also when it paid nothing', async () => {
      await addSeed(store, { account: a, handle: '00000001' });
      await store.confirmSeed({ account: a, serial: 1, handle: '00000001', nowMs: NOW_MS });
      await addSeed(store, { account: a, handle: '00000002' });
      expect(await till.reasonOf(paymentCode('00000002', 1), { cents: 60_000 })).not.toBeNull();
      expect(await isLive('00000001')).toBe(false);
      expect(await isLive('00000002')).toBe(true);
    });

    test('under a handle that is taken is not stored, and is nobody else’s to confirm', async () => {
      const b = await addRider(store, 'b');
      expect(await addSeed(store, { account: a, handle: H })).toBe(true);
      expect(await addSeed(store, { account: b, handle: H })).toBe(false);
      expect(await store.confirmSeed({ account: b, serial: 1, handle: H, nowMs: NOW_MS })).toBe(
        false,
      );
      expect(await store.confirmSeed({ account: a, serial: 2, handle: H, nowMs: NOW_MS })).toBe(
        false,
      );
      expect(await store.findSeed(H, NOW_MS)).toMatchObject({ account: a, serial: 1, keyId: 'k' });
    });

    test('ends when it is revoked, and when it expires', async () => {
      const b = await addRider(store, 'b');
      await addSeed(store, { account: a, handle: '00000001' });
      await addSeed(store, { account: b, handle: '00000002' });
      expect(await store.revokeSeeds({ account: a, serial: 2, nowMs: NOW_MS })).toBe(0);
      expect(await store.revokeSeeds({ account: a, serial: 1, nowMs: NOW_MS })).toBe(1);
      expect(await store.revokeSeeds({ account: a, serial: null, nowMs: NOW_MS })).toBe(0);
      expect(await till.reasonOf(paymentCode('00000001', 1))).toBe('CODE_REFUSED');
      const atMs = NOW_MS + 30 * DAY_MS;
      expect(await store.findSeed('00000002', atMs)).toBeDefined();
      expect(await store.findSeed('00000002', atMs + 1)).toBeUndefined();
      const late = { atMs: atMs + 1 };
      expect(await till.reasonOf(paymentCode('00000002', 1), late)).toBe('CODE_REFUSED');
    });

    test('ends with the key that has sealed it, and no other does', async () => {
      const b = await addRider(store, 'b');
      await addSeed(store, { account: a, handle: '00000001' });
      await addSeed(store, { account: b, handle: '00000002', keyId: 'other' });
      expect(await store.listSeedKeys(NOW_MS)).toEqual(['k', 'other']);
      await store.endSeedsOfKey({ keyId: 'k', nowMs: NOW_MS });
      expect(await store.listSeedKeys(NOW_MS)).toEqual(['other']);
      expect(await till.reasonOf(paymentCode('00000001', 1))).toBe('CODE_REFUSED');
      expect(await isLive('00000002')).toBe(true);
      expect(await store.listSeedKeys(NOW_MS + 30 * DAY_MS + 1)).toEqual([]);
    });

    test('counts wrong passwords for its whole life, and ends with the twentieth', async () => {
      await addSeed(store, { account: a, handle: H });
      for (let tries = 1; tries < LIMITS.handleFailuresMax; tries += 1) await burn(tries);
      expect(await till.reasonOf(paymentCode(H, 1))).toBeNull();
      const later = { atMs: NOW_MS + 5 * DAY_MS };
      expect(await till.reasonOf(wrong(), later)).toBe('CODE_REFUSED');
      expect(await till.reasonOf(paymentCode(H, 2), later)).toBe('TOO_MANY_TRIES');
      expect(await store.findSeed(H, NOW_MS)).toBeUndefined();
      expect(await store.confirmSeed({ account: a, serial: 1, handle: H, nowMs: NOW_MS })).toBe(
        false,
      );
    });
  });

  describe('the day', () => {
    test('counts rides of all ways, takes off what came back, and moves on', async () => {
      const bound = async (atMs = NOW_MS) =>
        await onlineCode(store, { account: a, atMs, boundCents: LIMITS.onlineCentsMax });
      await store.setFare({ line: 'M1', fareCents: 20_000, fromS: 0 }, NOW_MS);
      const gate = await addGate(store, { gate: 'g1', line: 'M1' });
      gate.ride({ account: a, counter: 1, atMs: NOW_MS - DAY_MS });
      const ridden = gate.ride({ account: a, counter: 2, atMs: NOW_MS });
      await gate.send(store);
      await drain(store);
      const payee = { kind: 'gate', gate: 'g1', line: 'M1', idempotencyKey: 'ask' } as const;
      const asked = { issuer: ISSUER, payee, presented: await bound(), note: null };
      await store.pay({ ...asked, requestHash: 'r', nowMs: NOW_MS });
      const money = { account: a, key: 'more', amountCents: 90_000 };
      await store.topUp({ issuer: ISSUER, ...money, nowMs: NOW_MS });
      expect(await till.reasonOf(await bound(), { cents: 10_001 })).toBe('OVER_DAY_CAP');
      expect(await till.reasonOf(await bound(), { cents: 10_000, key: 'ten' })).toBeNull();
      expect(await till.reasonOf(await bound(), { cents: 1 })).toBe('OVER_DAY_CAP');
      await till.refund('ten', { refundKey: 'back', amountCents: 4_000 });
      expect(await till.reasonOf(await bound(), { cents: 4_001 })).toBe('OVER_DAY_CAP');
      gate.add({ kind: 'void', atMs: NOW_MS, of: ridden });
      await gate.send(store);
      await drain(store);
      expect(await till.reasonOf(await bound(), { cents: 24_000 })).toBeNull();
      const atMs = NOW_MS + DAY_MS;
      expect(await till.reasonOf(await bound(atMs - 1), { atMs: atMs - 1 })).toBe('OVER_DAY_CAP');
      expect(await till.reasonOf(await bound(atMs), { cents: 50_000, atMs })).toBeNull();
    });
  });
}
