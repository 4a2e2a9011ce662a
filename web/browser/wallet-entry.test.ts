/** What a new rider meets before an operator that takes no one without an invitation, and what money is made up. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBrowser, openPage, PHONE } from '../testing/chromium.ts';
import { Town, type TownOptions } from '../testing/town.ts';
import { enrol, RIDE, settle } from '../testing/wallet-scene.ts';

const INVITED: TownOptions = {
  settings: {
    enrolment: { policy: 'invite' },
    // A pass with nothing behind it has no code to show.
    offline: { creditCents: { invite: 100_000 } },
  },
};

let browser: Browser;
let context: BrowserContext;
let page: Page;
let town: Town;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: PHONE, locale: 'en-GB' });
  ({ page } = await openPage(context));
});
afterEach(async () => {
  await context.close();
  await town.close();
});

test('an invitation is asked for when it is needed, refused in words, and lets in once', async () => {
  town = await Town.open(INVITED);
  const { invite } = await town.operate<{ invite: string }>('POST', 'invites', { body: {} });
  await page.goto(`${town.url}/wallet/`);
  const field = page.getByLabel('Invitation code');
  const start = page.getByRole('button', { name: 'Set up this phone' });
  await start.waitFor();
  expect(await field.count()).toBe(0);
  await start.click();
  await field.waitFor();
  await page.getByRole('alert').waitFor();
  await field.fill(`${invite.slice(0, -1)}${invite.endsWith('A') ? 'B' : 'A'}`);
  await start.click();
  await page
    .getByText(/invitation/i)
    .first()
    .waitFor();
  expect(await page.getByRole('img', { name: RIDE }).count()).toBe(0);
  await field.fill(` ${invite} `);
  await start.click();
  await page.getByRole('img', { name: RIDE }).waitFor();
  const other = await openPage(await browser.newContext({ viewport: PHONE, locale: 'en-GB' }));
  await other.page.goto(`${town.url}/wallet/`);
  await other.page.getByRole('button', { name: 'Set up this phone' }).click();
  await other.page.getByLabel('Invitation code').fill(invite);
  await other.page.getByRole('button', { name: 'Set up this phone' }).click();
  await other.page.getByRole('alert').waitFor();
  expect(await other.page.getByRole('img', { name: RIDE }).count()).toBe(0);
  await other.page.context().close();
});

test.each([
  ['sandbox', 1],
  ['off', 0],
] as const)(
  'with top-ups %s the page says so, and offers no more than there is',
  async (mode, notes) => {
    town = await Town.open({ settings: { topUps: { mode, sandboxBeyondLoopback: true } } });
    await enrol(page, town);
    await settle(page);
    await page.goto(`${page.url().split('#')[0]}#/money`);
    const amount = page.locator('[data-top-up]').first();
    await amount.waitFor();
    if (mode === 'sandbox') await page.locator('[data-sandbox]').waitFor();
    await expect.poll(() => page.locator('[data-sandbox]').count()).toBe(notes);
    await expect.poll(() => amount.isDisabled()).toBe(mode === 'off');
  },
);
