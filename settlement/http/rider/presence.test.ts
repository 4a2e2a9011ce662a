/**
 * What a stolen session cannot do: money that leaves the wallet, and what lasts longer than the session, take a proof
 * by the phone's key, over what its rider was shown.
 */
import type { Order } from '@stile/protocol/http/merchant-api.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedRider, ScriptedTown } from '../../testing/town.ts';

const PRICE_CENTS = 450;
const NO_PROOF = '403 PROOF_REFUSED';

let town: ScriptedTown;
let rider: ScriptedRider;
let shop: string;
beforeEach(async () => {
  town = await ScriptedTown.open();
  rider = await town.addRider();
  await rider.topUp(5_000);
  shop = await town.addMerchant('kiosk');
});
afterEach(async () => {
  await town.close();
});

/** With the stolen token. */
async function ask(path: string, body: object): Promise<string> {
  const token = rider.session;
  const answer = await town.ask(`/v1/riders/me/${path}`, { token, body });
  const { code = '' } = answer.body as { code?: string };
  return `${answer.status} ${code}`.trim();
}

async function makeOrder(idempotencyKey: string, token = shop): Promise<string> {
  const body = { idempotencyKey, amountCents: PRICE_CENTS };
  return (await town.get<Order>('/v1/orders', { token, body })).order;
}

/** All that the session alone may do, and what a thief has of it. */
const SESSION_ALONE: Record<string, string> = {
  'GET /v1/riders/me': 'sees balance and state; the account is a pseudonym',
  'GET /v1/riders/me/statement': 'sees rides and payments, for as long as the session lasts',
  'GET /v1/riders/me/events': 'the same',
  'GET /v1/riders/me/orders/{order}': 'sees what whoever has the link sees',
  'POST /v1/riders/me/top-ups': 'brings money into the wallet, out of which it takes a proof',
  'POST /v1/riders/me/payment-seeds/{handle}/confirmation': 'ends a seed that is replaced anyway',
  'DELETE /v1/riders/me/payment-seeds': 'ends payment codes until the phone fetches a new seed',
  'POST /v1/riders/me/recovery-code/confirmation': 'the body is the code itself',
};

test('each route of a session takes a proof, or is known to bring nobody money', async () => {
  type Body = { content: { 'application/json': { schema: { required?: string[] } } } };
  type Paths = Record<string, Record<string, { requestBody?: Body }>>;
  const { paths } = await town.get<{ paths: Paths }>('/openapi.json');
  const alone: string[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    if (!path.startsWith('/v1/riders/me')) continue;
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const required = requestBody?.content['application/json'].schema.required ?? [];
      const isProven = required.includes('challenge') && required.includes('proof');
      if (!isProven) alone.push(`${method.toUpperCase()} ${path}`);
    }
  }
  expect(alone.sort()).toEqual(Object.keys(SESSION_ALONE).sort());
});

describe('a code to pay with', () => {
  test.each([
    ['payment-seeds', 'make-payment-seed', {}, ''],
    ['online-codes', 'make-online-code', {}, ''],
    ['online-codes', 'make-online-code', { amountCents: 4_000 }, '/4000'],
  ] as const)('of %s takes the phone, once (%s %o)', async (path, purpose, bound, about) => {
    const proof = await rider.provePresence(purpose, { about });
    const other = await town.addRider();
    const subject = `${rider.account}/${rider.serial}${about}`;
    const wrong = [
      { ...proof, proof: 'a'.repeat(128) },
      { ...proof, challenge: 'x' },
      await rider.provePresence('open-session', { about }),
      await rider.provePresence('confirm-order', { about }),
      await rider.provePresence(purpose, { about: `${about}/9` }),
      await other.provePresence(purpose, { about }),
      await town.prove(other.key, { purpose, subject }),
    ];
    expect(await ask(path, bound)).toBe('400 REQUEST_INVALID');
    for (const one of wrong) expect(await ask(path, { ...bound, ...one })).toBe(NO_PROOF);
    expect(await ask(path, { ...bound, ...proof })).toBe('201');
    expect(await ask(path, { ...bound, ...proof })).toBe(NO_PROOF);
  });

  test('pays no more than its phone signed', async () => {
    const unbound = await rider.provePresence('make-online-code');
    expect(await ask('online-codes', { amountCents: 1_000_000, ...unbound })).toBe(NO_PROOF);
    const bound = await rider.provePresence('make-online-code', { about: '/100' });
    expect(await ask('online-codes', { amountCents: 101, ...bound })).toBe(NO_PROOF);
    expect(await ask('online-codes', bound)).toBe(NO_PROOF);
    expect(await ask('online-codes', { amountCents: 100, ...bound })).toBe('201');
  });
});

describe('an order', () => {
  test('is paid by nobody who has the session and not the phone', async () => {
    const order = await makeOrder('an-order');
    const path = `orders/${order}/confirmation`;
    const { body } = await rider.confirmation(order);
    const other = await town.addRider();
    const subject = `${rider.account}/${rider.serial}/${order}/${PRICE_CENTS}/Shop kiosk`;
    const shown = { amountCents: PRICE_CENTS, merchantName: 'Shop kiosk' };
    expect(await ask(path, shown)).toBe('400 REQUEST_INVALID');
    for (const wrong of [
      { ...body, proof: 'a'.repeat(128) },
      { ...body, challenge: 'x' },
      { ...shown, ...(await town.prove(other.key, { purpose: 'confirm-order', subject })) },
      { ...shown, ...(await town.prove(rider.key, { purpose: 'make-online-code', subject })) },
      (await other.confirmation(order)).body,
    ]) {
      expect(await ask(path, wrong)).toBe(NO_PROOF);
    }
    expect(await rider.money()).toMatchObject({ balanceCents: 5_000 });
    expect(await ask(path, body)).toBe('200');
    expect(await rider.money()).toMatchObject({ balanceCents: 5_000 - PRICE_CENTS });
  });

  test('is paid by no proof of another order, another amount or another payee', async () => {
    const bakery = await town.addMerchant('bakery');
    const [order, other] = [await makeOrder('an-order'), await makeOrder('another-order')];
    const elsewhere = await makeOrder('an-order', bakery);
    const path = `orders/${order}/confirmation`;
    for (const one of [other, elsewhere]) {
      const { body } = await rider.confirmation(one, { merchantName: 'Shop kiosk' });
      expect(await ask(path, body)).toBe(NO_PROOF);
    }
    // What the phone was made to show, and signed, is not what the order says.
    const cheap = (await rider.confirmation(order, { amountCents: 1 })).body;
    expect(await ask(path, cheap)).toBe('409 AMOUNT_CHANGED');
    const alms = (await rider.confirmation(order, { merchantName: 'Alms' })).body;
    expect(await ask(path, alms)).toBe('409 PAYEE_CHANGED');
    // On the way it was made what the order says; the proof was not.
    const again = (await rider.confirmation(order, { amountCents: 1 })).body;
    expect(await ask(path, { ...again, amountCents: PRICE_CENTS })).toBe(NO_PROOF);
    expect(await ask(path, { ...alms, merchantName: 'Shop kiosk' })).toBe(NO_PROOF);
    expect(await rider.money()).toMatchObject({ balanceCents: 5_000 });
  });

  test('is paid by a proof once; who did not hear it signs again, and pays once', async () => {
    const order = await makeOrder('an-order');
    const path = `orders/${order}/confirmation`;
    const { body } = await rider.confirmation(order);
    expect(await ask(path, body)).toBe('200');
    expect(await ask(path, body)).toBe(NO_PROOF);
    expect(await rider.confirmOrder(order)).toMatchObject({ outcome: 'PAID' });
    expect(await rider.money()).toMatchObject({ balanceCents: 5_000 - PRICE_CENTS });
  });

  test('whose shop has another name since is looked at again', async () => {
    const order = await makeOrder('an-order');
    const before = await rider.confirmation(order);
    const body = { merchant: 'kiosk', name: 'Harbour Kiosk' };
    await town.operate('POST', 'merchants', { body });
    const path = `orders/${order}/confirmation`;
    expect(await ask(path, before.body)).toBe('409 PAYEE_CHANGED');
    expect(await rider.confirmOrder(order)).toMatchObject({ payee: 'Harbour Kiosk' });
  });
});
