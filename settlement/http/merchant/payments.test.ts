/** What a till may send wrong, and its list: requests that are refused before anything is decided. */
import type { Order, Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedRider, ScriptedTown, START_MS } from '../../testing/town.ts';

let town: ScriptedTown;
let token: string;
let rider: ScriptedRider;
beforeEach(async () => {
  town = await ScriptedTown.open();
  token = await town.addMerchant('kiosk');
  rider = await town.addRider();
  await rider.topUp(10_000);
});
afterEach(async () => {
  await town.close();
});

async function pay(
  idempotencyKey: string,
  { amountCents, note }: { amountCents: number; note?: string },
): Promise<Payment> {
  const code = await rider.onlineCode();
  const body = { idempotencyKey, code, amountCents, ...(note === undefined ? {} : { note }) };
  return await town.get<Payment>('/v1/payments', { body, token });
}

async function refusal(url: string, body: object) {
  const answer = await town.ask(url, { body, token });
  return `${answer.status} ${(answer.body as { code?: string }).code}`;
}

describe('a request to be paid', () => {
  test.each([
    ['nothing', { amountCents: 0 }],
    ['less than nothing', { amountCents: -1 }],
    ['parts of a cent', { amountCents: 1.5 }],
    ['an amount in words', { amountCents: '100' }],
    ['more than anything costs', { amountCents: 10_000_001 }],
    ['no key', { idempotencyKey: undefined }],
    ['too short a key', { idempotencyKey: 'short' }],
    ['a key that would need escaping', { idempotencyKey: 'sale/1-long' }],
    ['no code', { code: undefined }],
    ['a code with a letter', { code: '7212345678901234567X' }],
    ['a code of another scheme', { code: '101234567890123456' }],
    ['a note that is too long', { note: 'x'.repeat(81) }],
    ['a field that nobody knows', { currency: 'USD' }],
  ])('with %s is invalid and uses nothing up', async (_what, change) => {
    const good = {
      idempotencyKey: 'sale-1-long',
      code: await rider.onlineCode(),
      amountCents: 100,
    };
    expect(await refusal('/v1/payments', { ...good, ...change })).toBe('400 REQUEST_INVALID');
    const paid = await town.get<Payment>('/v1/payments', { body: good, token });
    expect(paid).toMatchObject({ outcome: 'PAID', receipt: 1 });
  });

  test('with a key that made an order is a conflict, and the other way round', async () => {
    const order = { idempotencyKey: 'order-key', amountCents: 100 };
    await town.get<Order>('/v1/orders', { body: order, token });
    const code = await rider.onlineCode();
    expect(await refusal('/v1/payments', { ...order, code })).toBe('409 KEY_REUSED');
    await pay('a-sale-1', { amountCents: 100 });
    const again = { idempotencyKey: 'a-sale-1', amountCents: 100 };
    expect(await refusal('/v1/orders', again)).toBe('409 KEY_REUSED');
  });
});

test('what is asked again under its key has the same answer, marked as the one of then; another body is refused', async () => {
  const code = await rider.onlineCode();
  const sale = { idempotencyKey: 'a-sale-1', code, amountCents: 100 };
  const asked: [url: string, body: object, token: string][] = [
    ['/v1/payments', sale, token],
    ['/v1/payments/a-sale-1/refunds', { idempotencyKey: 'a-refund', amountCents: 30 }, token],
    ['/v1/orders', { idempotencyKey: 'an-order', amountCents: 100 }, token],
    ['/v1/riders/me/top-ups', { idempotencyKey: 'a-top-up', amountCents: 700 }, rider.session],
  ];
  for (const [url, body, by] of asked) {
    const first = await town.ask(url, { body, token: by });
    town.clock.advance(1_000);
    const again = await town.ask(url, { body, token: by });
    const marks = [first, again].map(({ headers }) => headers['idempotency-replayed']);
    expect({ url, status: first.status, marks }).toEqual({
      url,
      status: 200,
      marks: [undefined, 'true'],
    });
    expect(again.body, url).toEqual(first.body);
    const other = await town.ask(url, { body: { ...body, amountCents: 7 }, token: by });
    expect(other.status, url).toBe(409);
  }
});

test.each([
  ['nothing', { amountCents: 0 }],
  ['no key', { idempotencyKey: undefined }],
  ['a field that nobody knows', { reason: 'broken' }],
])('a refund with %s is invalid', async (_what, change) => {
  await pay('a-sale-1', { amountCents: 100 });
  const good = { idempotencyKey: 'a-refund', amountCents: 1 };
  const url = '/v1/payments/a-sale-1/refunds';
  expect(await refusal(url, { ...good, ...change })).toBe('400 REQUEST_INVALID');
  expect(await refusal(url, good)).toBe('200 undefined');
});

describe('a till', () => {
  test('sells and takes back what it just sold; money back later takes its manager', async () => {
    const body = { merchant: 'kiosk', name: 'Kiosk' };
    const tokens = await town.operate<{ token: string; managerToken: string }>(
      'POST',
      'merchants',
      { body },
    );
    token = tokens.token;
    expect(await town.get('/v1/merchants/me', { token })).toMatchObject({ role: 'TILL' });
    await pay('till-sale-1', { amountCents: 300 });
    await pay('till-sale-2', { amountCents: 300 });
    const back = { idempotencyKey: 'till-back-1', amountCents: 1 };
    const url = '/v1/payments/till-sale-1';
    expect(await refusal(`${url}/refunds`, back)).toBe('403 MANAGER_NEEDED');
    expect(await refusal('/v1/payments/till-sale-2/reversal', {})).toBe('200 undefined');
    town.clock.advance(1_000_000);
    expect(await refusal(`${url}/reversal`, {})).toBe('403 MANAGER_NEEDED');
    expect(await rider.money()).toMatchObject({ balanceCents: 9_700 });
    token = tokens.managerToken;
    expect(await refusal(`${url}/refunds`, back)).toBe('200 undefined');
    town.clock.advance(91 * 86_400_000);
    const later = { ...back, idempotencyKey: 'till-back-2' };
    expect(await refusal(`${url}/refunds`, later)).toBe('409 TOO_LATE');
  });

  test('gives back no more in a day than settings allow', async () => {
    const strict = await ScriptedTown.open({ settings: { payments: { refundDayCentsMax: 400 } } });
    try {
      const manager = await strict.addMerchant('kiosk');
      const ada = await strict.addRider();
      await ada.topUp(5_000);
      const sale = { idempotencyKey: 'one-sale', code: await ada.onlineCode(), amountCents: 900 };
      await strict.get('/v1/payments', { body: sale, token: manager });
      const refund = async (idempotencyKey: string, amountCents: number) => {
        const asked = { body: { idempotencyKey, amountCents }, token: manager };
        const { status, body } = await strict.ask('/v1/payments/one-sale/refunds', asked);
        return `${status} ${(body as { code?: string }).code}`;
      };
      expect(await refund('back-one', 300)).toBe('200 undefined');
      expect(await refund('back-two', 101)).toBe('409 REFUND_LIMIT');
      strict.clock.advance(86_400_001);
      expect(await refund('back-two', 101)).toBe('200 undefined');
    } finally {
      await strict.close();
    }
  });
});

test('sales that a till takes back at once use up nothing of what the manager may refund in a day', async () => {
  const strict = await ScriptedTown.open({ settings: { payments: { refundDayCentsMax: 400 } } });
  try {
    const body = { merchant: 'kiosk', name: 'Kiosk' };
    const shop = await strict.operate<{ token: string; managerToken: string }>(
      'POST',
      'merchants',
      { body },
    );
    const ada = await strict.addRider();
    await ada.topUp(5_000);
    const statusOf = async (path: string, asked: { body: object; token: string }) => {
      const { status, body } = await strict.ask(`/v1/payments${path}`, asked);
      return `${status} ${(body as { code?: string }).code}`;
    };
    const sell = async (idempotencyKey: string, amountCents: number) => {
      const sale = { idempotencyKey, code: await ada.onlineCode(), amountCents };
      expect(await statusOf('', { body: sale, token: shop.token })).toBe('200 undefined');
    };
    const backOf = (idempotencyKey: string, amountCents: number) => ({
      body: { idempotencyKey, amountCents },
      token: shop.managerToken,
    });
    for (const key of ['thief-sale-1', 'thief-sale-2', 'thief-sale-3', 'thief-sale-4']) {
      await sell(key, 500);
      const asked = { body: {}, token: shop.token };
      expect(await statusOf(`/${key}/reversal`, asked)).toBe('200 undefined');
    }
    await sell('honest-1', 300);
    await sell('honest-2', 300);
    expect(await statusOf('/honest-1/refunds', backOf('back-honest-1', 200))).toBe('200 undefined');
    strict.clock.advance(1_000_000);
    // Taken back later it is a refund, and counts like one.
    const late = { body: {}, token: shop.managerToken };
    expect(await statusOf('/honest-2/reversal', late)).toBe('409 REFUND_LIMIT');
    expect(await statusOf('/honest-1/reversal', late)).toBe('200 undefined');
    expect(await statusOf('/honest-2/refunds', backOf('back-honest-2', 101))).toBe(
      '409 REFUND_LIMIT',
    );
    expect(await statusOf('/honest-2/refunds', backOf('back-honest-2', 100))).toBe('200 undefined');
  } finally {
    await strict.close();
  }
});

describe('the list', () => {
  const list = async (query: string) =>
    await town.get<PaymentList>(`/v1/payments?${query}`, { token });

  test('goes back page by page, each payment once, with the totals of the whole span', async () => {
    for (let count = 1; count <= 5; count += 1) {
      await pay(`sale-no-${count}`, { amountCents: count * 100, note: `note ${count}` });
      if (count % 2 === 0) town.clock.advance(1_000);
    }
    const span = `fromMs=${START_MS}&toMs=${START_MS + 60_000}&limit=2`;
    const seen: (string | null)[] = [];
    let page = await list(span);
    for (;;) {
      expect(page.totals).toEqual({ payments: 5, paidCents: 1_500, refundedCents: 0 });
      seen.push(...page.items.map(({ note }) => note));
      if (page.next === null) break;
      page = await list(`${span}&after=${page.next}`);
    }
    expect(seen).toEqual(['note 5', 'note 4', 'note 3', 'note 2', 'note 1']);
    expect((await list(`fromMs=${START_MS + 2_000}&toMs=${START_MS + 60_000}`)).items).toHaveLength(
      1,
    );
  });

  test.each([
    ['no span', 'fromMs=0'],
    ['a span of words', 'fromMs=yesterday&toMs=1'],
    ['a cursor of its own making', 'fromMs=0&toMs=1&after=1;DROP'],
    ['too long a page', 'fromMs=0&toMs=1&limit=101'],
  ])('with %s is invalid', async (_what, query) => {
    expect(await town.ask(`/v1/payments?${query}`, { token })).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID' },
    });
  });
});
