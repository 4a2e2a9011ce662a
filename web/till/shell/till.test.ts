/** The till under a moved clock: a payment that gets no response, a reload, refusals, and who is signed in. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { type ScriptedRider, ScriptedTown } from '@stile/settlement/testing/town.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLanguage } from '../../parts/language.ts';
import type { TextStorage } from '../../parts/storage.ts';
import { createMemoryStorage } from '../../testing/memory-storage.ts';
import { until } from '../../testing/until.ts';
import { Wire } from '../../testing/wire.ts';
import { Till } from './till.ts';
import { createTextVault, TOKEN_STORED_AS as TOKEN } from './vault.ts';

const PENDING = 'stile-till-pending-';
const MONEY_CENTS = 2_000;
const PRICE_CENTS = 700;

let town: ScriptedTown;
let wire: Wire;
let storage: TextStorage;
let token: string;
let rider: ScriptedRider;
let till: Till;
let hash: string;

beforeEach(async () => {
  town = await ScriptedTown.open();
  wire = new Wire(town);
  token = await town.addMerchant('kiosk');
  rider = await town.addRider();
  await rider.topUp(MONEY_CENTS);
  storage = createMemoryStorage({ [TOKEN]: token });
  hash = '';
  till = openTill();
});
afterEach(async () => {
  await town.close();
});

/** As a page that is loaded finds it: with what the browser has stored, and nothing else. */
function openTill(): Till {
  return new Till({
    clock: town.clock,
    random: createSeededRandom(1),
    fetch: wire.fetch,
    vault: createTextVault(storage),
    storage,
    sound: { play: () => undefined },
    tabs: { announce: () => undefined, onChange: () => undefined },
    address: {
      hash: () => hash,
      clearHash: () => {
        hash = '';
      },
    },
    language: createLanguage({ storage, browserLanguage: 'en', root: { lang: '' } }),
  });
}

function pendingTexts(): string[] {
  const names = storage.names().filter((name) => name.startsWith(PENDING));
  return names.map((name) => storage.getItem(name) ?? '');
}

async function pass(ms: number): Promise<void> {
  town.clock.advance(ms);
  await wire.idle();
}

describe('a payment', () => {
  test('is stored before it is sent, and no more when it is decided', async () => {
    await till.start();
    const code = await rider.onlineCode();
    let storedWhenSent: string[] = [];
    wire.onRequest = ({ path }) => {
      if (path === '/v1/payments') storedWhenSent = pendingTexts();
    };
    const taking = till.sale.take(code, { amountCents: PRICE_CENTS });
    await wire.idle();
    const [pending] = storedWhenSent.map((text) => JSON.parse(text));
    const { merchant, idempotencyKey, amountCents } = pending;
    expect(merchant).toBe('kiosk');
    const body = { idempotencyKey, code, amountCents };
    expect(wire.requests).toContainEqual(expect.objectContaining({ path: '/v1/payments', body }));
    await taking;
    expect(till.sale.state.value).toMatchObject({
      kind: 'decided',
      payment: { outcome: 'PAID', amountCents: PRICE_CENTS, receipt: 1 },
    });
    expect(pendingTexts()).toEqual([]);
  });

  test('without a response it is sent again after 0.7 s and 1.4 s, then left to a person', async () => {
    await till.start();
    wire.mode = 'cut';
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await wire.idle();
    for (const [waitMs, times] of [
      [700, 2],
      [1_400, 3],
    ] as const) {
      await pass(waitMs - 1);
      expect(wire.count('/v1/payments')).toBe(times - 1);
      await pass(1);
      expect(wire.count('/v1/payments')).toBe(times);
    }
    expect(till.sale.state.value.kind).toBe('waiting');
    await pass(2_100);
    expect(till.sale.state.value.kind).toBe('unknown');
    const keys = wire.requests
      .filter(({ path }) => path === '/v1/payments')
      .map(({ body }) => (body as { idempotencyKey: string }).idempotencyKey);
    expect(new Set(keys).size).toBe(1);
  });

  test('a settlement that is silent is given up after five seconds', async () => {
    await till.start();
    wire.mode = 'silent';
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await new Promise((resolve) => setImmediate(resolve));
    town.clock.advance(5_000 - 1);
    wire.mode = 'pass';
    town.clock.advance(1);
    await wire.idle();
    await pass(700);
    expect(till.sale.state.value).toMatchObject({ kind: 'decided' });
    expect(wire.count('/v1/payments')).toBe(2);
  });

  test('whose response is lost is charged once', async () => {
    await till.start();
    wire.mode = 'lose';
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await wire.idle();
    wire.mode = 'pass';
    await pass(700);
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect((await rider.money()).balanceCents).toBe(MONEY_CENTS - PRICE_CENTS);
  });

  test('that a reload interrupts is resumed with its key', async () => {
    await till.start();
    wire.mode = 'lose';
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await wire.idle();
    wire.mode = 'pass';
    till = openTill();
    await till.start();
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect((await rider.money()).balanceCents).toBe(MONEY_CENTS - PRICE_CENTS);
  });

  test('that nobody knows can be taken back, and then charges nothing', async () => {
    await till.start();
    wire.mode = 'lose';
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await wire.idle();
    wire.mode = 'cut';
    for (const waitMs of [700, 1_400, 2_100]) await pass(waitMs);
    const { value } = till.sale.state;
    if (value.kind !== 'unknown') throw new Error(`not unknown but ${value.kind}`);
    wire.mode = 'pass';
    await till.sale.reverse(value.pending);
    expect(till.sale.state.value).toEqual({ kind: 'reversed', amountCents: PRICE_CENTS });
    expect((await rider.money()).balanceCents).toBe(MONEY_CENTS);
    expect(pendingTexts()).toEqual([]);
  });

  test.each([
    [403, 'MERCHANT_BLOCKED', 'decided'],
    [503, 'PAYMENT_CODES_OFF', 'decided'],
    [429, 'TOO_MANY_REQUESTS', 'waiting'],
    [503, 'BUSY', 'waiting'],
  ])('refused with %i %s is %s', async (status, code, kind) => {
    await till.start();
    wire.respond('/v1/payments', () => ({ status, body: { code, message: 'why' } }));
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await wire.idle();
    expect(till.sale.state.value.kind).toBe(kind);
  });
});

describe('a payment that is not known when the till changes its shop', () => {
  const tokensOfPayments = () =>
    wire.requests.filter(({ path }) => path.startsWith('/v1/payments')).map((sent) => sent.token);

  async function leaveUnknown(): Promise<void> {
    await till.start();
    wire.mode = 'lose';
    void till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    await wire.idle();
    wire.mode = 'pass';
  }

  test.each(['in the middle of its tries', 'after a reload'])(
    '%s, is shown as the first shop’s and never sent for the second',
    async (when) => {
      const other = await town.addMerchant('bakery');
      await leaveUnknown();
      await till.signOut();
      if (when === 'after a reload') till = openTill();
      await till.signIn(other);
      for (const waitMs of [700, 1_400, 2_100]) await pass(waitMs);
      expect(new Set(tokensOfPayments())).toEqual(new Set([token]));
      expect(till.sale.state.value).toEqual({ kind: 'none' });
      expect(till.sale.ofOthers.value).toMatchObject([
        { merchant: 'kiosk', amountCents: PRICE_CENTS },
      ]);
      const [pending] = till.sale.ofOthers.value;
      if (pending === undefined) throw new Error('nothing is pending');
      await till.sale.resolve(pending);
      await till.sale.reverse(pending);
      expect(new Set(tokensOfPayments())).toEqual(new Set([token]));
    },
  );

  test('in another window, goes on here with the token of the shop that is shown', async () => {
    const other = await town.addMerchant('bakery');
    await leaveUnknown();
    storage.setItem(TOKEN, other);
    await pass(700);
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect(new Set(tokensOfPayments())).toEqual(new Set([token]));
  });

  test('outlives what the second shop sells, and is found out by the first', async () => {
    const other = await town.addMerchant('bakery');
    await leaveUnknown();
    await till.signOut();
    await till.signIn(other);
    await till.sale.take(await rider.onlineCode(), { amountCents: PRICE_CENTS });
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID' } });
    await till.signOut();
    await till.signIn(token);
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect(pendingTexts()).toEqual([]);
    expect((await rider.money()).balanceCents).toBe(MONEY_CENTS - 2 * PRICE_CENTS);
  });

  test('is not taken for refused if only its token has ended', async () => {
    await leaveUnknown();
    const next = await town.addMerchant('kiosk');
    for (const waitMs of [700, 1_400, 2_100]) await pass(waitMs);
    expect(till.sale.state.value.kind).toBe('unknown');
    await till.signIn(next);
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
  });
});

describe('who is signed in', () => {
  test('a token in the address is stored and leaves the address', async () => {
    storage.removeItem(TOKEN);
    hash = `#token=${token}`;
    await till.start();
    expect(till.access.value).toBe('in');
    expect(till.merchant.value?.merchant).toBe('kiosk');
    expect(storage.getItem(TOKEN)).toBe(token);
    expect(hash).toBe('');
  });

  test('a link for another shop is asked about and shown, and replaces nothing without a yes', async () => {
    const thief = await town.addMerchant('thief');
    hash = `#token=${thief}`;
    await till.start();
    expect(till.access.value).toBe('offered');
    expect(till.offer.value?.merchant).toMatchObject({ merchant: 'thief' });
    expect([hash, storage.getItem(TOKEN)]).toEqual(['', token]);
    await till.answerOffer(false);
    expect(till.merchant.value?.merchant).toBe('kiosk');
    expect(storage.getItem(TOKEN)).toBe(token);
    hash = `#token=${thief}`;
    const again = openTill();
    await again.start();
    await again.answerOffer(true);
    expect(again.merchant.value?.merchant).toBe('thief');
    expect(storage.getItem(TOKEN)).toBe(thief);
  });

  test('a link with junk, or without a network, leaves a till as it was', async () => {
    hash = '#token=xxxxxxxxxxxxxxxxxxxx';
    await till.start();
    expect([till.access.value, till.linkFailed.value]).toEqual(['in', true]);
    expect(storage.getItem(TOKEN)).toBe(token);
    wire.mode = 'cut';
    hash = '#token=xxxxxxxxxxxxxxxxxxxx';
    await openTill().start();
    expect(storage.getItem(TOKEN)).toBe(token);
  });

  test('a stored token that has ended stays until another takes its place', async () => {
    await till.start();
    const next = await town.addMerchant('kiosk');
    const again = openTill();
    await again.start();
    expect([again.access.value, again.hasToken]).toEqual(['refused', true]);
    await again.signIn('not-a-token-of-anyone');
    expect([again.access.value, storage.getItem(TOKEN)]).toEqual(['refused', token]);
    await again.signIn(next);
    expect([again.access.value, storage.getItem(TOKEN)]).toEqual(['in', next]);
  });

  test('nobody, without a token; a token that is not known is not stored on', async () => {
    storage.removeItem(TOKEN);
    await till.start();
    expect(till.access.value).toBe('out');
    await till.signIn('not-a-token-of-anyone');
    expect(till.access.value).toBe('refused');
    expect(storage.getItem(TOKEN)).toBeNull();
  });

  test('without a network the token stays for the next try', async () => {
    wire.mode = 'cut';
    await till.start();
    expect(till.access.value).toBe('unreachable');
    expect(storage.getItem(TOKEN)).toBe(token);
    wire.mode = 'pass';
    await till.enterAgain();
    expect(till.access.value).toBe('in');
  });
});

test('an event decides the order that waits for its customer', async () => {
  await till.start();
  await till.sale.makeOrder({ amountCents: PRICE_CENTS });
  const { value } = till.sale.state;
  if (value.kind !== 'order') throw new Error(`not an order but ${value.kind}`);
  const { order } = value.order;
  await rider.confirmOrder(order);
  const payment = await town.get(`/v1/payments/${value.order.idempotencyKey}`, { token });
  wire.tell({ kind: 'PAYMENT', payment });
  await until(() => till.sale.state.value.kind === 'decided');
  expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', order } });
});
