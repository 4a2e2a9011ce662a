/**
 * Money as the wallet shows it: a ride that was charged later than it was ridden, a debt and the way out
 * of it, payments by code and by order, and what settlement tells without being asked.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DESK, openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';
import { addGate, enrol, RIDE, scan, sendLog, settle } from '../testing/wallet-scene.ts';

const FARE_CENTS = 280;
/** How long the gate had no network. */
const LATE_MS = 3_600_000;

let town: Town;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let pageErrors: string[];
let merchantToken: string;
let orders = 0;

beforeAll(async () => {
  town = await Town.open();
  browser = await openBrowser();
  await town.operate('PUT', 'lines/M1', { body: { fareCents: FARE_CENTS } });
  merchantToken = await town.addMerchant('kiosk', 'Kiosk am Hafen');
});
afterAll(async () => {
  await browser?.close();
  await town?.close();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, locale: 'en-GB' });
  ({ page, pageErrors } = await openPage(context));
});
afterEach(async () => {
  await context.close();
  expect(pageErrors).toEqual([]);
});

async function goTo(place: string): Promise<void> {
  await page.goto(`${town.url}/wallet/#/${place}`);
}

async function topUp(cents: number): Promise<void> {
  await goTo('money');
  await page.locator(`[data-top-up="${cents}"]`).click();
  await page.getByText('paid in.').waitFor();
}

function balance(cents: number) {
  return page.locator(`[data-balance="${cents}"]`);
}

async function pay(body: { code: string; amountCents: number; idempotencyKey: string }) {
  type Payment = { outcome: string; reason: string | null };
  return await town.call<Payment>('/v1/payments', { token: merchantToken, body });
}

test('a ride without network: its fare, when it was ridden, when it was charged, and how', async () => {
  await enrol(page, town);
  await topUp(1_000);
  await goTo('ride');
  const gate = await addGate(town, { gate: 'g-ride', line: 'M1' });
  const { text } = await scan(page);
  await page.goto(`${town.url}/wallet/#/money`);
  gate.tap(text, { atMs: Date.now(), fareCents: FARE_CENTS });
  await sendLog(town, gate);
  await balance(1_000 - FARE_CENTS).waitFor();
  const ride = page.getByRole('listitem').filter({ hasText: 'Ride · Line M1' });
  await ride.getByText('−€2.80').waitFor();
  await ride.getByText(/Ridden .*, charged .* · transit code/).waitFor();
});

test('the two times of a late ride are both there', async () => {
  await enrol(page, town);
  await goTo('money');
  await page.route('**/v1/riders/me/statement**', async (route) => {
    const chargedAtMs = Date.UTC(2026, 4, 4, 9, 30);
    const ride = {
      id: 'a',
      kind: 'ride',
      way: 'TRANSIT_CODE',
      payee: null,
      line: 'M1',
      amountCents: 280,
    };
    const owed = { owedCents: 100, state: 'DEBT', reason: 'WALLET_SHORT' };
    const times = {
      riddenAtMs: chargedAtMs - LATE_MS,
      riddenAtSource: 'GATE',
      chargedAtMs,
    };
    await route.fulfill({ json: { items: [{ ...ride, ...owed, ...times }], next: null } });
  });
  await page.reload();
  const ride = page.getByRole('listitem').filter({ hasText: 'Line M1' });
  await ride.getByText(/Ridden 4 May 2026, \d\d:30, charged 4 May 2026, \d\d:30/).waitFor();
  await ride.getByText('€1.00 still owed').waitFor();
});

test('a debt: blocked with the amount and why; paying it lifts it, all without a reload', async () => {
  await enrol(page, town);
  await settle(page);
  const gate = await addGate(town, { gate: 'g-debt', line: 'M1' });
  const { text } = await scan(page);
  gate.tap(text, { atMs: Date.now(), fareCents: FARE_CENTS });
  await sendLog(town, gate);
  await page.locator('[data-warning="denied"]').getByText('€2.80 is owed').waitFor();
  await screenshot(page, 'wallet-denied-debt');
  await page.getByRole('link', { name: 'Top up' }).click();
  await page.getByText('You owe €2.80.').waitFor();
  await screenshot(page, 'wallet-money-debt');
  await page.getByRole('button', { name: 'Pay €2.80 now' }).click();
  await page.getByText('You owe').waitFor({ state: 'detached' });
  await balance(0).waitFor();
  await goTo('ride');
  await page.getByRole('img', { name: RIDE }).waitFor();
  expect(await page.locator('[data-warning]').count()).toBe(0);
});

describe('at a till', () => {
  test('a payment code that was offline when shown: paid, told at once, and used up', async () => {
    await enrol(page, town);
    await topUp(2_000);
    await goTo('pay');
    const shown = page.locator('[data-code]');
    await shown.waitFor();
    const code = (await shown.getAttribute('data-code')) ?? '';
    expect(await pay({ code, amountCents: 750, idempotencyKey: 'key-offline-1' })).toMatchObject({
      outcome: 'PAID',
    });
    await page.getByText('€7.50 paid to Kiosk am Hafen.').waitFor();
    await page.getByText('This code was used.').waitFor();
    await screenshot(page, 'wallet-pay-used');
    await goTo('money');
    await balance(1_250).waitFor();
    await page.getByText('payment code', { exact: false }).waitFor();
  });

  test('an online code: shown alone, counted down, paid, and over', async () => {
    await enrol(page, town);
    await topUp(5_000);
    await goTo('pay');
    await page.getByRole('button', { name: 'Online code' }).click();
    const shown = page.locator('[data-code^="72"]');
    await shown.waitFor();
    await expect.poll(() => page.locator('[data-code]').count()).toBe(1);
    await page.getByText(/Good for \d+ seconds/).waitFor();
    await screenshot(page, 'wallet-online-code');
    const code = (await shown.getAttribute('data-code')) ?? '';
    expect(await pay({ code, amountCents: 5_000, idempotencyKey: 'key-online-1' })).toMatchObject({
      outcome: 'PAID',
    });
    await page.getByText('€50.00 paid to Kiosk am Hafen.').waitFor();
    await page.getByText('This code was used.').waitFor();
    await page.getByRole('button', { name: 'New online code' }).click();
    await page.getByText(/Good for \d+ seconds/).waitFor();
    expect(await shown.getAttribute('data-code')).not.toBe(code);
  });

  test('an online code for an amount pays up to that, also more than codes pay else', async () => {
    await enrol(page, town);
    await topUp(5_000);
    await topUp(5_000);
    await goTo('pay');
    await page.getByRole('button', { name: 'Online code' }).click();
    const shown = page.locator('[data-code^="72"]');
    await shown.waitFor();
    const first = await shown.getAttribute('data-code');
    const amount = page.getByLabel('At most (optional)');
    const make = page.getByRole('button', { name: 'New online code' });
    for (const text of ['1e2', '2.614', '0x10', '0']) {
      await amount.fill(text);
      await page.getByText(/write an amount|more than nothing/i).waitFor();
      await expect.poll(() => make.isDisabled()).toBe(true);
    }
    await amount.fill('60,00');
    await make.click();
    await page.getByText('Pays up to €60.00').waitFor();
    const code = (await shown.getAttribute('data-code')) ?? '';
    expect(code).not.toBe(first);
    const body = { code, amountCents: 6_000, idempotencyKey: 'key-bound-1' };
    expect(await pay(body)).toMatchObject({ outcome: 'PAID' });
    await amount.fill('12.50');
    await make.click();
    await page.getByText('Pays up to €12.50').waitFor();
    const small = (await shown.getAttribute('data-code')) ?? '';
    const over = { code: small, amountCents: 1_251, idempotencyKey: 'key-bound-2' };
    expect(await pay(over)).toMatchObject({ outcome: 'REFUSED', reason: 'OVER_AMOUNT_CAP' });
  });

  test('refused for want of money: the rider is told why', async () => {
    await enrol(page, town);
    await settle(page);
    await goTo('pay');
    const code = (await page.locator('[data-code]').getAttribute('data-code')) ?? '';
    expect(await pay({ code, amountCents: 100, idempotencyKey: 'key-short-1' })).toMatchObject({
      reason: 'WALLET_SHORT',
    });
    await page.getByText('Kiosk am Hafen: not paid. There is not enough').waitFor();
  });
});

describe('an order’s QR', () => {
  type Made = { order: string; link: string; idempotencyKey: string };

  async function makeOrder(amountCents: number): Promise<Made> {
    orders += 1;
    const body = { idempotencyKey: `order-${orders}-of-test`, amountCents, note: 'Two coffees' };
    return await town.call<Made>('/v1/orders', { token: merchantToken, body });
  }

  test('opened by its link, shown, confirmed, paid once', async () => {
    await enrol(page, town);
    await topUp(2_000);
    const { link, idempotencyKey } = await makeOrder(1_250);
    await page.goto(link);
    await page.getByText('To Kiosk am Hafen').waitFor();
    await screenshot(page, 'wallet-order');
    await page.getByRole('button', { name: 'Pay €12.50' }).click();
    await page.getByText('€12.50 paid to Kiosk am Hafen.').waitFor();
    await screenshot(page, 'wallet-order-paid');
    const path = `/v1/payments/${idempotencyKey}`;
    const paid = await town.call(path, { token: merchantToken });
    expect(paid).toMatchObject({ outcome: 'PAID', way: 'ORDER' });
    await page.reload();
    await page.getByText('This is paid already.').waitFor();
    await goTo('money');
    await balance(750).waitFor();
  });

  test('that another phone has paid in between says so, and takes nothing', async () => {
    await enrol(page, town);
    await topUp(2_000);
    const { link, order } = await makeOrder(700);
    await page.goto(link);
    const pays = page.getByRole('button', { name: 'Pay €7.00' });
    await pays.waitFor();
    const other = await town.addRider(2_000);
    const offer = await other.client.readOrder(other.session, order);
    await other.client.confirmOrder(other.session, { ...other, ...offer });
    await pays.click();
    await page.getByText('Somebody else has paid this already.').waitFor();
    expect(await page.getByText('code was used').count()).toBe(0);
    await goTo('money');
    await balance(2_000).waitFor();
  });

  test('too little in the wallet: topped up by what is missing, then paid', async () => {
    await enrol(page, town);
    const { link } = await makeOrder(1_250);
    await page.goto(link);
    await page.getByRole('button', { name: 'Pay €12.50' }).click();
    await page.getByText('There is not enough in your wallet').waitFor();
    await page.getByRole('button', { name: 'Top up €12.50' }).click();
    await page.getByRole('button', { name: 'Pay €12.50' }).click();
    await page.getByText('€12.50 paid to Kiosk am Hafen.').waitFor();
  });

  test('a response that is lost: asking again pays once', async () => {
    await enrol(page, town);
    await topUp(2_000);
    const { link } = await makeOrder(400);
    await page.goto(link);
    await page.route('**/confirmation', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Pay €4.00' }).click();
    await page.getByText('Asking again cannot pay twice').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText('€4.00 paid to Kiosk am Hafen.').waitFor();
    await goTo('money');
    await balance(1_600).waitFor();
  });

  test('taken back by the shop, unknown, or without network: each in its own words', async () => {
    await enrol(page, town);
    await settle(page);
    const { link, order } = await makeOrder(400);
    await town.call(`/v1/orders/${order}`, { method: 'DELETE', token: merchantToken });
    await page.goto(link);
    await page.getByText('The shop took this back.').waitFor();
    await goTo(`order/${'A'.repeat(22)}`);
    await page.getByText('There is no such order.').waitFor();
    await context.setOffline(true);
    await goTo(`order/${'B'.repeat(22)}`);
    await page.getByText('This needs a network.').waitFor();
  });
});

test('a top-up without a response is shown after a reload, asked about, and paid in once', async () => {
  await enrol(page, town);
  await goTo('money');
  await page.route('**/top-ups', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.locator('[data-top-up="1000"]').click();
  const open = page.locator('[data-open-top-up="1000"]');
  await open.getByText('they are paid in once').waitFor();
  await goTo('pay');
  await page.reload();
  await goTo('money');
  await open.waitFor();
  await expect.poll(() => page.locator('[data-top-up="1000"]').isDisabled()).toBe(true);
  const asked = page.waitForRequest('**/top-ups');
  await open.getByRole('button', { name: 'Ask now' }).click();
  await asked;
  // With what is under way: its route is handled to its end.
  await page.unrouteAll({ behavior: 'wait' });
  // By itself, as soon as there is a network.
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText('€10.00 paid in.').waitFor();
  await balance(1_000).waitFor();
  await expect.poll(() => page.getByText('Top-up').count()).toBe(1);
});

test('money that comes back from a shop is told at once', async () => {
  await enrol(page, town);
  await topUp(1_000);
  await goTo('pay');
  const shown = page.locator('[data-code]');
  await shown.waitFor();
  const code = (await shown.getAttribute('data-code')) ?? '';
  await pay({ code, amountCents: 600, idempotencyKey: 'key-refund-1' });
  await page.getByText('€6.00 paid to').waitFor();
  const refund = { idempotencyKey: 'refund-1-of-test', amountCents: 250 };
  await town.call('/v1/payments/key-refund-1/refunds', { token: merchantToken, body: refund });
  await page.getByText('€2.50 came back from Kiosk am Hafen.').waitFor();
  await goTo('money');
  await balance(650).waitFor();
});

test.each(['light', 'dark'] as const)(
  'it looks finished on a desk too, %s',
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(DESK);
    await enrol(page, town);
    await screenshot(page, `wallet-ride-desk-${colorScheme}`);
    await topUp(2_000);
    await screenshot(page, `wallet-money-desk-${colorScheme}`);
    await goTo('pay');
    await page.locator('[data-code]').waitFor();
    await screenshot(page, `wallet-pay-desk-${colorScheme}`);
  },
);
