/** Server-sent events over a real port: both sides hear at once, nobody hears of another, nothing leaks. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { STREAMS_PER_SUBJECT_MAX } from './http/event-streams.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

let town: ScriptedTown;
let stop: AbortController;
beforeEach(async () => {
  town = await ScriptedTown.open();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await town.close();
});

type Heard = { kind: string; [field: string]: unknown };

/** An open stream; `next` waits for the next event, `ended` for its end. */
async function listen(path: string, token: string) {
  return await listenBehind(null, { path, token });
}

/** `heard`: the id of the last event that was heard before. */
async function listenBehind(
  heard: string | null,
  { path, token }: { path: string; token: string },
) {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    ...(heard !== null && { 'last-event-id': heard }),
  };
  const response = await fetch(new URL(path, town.settlement.url), {
    headers,
    signal: stop.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let id = '';
  const next = async (): Promise<Heard | null> => {
    for (;;) {
      const end = rest.indexOf('\n\n');
      if (end >= 0) {
        id = /^id: (.*)$/m.exec(rest.slice(0, end))?.[1] ?? id;
        const data = /^data: (.*)$/m.exec(rest.slice(0, end))?.[1];
        rest = rest.slice(end + 2);
        if (data !== undefined) return JSON.parse(data) as Heard;
        continue;
      }
      const { done = true, value } = (await reader?.read()) ?? {};
      if (done) return null;
      rest += value ?? '';
    }
  };
  return { status: response.status, next, lastId: () => id };
}

test('a payment is heard by its merchant and its rider, and by nobody else', async () => {
  const [shop, other] = [await town.addMerchant('kiosk'), await town.addMerchant('other')];
  const [ada, ben] = [await town.addRider(), await town.addRider()];
  await ada.topUp(1_000);
  const [atShop, atOther, atAda, atBen] = await Promise.all([
    listen('/v1/merchants/me/events', shop),
    listen('/v1/merchants/me/events', other),
    listen('/v1/riders/me/events', ada.session),
    listen('/v1/riders/me/events', ben.session),
  ]);
  for (const stream of [atShop, atOther, atAda, atBen]) {
    expect(await stream.next()).toEqual({ kind: 'OPEN' });
  }
  const code = await ada.onlineCode();
  const body = { idempotencyKey: 'a-sale-1', code, amountCents: 300 };
  await town.get('/v1/payments', { body, token: shop });
  expect(await atShop.next()).toMatchObject({ kind: 'PAYMENT', payment: { receipt: 1 } });
  expect(await atAda.next()).toMatchObject({
    kind: 'PAYMENT',
    payment: { payee: 'Shop kiosk', amountCents: 300 },
  });
  expect(await atAda.next()).toEqual({ kind: 'ACCOUNT' });
  await ben.topUp(1);
  expect(await atBen.next()).toEqual({ kind: 'ACCOUNT' });
  await town.get('/v1/payments/other-sale/reversal', { method: 'POST', token: other });
  const order = { idempotencyKey: 'an-order', amountCents: 5 };
  const { order: id } = await town.get<{ order: string }>('/v1/orders', {
    body: order,
    token: other,
  });
  await town.get(`/v1/orders/${id}`, { method: 'DELETE', token: other });
  expect(await atOther.next()).toMatchObject({ kind: 'ORDER', order: { state: 'CANCELLED' } });
});

test('asking again with the same key tells nobody twice', async () => {
  const shop = await town.addMerchant('kiosk');
  const ada = await town.addRider();
  await ada.topUp(1_000);
  const stream = await listen('/v1/riders/me/events', ada.session);
  await stream.next();
  const body = { idempotencyKey: 'a-sale-1', code: await ada.onlineCode(), amountCents: 300 };
  for (let times = 0; times < 3; times += 1) await town.get('/v1/payments', { body, token: shop });
  const refund = { body: { idempotencyKey: 'a-refund', amountCents: 300 }, token: shop };
  await town.get('/v1/payments/a-sale-1/refunds', refund);
  const kinds: (string | undefined)[] = [];
  for (let count = 0; count < 4; count += 1) kinds.push((await stream.next())?.kind);
  expect(kinds).toEqual(['PAYMENT', 'ACCOUNT', 'REFUND', 'ACCOUNT']);
});

test('a rider hears of rides, of fares that come back and of being denied', async () => {
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const ada = await town.addRider();
  await ada.topUp(1_000);
  const stream = await listen('/v1/riders/me/events', ada.session);
  expect(await stream.next()).toEqual({ kind: 'OPEN' });
  gate.tap(ada.code(START_MS), { atMs: START_MS });
  await town.send(gate);
  expect(await stream.next()).toEqual({ kind: 'ACCOUNT' });
  const id = 'a5'.repeat(16);
  const question = gate.question(id, { code: await ada.onlineCode(), atMs: START_MS });
  await town.get('/v1/gates/g1/payments', question);
  expect(await stream.next()).toMatchObject({
    kind: 'PAYMENT',
    payment: { payee: 'M1', amountCents: 250, way: 'ONLINE_CODE' },
  });
  expect(await stream.next()).toEqual({ kind: 'ACCOUNT' });
  gate.answer(gate.ask(id, START_MS), { atMs: START_MS, reason: 'NO_ANSWER' });
  await town.send(gate, { fromSeq: 2 });
  expect(await stream.next()).toEqual({ kind: 'ACCOUNT' });
  expect(await ada.money()).toMatchObject({ balanceCents: 750 });
  await town.operate('POST', 'denials', { body: { account: ada.account, note: 'lost' } });
  expect(await stream.next()).toEqual({ kind: 'ACCOUNT' });
});

test('a stream ends with the session that opened it', async () => {
  const ada = await town.addRider();
  const stream = await listen('/v1/riders/me/events', ada.session);
  expect(await stream.next()).toEqual({ kind: 'OPEN' });
  town.clock.advance(29 * 60_000);
  await ada.topUp(1);
  expect(await stream.next()).toEqual({ kind: 'ACCOUNT' });
  town.clock.advance(60_000);
  expect(await stream.next()).toBeNull();
});

test('a stream needs its credential, ends with it, and there are not endlessly many', async () => {
  const shop = await town.addMerchant('kiosk');
  expect((await listen('/v1/merchants/me/events', 'nobody')).status).toBe(401);
  const open = [];
  for (let count = 0; count < STREAMS_PER_SUBJECT_MAX; count += 1) {
    open.push(await listen('/v1/merchants/me/events', shop));
  }
  expect((await listen('/v1/merchants/me/events', shop)).status).toBe(503);
  await town.operate('DELETE', 'merchants/kiosk');
  for (const stream of open) {
    await stream.next();
    expect(await stream.next()).toBeNull();
  }
  expect((await listen('/v1/merchants/me/events', shop)).status).toBe(401);
});

test('a settlement that ends does not wait for its listeners', async () => {
  const ada = await town.addRider();
  const stream = await listen('/v1/riders/me/events', ada.session);
  await stream.next();
  await town.stop();
  expect(await stream.next()).toBeNull();
});

test('whoever says what they heard last hears what came behind it, once and in its order', async () => {
  const shop = await town.addMerchant('kiosk');
  const ada = await town.addRider();
  const path = '/v1/riders/me/events';
  const first = await listen(path, ada.session);
  await first.next();
  const atOpen = first.lastId();
  await ada.topUp(1_000);
  expect(await first.next()).toEqual({ kind: 'ACCOUNT' });
  stop.abort();
  stop = new AbortController();
  const body = { idempotencyKey: 'a-sale-1', code: await ada.onlineCode(), amountCents: 300 };
  await town.get('/v1/payments', { body, token: shop });
  const again = await listenBehind(first.lastId(), { path, token: ada.session });
  const kinds = async (stream: typeof again, count: number) => {
    const heard: (string | undefined)[] = [];
    while (heard.length < count) heard.push((await stream.next())?.kind);
    return heard;
  };
  expect(await kinds(again, 3)).toEqual(['OPEN', 'PAYMENT', 'ACCOUNT']);
  await ada.topUp(1);
  expect(await again.next()).toEqual({ kind: 'ACCOUNT' });
  // Before the first event there is a place as well; what is no id of ours is none.
  const fromOpen = await listenBehind(atOpen, { path, token: ada.session });
  expect(await kinds(fromOpen, 5)).toEqual(['OPEN', 'ACCOUNT', 'PAYMENT', 'ACCOUNT', 'ACCOUNT']);
  const stray = await listenBehind('9'.repeat(16), { path, token: ada.session });
  await stray.next();
  await ada.topUp(2);
  expect(await stray.next()).toEqual({ kind: 'ACCOUNT' });
});
