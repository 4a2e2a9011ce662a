/**
 * `npm run screenshots`: the pictures of the pages in docs/, taken of real pages before a real settlement. The pages have to
 * be built (`npm run pages`). Every text in them is made up.
 */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { DESK, openBrowser, openPage, PHONE } from './chromium.ts';
import { Town } from './town.ts';
import { enrol, RIDE, settle } from './wallet-scene.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const SHOP = 'Harbour Kiosk';
const AMOUNT = '450';

async function take(page: Page, name: string): Promise<void> {
  const path = join(DOCS, `${name}.png`) as `${string}.png`;
  await page.screenshot({ path, animations: 'disabled' });
  process.stdout.write(`docs/${name}.png\n`);
}

async function wallet(browser: Browser, town: Town): Promise<void> {
  const context = await browser.newContext({ viewport: PHONE, locale: 'en-GB' });
  const { page } = await openPage(context);
  await enrol(page, town);
  await settle(page);
  await page.goto(`${town.url}/wallet/#/money`);
  await page.locator('[data-top-up="2000"]').click();
  await page.locator('[data-balance="2000"]').waitFor();
  await page.goto(`${town.url}/wallet/#/ride`);
  await page.getByRole('img', { name: RIDE }).waitFor();
  await page.locator('[data-pass-balance="2000"]').waitFor();
  await context.setOffline(true);
  await page.getByText('Offline – codes still work').waitFor();
  await take(page, 'wallet-ride');
  await page.goto(`${town.url}/wallet/#/pay`);
  await page.locator('[data-code]').waitFor();
  await take(page, 'wallet-pay');
  await context.close();
}

async function till(browser: Browser, town: Town): Promise<void> {
  const token = await town.addMerchant('kiosk', SHOP);
  const rider = await town.addRider(2_000);
  const context = await browser.newContext({ viewport: DESK, locale: 'en-GB' });
  const { page } = await openPage(context);
  await page.goto(`${town.url}/till/#token=${token}`);
  await page.getByText(SHOP).waitFor();
  for (const digit of AMOUNT) {
    await page.getByRole('button', { name: digit, exact: true }).click();
  }
  await page.locator(`[data-cents="${AMOUNT}"]`).waitFor();
  const { text } = await rider.client.fetchOnlineCode(rider.session, rider);
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
  await page.locator('[data-outcome="PAID"]').waitFor();
  await take(page, 'till');
  await context.close();
}

const town = await Town.open({ settings: { operator: 'Harbour Transit' } });
const browser = await openBrowser();
try {
  await wallet(browser, town);
  await till(browser, town);
} finally {
  await browser.close();
  await town.close();
}
