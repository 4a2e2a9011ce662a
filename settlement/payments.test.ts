/** Paying with a network over HTTP: every outcome and reason, what a lost answer means, and the books. */
import { join } from 'node:path';
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import type { Order, Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import type { RiderPayment } from '@stile/protocol/http/rider-api.ts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { DATABASE_FILE } from './database-place.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from './testing/town.ts';

let town: ScriptedTown;
let shop: string;
let ada: ScriptedRider;
let keys = 0;
beforeEach(async () => {
  town = await ScriptedTown.open();
  shop = await town.addMerchant('kiosk');
  ada = await town.addRider();
  await ada.topUp(10_000);
});
afterEach(async () => {
  await town.settled();
  const wrong = (await auditSettlement(town.dataDir)).filter(({ ok }) => !ok);
  expect(wrong).toEqual([]);
  await town.close();
});

const nowMs = () => town.clock.now().wallMs;

async function pay(code: string, amountCents = 100, options: { key?: string; by?: string } = {}) {
  keys += 1;
  const { key = `sale-${keys}-long`, by = shop } = options;
  return await town.get<Payment>('/v1/payments', {
    body: { idempotencyKey: key, code, amountCents },
    token: by,
  });
}

describe('a payment code', () => {
  test('pays once, and the same digits never again', async () => {
    const seed = await ada.fetchSeed();
    const code = seed.codeAt(nowMs());
    expect(await pay(code, 320)).toMatchObject({
      outcome: 'PAID',
      reason: null,
      way: 'PAYMENT_CODE',
      amountCents: 320,
      receipt: 1,
    });
    expect(await pay(code, 1)).toMatchObject({ outcome: 'REFUSED', reason: 'CODE_USED' });
    expect(await ada.money()).toMatchObject({ balanceCents: 9_680 });
  });

  test.each([
    [-2, 'REFUSED'],
    [-1, 'PAID'],
    [0, 'PAID'],
    [1, 'PAID'],
    [2, 'REFUSED'],
  ])('of the step %i away is %s', async (stepsAway, outcome) => {
    const seed = await ada.fetchSeed();
    expect(await pay(seed.codeAt(nowMs(), stepsAway))).toMatchObject({ outcome });
  });

  test('is spent even by a payment that is declined', async () => {
    const seed = await ada.fetchSeed();
    const code = seed.codeAt(nowMs());
    expect(await pay(code, 5_001)).toMatchObject({ reason: 'OVER_AMOUNT_CAP' });
    expect(await pay(code, 1)).toMatchObject({ reason: 'CODE_USED' });
  });

  test('of an unknown handle is refused in the same words as a wrong password', async () => {
    const seed = await ada.fetchSeed();
    const wrong = seed.codeAt(nowMs(), 11);
    const unknown = addCheckDigits(`71${'0'.repeat(8)}${wrong.slice(10, 18)}`);
    const [a, b] = [await pay(wrong), await pay(unknown)];
    expect({ ...a, idempotencyKey: '' }).toEqual({ ...b, idempotencyKey: '' });
    expect(a).toMatchObject({ outcome: 'REFUSED', reason: 'CODE_REFUSED', way: null });
  });

  test('of a phone whose clock is off is named, burns no try, and pays once it is right', async () => {
    const seed = await ada.fetchSeed();
    // More than a handle has tries for and a till may send: 90 s fast, a new code each minute.
    for (let minute = 0; minute < 25; minute += 1) {
      const atMs = nowMs() + 120_000;
      expect(await pay(seed.codeAt(atMs))).toMatchObject({ reason: 'CLOCK_OFF', way: null });
      town.clock.advance(60_000);
    }
    // What it showed is spent, whoever has seen it; what it shows when its clock is right is good.
    expect(await pay(seed.codeAt(nowMs()))).toMatchObject({ reason: 'CODE_USED' });
    town.clock.advance(180_000);
    expect(await pay(seed.codeAt(nowMs()))).toMatchObject({ outcome: 'PAID' });
  });

  test('of one handle is locked after twenty wrong passwords, also for the right one', async () => {
    const seed = await ada.fetchSeed();
    for (let tries = 0; tries < 20; tries += 1) {
      expect(await pay(seed.codeAt(nowMs(), 11 + tries))).toMatchObject({
        reason: 'CODE_REFUSED',
      });
      town.clock.advance(30_000);
    }
    expect(await pay(seed.codeAt(nowMs()))).toMatchObject({ reason: 'TOO_MANY_TRIES' });
    const next = await ada.fetchSeed();
    expect(await pay(next.codeAt(nowMs()))).toMatchObject({ outcome: 'PAID' });
  });

  test('cannot be paid past what an account may pay offline in a day, nor past the day', async () => {
    const seed = await ada.fetchSeed();
    await ada.topUp(90_000);
    for (const reason of [null, null, null, 'OVER_OFFLINE_CAP']) {
      expect(await pay(seed.codeAt(nowMs()), 5_000)).toMatchObject({ reason });
      town.clock.advance(60_000);
    }
    expect(await pay(await ada.onlineCode(), 35_000)).toMatchObject({ reason: 'OVER_AMOUNT_CAP' });
    expect(await pay(await ada.onlineCode(35_000), 35_000)).toMatchObject({ outcome: 'PAID' });
    expect(await pay(await ada.onlineCode(), 1)).toMatchObject({ reason: 'OVER_DAY_CAP' });
    town.clock.advance(86_400_000);
    const { token } = await town.openSession(ada);
    const ask = { token, body: await ada.provePresence('make-online-code') };
    const { text } = await town.get<{ text: string }>('/v1/riders/me/online-codes', ask);
    expect(await pay(text, 1)).toMatchObject({ outcome: 'PAID' });
  });

  test('of the handle before stays good until the new one is confirmed or has paid', async () => {
    const first = await ada.fetchSeed();
    const { session: token } = ada;
    type Fetched = { handle: string; seed: string };
    const drawn = { token, body: await ada.provePresence('make-payment-seed') };
    const second = await town.get<Fetched>('/v1/riders/me/payment-seeds', drawn);
    expect(await pay(first.codeAt(nowMs()))).toMatchObject({ outcome: 'PAID' });
    town.clock.advance(60_000);
    await town.get(`/v1/riders/me/payment-seeds/${second.handle}/confirmation`, {
      token,
      body: {},
    });
    expect(await pay(first.codeAt(nowMs()))).toMatchObject({ reason: 'CODE_REFUSED' });
  });

  test('whose seed settlement cannot open is not called wrong, and burns no try', async () => {
    const seed = await ada.fetchSeed();
    const code = seed.codeAt(nowMs());
    const db = new Database(join(town.dataDir, DATABASE_FILE));
    const sealedBy = db.prepare('SELECT key_id FROM payment_seed').pluck().get();
    const setKey = db.prepare('UPDATE payment_seed SET key_id = ?');
    setKey.run('00000000');
    for (let tries = 0; tries < 25; tries += 1) {
      const body = { idempotencyKey: `a-sale-${tries}`, amountCents: 1, code };
      const answer = await town.ask('/v1/payments', { body, token: shop });
      expect(answer).toMatchObject({ status: 503, body: { code: 'PAYMENT_CODES_OFF' } });
    }
    setKey.run(sealedBy);
    db.close();
    expect(await pay(code)).toMatchObject({ outcome: 'PAID' });
  });

  test('is off, and says so, where settlement has no key for seeds; online codes are not', async () => {
    const bare = await ScriptedTown.open({ seedKeys: null });
    try {
      const token = await bare.addMerchant('kiosk');
      const ben = await bare.addRider();
      await ben.topUp(1_000);
      const off = { status: 503, body: { code: 'PAYMENT_CODES_OFF' } };
      const fetched = {
        token: ben.session,
        body: await ben.provePresence('make-payment-seed'),
      };
      expect(await bare.ask('/v1/riders/me/payment-seeds', fetched)).toMatchObject(off);
      const sale = { idempotencyKey: 'a-sale-1', amountCents: 1 };
      const by = (code: string) => ({ body: { ...sale, code }, token });
      expect(await bare.ask('/v1/payments', by('71000123454611924629'))).toMatchObject(off);
      expect(await bare.ask('/v1/payments', by(await ben.onlineCode()))).toMatchObject({
        body: { outcome: 'PAID' },
      });
    } finally {
      await bare.close();
    }
    await expect(ScriptedTown.open({ seedKeys: 'short' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe('an account', () => {
  test('that is denied pays no way, and one in debt is denied', async () => {
    const seed = await ada.fetchSeed();
    const online = await ada.onlineCode();
    await town.operate('POST', 'denials', { body: { account: ada.account, note: 'stolen' } });
    expect(await pay(seed.codeAt(nowMs()))).toMatchObject({ reason: 'DENIED' });
    expect(await pay(online)).toMatchObject({ reason: 'DENIED' });
  });

  test('without enough money pays nothing, not a part', async () => {
    expect(await pay(await ada.onlineCode(10_001), 10_001)).toMatchObject({
      reason: 'WALLET_SHORT',
    });
    expect(await ada.money()).toMatchObject({ balanceCents: 10_000, debtCents: 0 });
  });

  test('sees on its statement which way was used, and both times', async () => {
    await pay(await ada.onlineCode(), 250);
    type Items = { items: { kind: string; way: string | null; payee: string | null }[] };
    const { items } = await town.get<Items>('/v1/riders/me/statement', { token: ada.session });
    expect(items).toContainEqual(
      expect.objectContaining({
        kind: 'payment',
        way: 'ONLINE_CODE',
        payee: 'Shop kiosk',
        amountCents: 250,
        riddenAtMs: null,
        chargedAtMs: START_MS,
      }),
    );
  });
});

describe('an online code', () => {
  test('pays once, within its minute, and only the latest of a phone', async () => {
    const first = await ada.onlineCode();
    const second = await ada.onlineCode();
    expect(await pay(first)).toMatchObject({ reason: 'CODE_EXPIRED' });
    expect(await pay(second)).toMatchObject({ outcome: 'PAID', way: 'ONLINE_CODE' });
    expect(await pay(second)).toMatchObject({ reason: 'CODE_USED' });
    const late = await ada.onlineCode();
    town.clock.advance(60_001);
    expect(await pay(late)).toMatchObject({ reason: 'CODE_EXPIRED' });
  });
});

describe('a lost answer', () => {
  test('is found again under its key, and asking again pays nothing more', async () => {
    const code = await ada.onlineCode();
    const first = await pay(code, 700, { key: 'same-key' });
    expect(await pay(code, 700, { key: 'same-key' })).toEqual(first);
    expect(await town.get('/v1/payments/same-key', { token: shop })).toEqual(first);
    expect(await ada.money()).toMatchObject({ balanceCents: 9_300 });
  });

  test('asked for twice at once pays once', async () => {
    const code = await ada.onlineCode();
    const both = await Promise.all([1, 2, 3].map(() => pay(code, 700, { key: 'same-key' })));
    expect(new Set(both.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await ada.money()).toMatchObject({ balanceCents: 9_300 });
  });

  test('the same key with another amount is a conflict', async () => {
    const code = await ada.onlineCode();
    await pay(code, 700, { key: 'same-key' });
    const body = { idempotencyKey: 'same-key', code, amountCents: 701 };
    expect(await town.ask('/v1/payments', { body, token: shop })).toMatchObject({
      status: 409,
      body: { code: 'KEY_REUSED' },
    });
  });

  test('of a question that never came is UNKNOWN, and reversing it closes the key', async () => {
    const token = shop;
    expect(await town.get('/v1/payments/never-came', { token })).toMatchObject({
      outcome: 'UNKNOWN',
      reason: 'NOT_RECEIVED',
      atMs: null,
    });
    const method = 'POST';
    expect(await town.get('/v1/payments/never-came/reversal', { method, token })).toMatchObject({
      outcome: 'REFUSED',
      reason: 'REVERSED',
    });
    const late = await pay(await ada.onlineCode(), 700, { key: 'never-came' });
    expect(late).toMatchObject({ outcome: 'REFUSED', reason: 'REVERSED' });
    expect(await ada.money()).toMatchObject({ balanceCents: 10_000 });
  });

  test('reversing what was paid gives it back once', async () => {
    await pay(await ada.onlineCode(), 700, { key: 'was-paid' });
    for (let times = 0; times < 2; times += 1) {
      const asked = { method: 'POST', token: shop } as const;
      expect(await town.get('/v1/payments/was-paid/reversal', asked)).toMatchObject({
        outcome: 'REVERSED',
        reason: 'REVERSED',
        refundedCents: 700,
      });
    }
    expect(await ada.money()).toMatchObject({ balanceCents: 10_000 });
  });
});

describe('refunds', () => {
  test('go back in parts, each key once, and never more than was paid', async () => {
    await pay(await ada.onlineCode(), 700, { key: 'a-coffee' });
    const ask = (idempotencyKey: string, amountCents: number) =>
      town.ask('/v1/payments/a-coffee/refunds', {
        body: { idempotencyKey, amountCents },
        token: shop,
      });
    expect(await ask('refund-1', 200)).toMatchObject({ body: { refundedCents: 200 } });
    expect(await ask('refund-1', 200)).toMatchObject({ body: { refundedCents: 200 } });
    expect(await ask('refund-1', 201)).toMatchObject({ status: 409 });
    expect(await ask('refund-2', 501)).toMatchObject({ status: 409, body: { code: 'TOO_MUCH' } });
    expect(await ask('refund-2', 500)).toMatchObject({ body: { refundedCents: 700 } });
    expect(await ada.money()).toMatchObject({ balanceCents: 10_000 });
    const span = `fromMs=0&toMs=${START_MS + 1}`;
    const list = await town.get<PaymentList>(`/v1/payments?${span}`, { token: shop });
    expect(list.totals).toEqual({ payments: 1, paidCents: 700, refundedCents: 700 });
  });
});

test('a refund whose key ends as no other does is as good in the books', async () => {
  await pay(await ada.onlineCode(), 700, { key: 'a-coffee' });
  for (const idempotencyKey of ['refund::', 'forgive:', ':return:']) {
    const body = { idempotencyKey, amountCents: 100 };
    await town.get('/v1/payments/a-coffee/refunds', { body, token: shop });
  }
  expect(await ada.money()).toMatchObject({ balanceCents: 9_600 });
});

describe('an order', () => {
  const make = (idempotencyKey = 'order-key') =>
    town.get<Order>('/v1/orders', { body: { idempotencyKey, amountCents: 450 }, token: shop });
  const confirm = async (order: string, { by = ada }: { by?: ScriptedRider } = {}) =>
    await town.ask(`/v1/riders/me/orders/${order}/confirmation`, await by.confirmation(order));

  test('is shown to the rider and paid once when it is confirmed', async () => {
    const { order, link } = await make();
    expect(link).toMatch(new RegExp(`/wallet/#/order/${order}$`));
    const offer = await town.get(`/v1/riders/me/orders/${order}`, { token: ada.session });
    expect(offer).toMatchObject({ state: 'OPEN', merchantName: 'Shop kiosk', amountCents: 450 });
    for (let times = 0; times < 2; times += 1) {
      const { body } = await confirm(order);
      expect(body as RiderPayment).toMatchObject({ outcome: 'PAID', payee: 'Shop kiosk' });
    }
    const paid = await town.get<Payment>('/v1/payments/order-key', { token: shop });
    expect(paid).toMatchObject({ way: 'ORDER', order, receipt: 1 });
    expect(await town.get(`/v1/orders/${order}`, { token: shop })).toMatchObject({ state: 'PAID' });
    expect(await ada.money()).toMatchObject({ balanceCents: 9_550 });
    const ben = await town.addRider();
    await ben.topUp(1_000);
    expect(await confirm(order, { by: ben })).toMatchObject({ body: { outcome: 'REFUSED' } });
  });

  test('that was refused for want of money can be confirmed again', async () => {
    const ben = await town.addRider();
    const { order } = await make();
    expect(await confirm(order, { by: ben })).toMatchObject({ body: { reason: 'WALLET_SHORT' } });
    await ben.topUp(450);
    expect(await confirm(order, { by: ben })).toMatchObject({ body: { outcome: 'PAID' } });
  });

  test('ends when it is cancelled, when its time is over, and when its key is reversed', async () => {
    const first = await make();
    await town.get(`/v1/orders/${first.order}`, { method: 'DELETE', token: shop });
    expect(await confirm(first.order)).toMatchObject({ body: { reason: 'ORDER_CANCELLED' } });
    const second = await make('order-key-2');
    town.clock.advance(600_001);
    expect(await confirm(second.order)).toMatchObject({ body: { reason: 'ORDER_EXPIRED' } });
    const third = await make('order-key-3');
    await town.get('/v1/payments/order-key-3/reversal', { method: 'POST', token: shop });
    expect(await confirm(third.order)).toMatchObject({ body: { reason: 'ORDER_CANCELLED' } });
  });
});

test('a blocked merchant is nobody', async () => {
  await town.operate('DELETE', 'merchants/kiosk');
  expect(await town.ask('/v1/merchants/me', { token: shop })).toMatchObject({ status: 401 });
});
