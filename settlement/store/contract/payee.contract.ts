/** What any Store must do with a payee: wrong codes make it pause, good ones are no blame, a block ends it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_PAYMENT_LIMITS, pauseMs } from '../../core/payments/payment-rules.ts';
import type { Presented } from '../../core/payments/spend-code.ts';
import { addRider, ISSUER, NOW_MS } from '../../testing/log.ts';
import { addSeed, onlineCode, paymentCode, ScriptedTill } from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;
const H = '12345678';

export function describePayees(open: OpenStore): void {
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

  describe('a payee', () => {
    test('pauses for seconds after sixty made-up codes, others and other methods do not', async () => {
      await addSeed(store, { account: a, handle: H });
      let atMs = NOW_MS;
      for (let tries = 1; tries <= 60; tries += 1) {
        expect(await till.reasonOf(wrong('99999999'), { atMs })).toBe('CODE_REFUSED');
        expect(await till.reasonOf(await online(atMs), { atMs })).toBeNull();
        if (tries < 60) atMs += pauseMs(tries, LIMITS);
      }
      expect(pauseMs(60, LIMITS)).toBe(30_000);
      atMs += 29_999;
      expect(await till.reasonOf(paymentCode(H, 1), { atMs })).toBe('TOO_MANY_TRIES');
      expect(await other.reasonOf(paymentCode(H, 1), { atMs })).toBeNull();
      expect(await till.reasonOf(paymentCode(H, 2), { atMs: atMs + 1 })).toBeNull();
    });

    test('that presents made-up online codes has its payment codes looked at', async () => {
      await addSeed(store, { account: a, handle: H });
      for (let tries = 0; tries < LIMITS.payeeFailuresFree; tries += 1) {
        const codeHash = `made up ${tries}`;
        expect(await till.reasonOf({ way: 'ONLINE_CODE', codeHash })).toBe('CODE_REFUSED');
      }
      expect(await till.reasonOf(await online())).toBe('TOO_MANY_TRIES');
      expect(await till.reasonOf(paymentCode(H, 1))).toBeNull();
    });

    test('is not blamed for a phone whose clock is off, and neither is its handle', async () => {
      await addSeed(store, { account: a, handle: H });
      for (let step = 10; step < 10 + LIMITS.handleFailuresMax; step += 1) {
        const stray: Presented = { ...paymentCode(H, null), strayStep: step } as Presented;
        expect(await till.reasonOf(stray)).toBe('CLOCK_OFF');
        expect(await other.reasonOf(stray)).toBe('CODE_USED');
      }
      expect(await till.reasonOf(paymentCode(H, 10))).toBe('CODE_USED');
      expect(await till.reasonOf(paymentCode(H, 9))).toBeNull();
    });

    test('is not blamed for codes that are good but pay nothing', async () => {
      const used = await online();
      await other.pay(used);
      const late = await online(NOW_MS - 60_001);
      const b = await addRider(store, 'b');
      for (let tries = 0; tries < LIMITS.payeeFailuresPerHourMax; tries += 1) {
        expect(await till.reasonOf(used)).toBe('CODE_USED');
        expect(await till.reasonOf(late)).toBe('CODE_EXPIRED');
        expect(await till.reasonOf(await online(NOW_MS, b))).toBe('WALLET_SHORT');
      }
      expect(await till.reasonOf(await online())).toBeNull();
    });

    test('whose merchant is blocked has no token, until it gets another', async () => {
      expect(await store.findMerchant('token of kiosk')).toMatchObject({ merchant: 'kiosk' });
      expect(await store.blockMerchant('kiosk', NOW_MS)).toBe(true);
      expect(await store.blockMerchant('kiosk', NOW_MS)).toBe(true);
      expect(await store.blockMerchant('nobody', NOW_MS)).toBe(false);
      expect(await store.findMerchant('token of kiosk')).toBeUndefined();
      const hashes = { tokenHash: 'new', managerTokenHash: 'newer' };
      await store.setMerchant({ merchant: 'kiosk', name: 'New', ...hashes, nowMs: NOW_MS });
      expect(await store.findMerchant("manager's token of kiosk")).toBeUndefined();
      expect(await store.findMerchant('newer')).toMatchObject({ role: 'MANAGER' });
      expect(await store.findMerchant('token of kiosk')).toBeUndefined();
      expect(await store.findMerchant('new')).toMatchObject({
        name: 'New',
        blockedAtMs: null,
        role: 'TILL',
      });
      expect((await store.listMerchants()).map(({ merchant }) => merchant)).toEqual([
        'bakery',
        'kiosk',
      ]);
    });

    test('that was never set up is not paid', async () => {
      const nobody = new ScriptedTill(store, 'nobody');
      const code = await online();
      await expect(nobody.pay(code)).rejects.toThrow('Bug');
      expect(await walletCents()).toBe(60_000);
      expect(await till.reasonOf(code)).toBeNull();
    });
  });
}
