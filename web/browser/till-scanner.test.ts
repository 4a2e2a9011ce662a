/**
 * A day at a till in a real browser, with a scanner that is a keyboard: real keys under a moved clock, so that the pace is
 * the test's and not the machine's. Nothing that is scanned presses a button, changes the amount or is taken twice.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DESK, openBrowser, openPage, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';

const EAN_13 = '4006381333931';
const EAN_8 = '96385074';
/** A person's, between two keys and before something else. */
const HAND_MS = 150;
const WHILE_MS = 2_500;

let town: Town;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let pageErrors: string[];
let shops = 0;

beforeAll(async () => {
  town = await Town.open();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await town?.close();
});
beforeEach(async () => {
  shops += 1;
  const token = await town.addMerchant(`kiosk-${shops}`, 'Harbour Kiosk');
  context = await browser.newContext({ viewport: DESK, locale: 'en-GB' });
  ({ page, pageErrors } = await openPage(context));
  await page.clock.install();
  await page.goto(`${town.url}/till/#token=${token}`);
  await page.getByText('Harbour Kiosk').waitFor();
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 10_000);
});
afterEach(async () => {
  await context.close();
  expect(pageErrors).toEqual([]);
});

async function press(keys: readonly string[], gapMs: number): Promise<void> {
  for (const key of keys) {
    await page.clock.runFor(gapMs);
    await page.keyboard.press(key);
  }
}

/** After a while, the text and what the scanner ends it with; then a while again. */
async function scan(text: string, { gapMs, ends }: { gapMs: number; ends: readonly string[] }) {
  await page.clock.runFor(WHILE_MS);
  await press([...text, ...ends], gapMs);
  await page.clock.runFor(WHILE_MS);
}

async function byHand(keys: string): Promise<void> {
  await page.clock.runFor(WHILE_MS);
  await press([...keys], HAND_MS);
}

const shownCents = () => page.locator('[data-cents]').getAttribute('data-cents');
const hint = (kind: string) => page.locator(`[data-hint="${kind}"]`).waitFor();
const paid = () => page.locator('[data-outcome="PAID"]').waitFor();
const button = (name: string) => page.getByRole('button', { name, exact: true });
const onlineCode = async (rider: Awaited<ReturnType<Town['addRider']>>) =>
  (await rider.client.fetchOnlineCode(rider.session, rider)).text;

/** As a person does who has seen the outcome. */
async function nextCustomer(): Promise<void> {
  await page.clock.runFor(WHILE_MS);
  await button('Next customer').click();
  await page.locator('[data-cents="0"]').waitFor();
}

test.each([5, 40, 80, 120])('a day with a scanner at %i ms a key', async (gapMs) => {
  const rider = await town.addRider(5_000);
  await byHand('1250');
  await page.locator('[data-cents="1250"]').waitFor();
  await button('Show QR').focus();
  await scan(EAN_13, { gapMs, ends: ['Enter', 'Enter'] });
  await hint('notCode');
  await scan(`]E4${EAN_8}`, { gapMs, ends: ['Tab'] });
  await scan(EAN_8, { gapMs, ends: [] });
  expect([await shownCents(), await page.locator('[data-link]').count()]).toEqual(['1250', 0]);
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Show QR');

  const code = await onlineCode(rider);
  await scan(`]C0${code}`, { gapMs, ends: ['Enter', 'Control+j'] });
  await paid();
  expect(await shownCents()).toBe('1250');
  for (const ends of [['Enter', 'Enter'], ['Tab', 'Enter'], ['ArrowDown']]) {
    await scan(code, { gapMs, ends });
    await hint('alreadyPaid');
  }
  await scan('401', { gapMs, ends: ['Enter', 'Enter'] });
  await hint('nextFirst');
  await paid();
  await screenshot(page, 'till-scanned-over-paid');
  await press(['Enter'], WHILE_MS);
  await page.locator('[data-cents="0"]').waitFor();

  for (const name of ['4', '5', '0']) await button(name).click();
  await button('Show QR').click();
  const sheet = page.locator('[data-link]');
  await sheet.waitFor();
  await scan(EAN_13, { gapMs, ends: ['Enter', 'Enter'] });
  await hint('openFirst');
  const link = (await sheet.getAttribute('data-link')) ?? '';
  const offer = await rider.client.readOrder(rider.session, link.slice(link.lastIndexOf('/') + 1));
  await rider.client.confirmOrder(rider.session, { ...rider, ...offer });
  await paid();
  await nextCustomer();

  await byHand('300');
  await scan(await onlineCode(rider), { gapMs, ends: [] });
  await paid();
  await nextCustomer();

  await button('Today').click();
  // The list is fetched behind the next picture.
  await page.clock.runFor(100);
  await page.locator('[data-total="2000"]').waitFor();
  await scan(code, { gapMs, ends: ['Enter'] });
  await hint('sellFirst');
  const refunds = page.getByRole('button', { name: 'Refund', exact: true });
  await refunds.first().click();
  const amount = page.getByLabel(/Amount to give back/);
  await amount.fill('1.75');
  await scan(EAN_8, { gapMs, ends: ['Enter', 'Enter'] });
  expect(await amount.inputValue()).toBe('1.75');
  await refunds.last().click();
  await expect.poll(() => amount.inputValue()).toBe('12.50');
  await amount.fill('2.50');
  await button('Give back').click();
  await expect
    .poll(async () => {
      await page.clock.runFor(100);
      return await page.locator('[data-total="1750"]').count();
    })
    .toBe(1);
  expect((await rider.client.readRider(rider.session)).balanceCents).toBe(5_000 - 1_750);
});
