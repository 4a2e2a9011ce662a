/** Every page of wallet and till, in every language, is no wider than a small phone, nor with large text: nothing is beside the screen, or under something else. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage, PHONE } from '../testing/chromium.ts';
import { PageWidths } from '../testing/page-width.ts';
import { Town } from '../testing/town.ts';
import { WORDS as TILL_WORDS } from '../till/words/words.ts';
import { WORDS } from '../wallet/words/words.ts';

/** As long as they may be, and without a place to break. */
const LONG_NAME = `${'Konditoreigenossenschaft'.repeat(3)}`.slice(0, 60);
const LONG_NOTE = 'W'.repeat(80);
const LANGUAGES = [
  ['en', 'en-GB'],
  ['de', 'de-DE'],
] as const;
type Language = (typeof LANGUAGES)[number][0];

let town: Town;
let browser: Browser;
let orders = 0;

beforeAll(async () => {
  town = await Town.open();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await town?.close();
});

async function open(locale: string): Promise<{ page: Page; widths: PageWidths }> {
  const context = await browser.newContext({ viewport: PHONE, locale });
  const { page } = await openPage(context);
  return { page, widths: new PageWidths(page) };
}

const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).first().click();

async function makeOrder(token: string, amountCents: number): Promise<{ link: string }> {
  orders += 1;
  const body = { idempotencyKey: `order-${orders}-of-test`, amountCents, note: LONG_NOTE };
  return await town.call('/v1/orders', { token, body });
}

test.each(LANGUAGES)('the wallet, %s', async (language, locale) => {
  const words = WORDS[language];
  const { page, widths } = await open(locale);
  const token = await town.addMerchant(`shop-${language}`, LONG_NAME);
  await walkIn(page, { language, widths });

  const goTo = async (place: string) => {
    await page.goto(`${town.url}/wallet/#/${place}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
  };
  await widths.measure('ride');
  await goTo('money');
  await widths.measure('money, empty');
  await page.locator('[data-top-up="5000"]').click();
  await page.locator('[data-balance="5000"]').waitFor();
  await page.goto((await makeOrder(token, 4_000)).link);
  await page.getByText(LONG_NOTE).waitFor();
  await widths.measure('order');
  await page.locator('.card button').first().click();
  await page.locator('.paid').waitFor();
  await widths.measure('order, paid');
  await page.goto((await makeOrder(token, 9_000)).link);
  await page.getByText(LONG_NOTE).waitFor();
  await page.locator('.card button').first().click();
  await page.getByText(words.refusals.WALLET_SHORT).waitFor();
  await widths.measure('order, too little money');
  await goTo('money');
  await page.getByText(LONG_NAME).waitFor();
  await widths.measure('money');
  await page.locator('[href^="#/receipt/"]').first().click();
  await page.locator('[data-receipt]').waitFor();
  await widths.measure('receipt');
  await goTo('pay');
  await page.locator('[data-code^="71"]').waitFor();
  await widths.measure('pay');
  await press(page, words.pay.onlineTitle);
  await page.locator('[data-code^="72"]').waitFor();
  await widths.measure('pay, online');

  await goTo('more');
  await page.locator('#recovery').waitFor();
  await widths.measure('more');
  await press(page, words.more.forget);
  await widths.measure('more, remove');
  await press(page, words.recovery.make);
  await page.locator('[data-fresh-code]').waitFor();
  await widths.measure('fresh code');
  await press(page, words.recovery.later);
  await page.getByLabel(words.pin.digits).fill('2580');
  await page.getByLabel(words.pin.again).fill('2580');
  await press(page, words.pin.set);
  await page.getByLabel(words.pin.before).waitFor();
  await widths.measure('more, with a PIN');
  await page.reload();
  await goTo('pay');
  await press(page, words.pin.forgotten);
  await widths.measure('PIN');
  await walkOut(page, { goTo, widths });
  expect(widths.tooWide).toEqual([]);
  expect(widths.overlapping).toEqual([]);
  expect(widths.measured).toHaveLength(22);
  await page.context().close();
});

async function walkIn(
  page: Page,
  { language, widths }: { language: Language; widths: PageWidths },
): Promise<void> {
  const words = WORDS[language];
  await page.goto(`${town.url}/wallet/`);
  await page.getByRole('button', { name: words.enrol.start }).waitFor();
  await widths.measure('new');
  await press(page, words.recover.open);
  await page.getByLabel(words.recover.code, { exact: true }).fill('X');
  await press(page, words.recover.here);
  await page.getByText(words.recover.misread).waitFor();
  await widths.measure('recover');
  await press(page, words.enrol.start);
  await page.getByRole('img', { name: words.ride.label }).waitFor();
}

type Walk = { goTo: (place: string) => Promise<void>; widths: PageWidths };

/** In debt, blocked by the operator, ended, cleared. */
async function walkOut(page: Page, { goTo, widths }: Walk): Promise<void> {
  const account = '**/v1/riders/me';
  for (const [name, change] of [
    ['debt', { debtCents: 123_456, denied: true, deniedReason: 'DEBT' }],
    ['blocked', { denied: true, deniedReason: LONG_NOTE }],
  ] as const) {
    await page.route(account, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), ...change } });
    });
    await goTo('ride');
    await page.reload();
    await page.locator('[data-warning="denied"]').waitFor();
    await widths.measure(`ride, ${name}`);
    await goTo('money');
    await widths.measure(`money, ${name}`);
    await page.unrouteAll({ behavior: 'wait' });
  }
  const json = { code: 'PASS_ENDED', message: 'ended' };
  await page.route(account, (route) => route.fulfill({ status: 403, json }));
  await goTo('pay');
  await page.reload();
  await page.locator('[data-warning="ended"]').waitFor();
  await widths.measure('pay, ended');
  await page.unrouteAll({ behavior: 'wait' });
  await page.goto('about:blank');
  await page.goto(`${town.url}/openapi.json`);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        indexedDB.deleteDatabase('stile-wallet').onsuccess = resolve;
      }),
  );
  await page.goto(`${town.url}/wallet/`);
  await page.locator('.start [role=alert]').waitFor();
  await widths.measure('cleared');
}

/** Keys as a scanner sends them. */
async function scan(page: Page, text: string): Promise<void> {
  await page.evaluate((all) => {
    for (const key of [...all, 'Enter']) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    }
  }, text);
}

test.each(LANGUAGES)('the till, %s', async (language, locale) => {
  const words = TILL_WORDS[language];
  const { page, widths } = await open(locale);
  const token = await town.addMerchant(`till-${language}`, LONG_NAME);
  const other = await town.addMerchant(`other-${language}`, LONG_NAME);
  const rider = await town.addRider(10_000);
  const code = async () => (await rider.client.fetchOnlineCode(rider.session, rider)).text;
  const outcome = (name: string) => page.locator(`[data-outcome="${name}"]`).first().waitFor();
  const enter = async (digits: string) => {
    for (const digit of digits) await press(page, digit);
    await page.locator(`[data-cents="${digits}"]`).waitFor();
  };
  await page.goto(`${town.url}/till/`);
  await page.getByLabel(words.signIn.token).fill('x'.repeat(43));
  await press(page, words.signIn.button);
  await page.getByText(words.signIn.refused).waitFor();
  await widths.measure('sign in');
  await page.getByLabel(words.signIn.token).fill(token);
  await press(page, words.signIn.button);
  await page.getByText(LONG_NAME).waitFor();
  await enter('123456');
  await press(page, words.sell.type);
  await widths.measure('sell');
  await press(page, words.sell.order);
  await page.locator('[data-link]').waitFor();
  await widths.measure('order');
  await press(page, words.sell.cancel);
  await page.locator('[data-link]').waitFor({ state: 'detached' });
  await enter('1234');
  const paid = await code();
  await scan(page, paid);
  await outcome('PAID');
  await widths.measure('paid');
  await press(page, words.outcome.next);
  await enter('1234');
  await scan(page, await code());
  await outcome('PAID');
  await press(page, words.outcome.next);
  await enter('1234');
  await scan(page, paid);
  await outcome('REFUSED');
  await widths.measure('refused');
  await press(page, words.outcome.next);
  await press(page, words.pages.list);
  await press(page, words.list.refund);
  await widths.measure('list');
  await press(page, words.pages.sell);
  await page.route('**/v1/payments', (route) => route.abort('connectionreset'));
  await enter('1234');
  await scan(page, await code());
  await outcome('UNKNOWN');
  await widths.measure('unknown');
  await press(page, words.signOut);
  await widths.measure('leaving');
  await press(page, words.leave.no);
  await press(page, words.pages.list);
  await widths.measure('list, with what is unknown');
  await page.unrouteAll({ behavior: 'wait' });
  await page.goto('about:blank');
  await page.goto(`${town.url}/till/#token=${other}`);
  await page.getByText(words.offer.warning).waitFor();
  await widths.measure('offer');
  await press(page, words.offer.yes);
  await page.locator(`[title="other-${language}"]`).waitFor();
  await widths.measure('sell, with what is unknown elsewhere');
  expect(widths.tooWide).toEqual([]);
  expect(widths.overlapping).toEqual([]);
  expect(widths.measured).toHaveLength(11);
  await page.context().close();
});
