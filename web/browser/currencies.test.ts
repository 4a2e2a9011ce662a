/**
 * One town for each number of decimals that currencies have: a rider enrols and tops up, the till takes a payment and
 * gives some of it back. Amounts are the same minor units in all of them; what people read and type is the currency's.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DESK, openBrowser, openPage, PHONE } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';
import { enrol, settle } from '../testing/wallet-scene.ts';

const TOPPED_UP_MINOR = 5_000;
const PRICE = '1250';

/** What stands on the pages, and what is typed into the form for refunds. */
const CURRENCIES = [
  {
    currency: 'JPY',
    topUp: 'JP¥5,000',
    price: 'JP¥1,250',
    back: '250',
    tooExact: '250.5',
    why: 'This currency has no decimals: write an amount such as 1250.',
    gaveBack: 'JP¥250 given back',
    left: 'JP¥1,000',
    balance: 'JP¥4,000',
  },
  {
    currency: 'EUR',
    topUp: '€50.00',
    price: '€12.50',
    back: '2,5',
    tooExact: '2.614',
    why: 'At most 2 digits may stand behind the point: write an amount such as 12.50.',
    gaveBack: '€2.50 given back',
    left: '€10.00',
    balance: '€40.00',
  },
  {
    currency: 'KWD',
    topUp: 'KWD 5.000',
    price: 'KWD 1.250',
    back: '0.250',
    tooExact: '0.2505',
    why: 'At most 3 digits may stand behind the point: write an amount such as 1.250.',
    gaveBack: 'KWD 0.250 given back',
    left: 'KWD 1.000',
    balance: 'KWD 4.000',
  },
] as const;

let browser: Browser;
let towns: Map<string, Town>;
let contexts: BrowserContext[];
let errors: string[][];

beforeAll(async () => {
  towns = new Map();
  for (const { currency } of CURRENCIES) {
    towns.set(currency, await Town.open({ settings: { currency } }));
  }
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  for (const town of towns.values()) await town.close();
});
beforeEach(() => {
  contexts = [];
  errors = [];
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  expect(errors.flat()).toEqual([]);
});

async function open(viewport: typeof DESK): Promise<Page> {
  const context = await browser.newContext({ viewport, locale: 'en-GB' });
  contexts.push(context);
  const { page, pageErrors } = await openPage(context);
  errors.push(pageErrors);
  return page;
}

/** All that the page says, with plain blanks. */
async function said(page: Page): Promise<string> {
  return (await page.locator('body').innerText()).replace(/\u00A0/g, ' ');
}

async function scan(page: Page, text: string): Promise<void> {
  await page.evaluate((all) => {
    for (const key of [...all, 'Enter']) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    }
  }, text);
}

test.each(CURRENCIES)('a town in $currency: wallet and till say the same amounts', async (of) => {
  const town = towns.get(of.currency);
  if (town === undefined) throw new Error(`no town in ${of.currency}`);
  const wallet = await open(PHONE);
  await enrol(wallet, town);
  await settle(wallet);
  await wallet.goto(`${town.url}/wallet/#/money`);
  await wallet.locator(`[data-top-up="${TOPPED_UP_MINOR}"]`).click();
  await expect.poll(() => said(wallet)).toContain(`${of.topUp} paid in.`);
  await wallet.goto(`${town.url}/wallet/#/pay`);
  await expect.poll(() => said(wallet)).toContain(`Pays up to ${of.topUp}`);
  const code = (await wallet.locator('[data-code]').getAttribute('data-code')) ?? '';

  const till = await open(DESK);
  await till.goto(`${town.url}/till/#token=${await town.addMerchant('kiosk', 'Kiosk')}`);
  await till.getByRole('button', { name: 'Today' }).waitFor();
  for (const digit of PRICE) {
    await till.getByRole('button', { name: digit, exact: true }).click();
  }
  await expect.poll(() => said(till)).toContain(of.price);
  await scan(till, code);
  await till.locator('[data-outcome="PAID"]').waitFor();
  await expect.poll(() => said(till)).toContain(of.price);
  await till.getByRole('button', { name: 'Next customer' }).click();
  await till.getByRole('button', { name: 'Today' }).click();
  await till.getByRole('button', { name: 'Refund' }).click();
  const amount = till.getByLabel(/Amount to give back/);
  await amount.fill(of.tooExact);
  await expect.poll(() => said(till)).toContain(of.why);
  expect(await till.getByRole('button', { name: 'Give back' }).isDisabled()).toBe(true);
  await amount.fill(of.back);
  await till.getByRole('button', { name: 'Give back' }).click();
  await expect.poll(() => said(till)).toContain(of.gaveBack);
  await expect.poll(() => said(till)).toContain(of.left);

  await wallet.goto(`${town.url}/wallet/#/money`);
  await expect.poll(() => said(wallet)).toContain(of.balance);
  await expect.poll(() => said(wallet)).toContain(`−${of.price}`);
});
