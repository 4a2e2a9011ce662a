/** The till in a real browser: every way to take a payment, every outcome, refunds, and lost responses. */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DESK, openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';

let town: Town;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let pageErrors: string[];
let shops = 0;
let shop = '';

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
  shop = `kiosk-${shops}`;
  const token = await town.addMerchant(shop, 'Harbour Kiosk');
  context = await browser.newContext({ viewport: DESK, locale: 'en-GB' });
  ({ page, pageErrors } = await openPage(context));
  await page.goto(`${town.url}/till/#token=${token}`);
  await page.getByText('Harbour Kiosk').waitFor();
});
afterEach(async () => {
  await context.close();
  expect(pageErrors).toEqual([]);
});

async function onlineCode(rider: Awaited<ReturnType<Town['addRider']>>): Promise<string> {
  return (await rider.client.fetchOnlineCode(rider.session, rider)).text;
}

async function enterAmount(digits: string): Promise<void> {
  for (const digit of digits) {
    await page.getByRole('button', { name: digit, exact: true }).click();
  }
  await page.locator(`[data-cents="${Number(digits)}"]`).waitFor();
}

/** Keys as a scanner on the keyboard port sends them: fast, with Enter behind. */
async function scan(text: string): Promise<void> {
  await page.evaluate((all) => {
    for (const key of [...all, 'Enter']) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    }
  }, text);
}

async function outcome(): Promise<string | null> {
  const shown = page.locator('[data-outcome]').first();
  await shown.waitFor();
  return await shown.getAttribute('data-outcome');
}

test('the token leaves the address at once and is stored for the next visit', async () => {
  expect(page.url()).toBe(`${town.url}/till/`);
  await page.reload();
  await page.getByText('Harbour Kiosk').waitFor();
});

/** Runs in the page. */
function readToken(): Promise<string> {
  return new Promise((resolve) => {
    const opening = indexedDB.open('stile-till');
    opening.onsuccess = () => {
      const reading = opening.result.transaction('shop').objectStore('shop').get('token');
      reading.onsuccess = () => {
        opening.result.close();
        resolve(reading.result as string);
      };
    };
  });
}

test('a link with another shop of the same name takes no till over, and one with junk ends none', async () => {
  const thief = await town.addMerchant(`thief-${shops}`, 'Harbour Kiosk');
  const stored = () => page.evaluate(readToken);
  const own = await stored();
  const follow = async (token: string) => {
    await page.goto('about:blank');
    await page.goto(`${town.url}/till/#token=${token}`);
  };
  await follow(thief);
  await page.getByText(`(thief-${shops})`).waitFor();
  expect(await stored()).toBe(own);
  await page.getByRole('button', { name: 'No, leave all as it was' }).click();
  await page.locator(`[title="${shop}"]`).waitFor();
  await follow('x'.repeat(43));
  await page.getByText('This till is signed in as it was').waitFor();
  expect(await stored()).toBe(own);
  await follow(thief);
  await page.getByRole('button', { name: 'Yes, sign in for it' }).click();
  await page.locator(`[title="thief-${shops}"]`).waitFor();
  expect(await stored()).toBe(thief);
});

test('a scanned code pays; the same code again does not; the list has both', async () => {
  const rider = await town.addRider(2_000);
  const code = await onlineCode(rider);
  await enterAmount('320');
  await screenshot(page, 'till-desk');
  await scan(code);
  expect(await outcome()).toBe('PAID');
  await page.getByText('Receipt 1').waitFor();
  await screenshot(page, 'till-paid');
  await page.getByRole('button', { name: 'Next customer' }).click();
  await enterAmount('100');
  await scan(code);
  expect(await outcome()).toBe('REFUSED');
  await page.getByText('The code was used already').waitFor();
  await screenshot(page, 'till-refused');
  await page.getByRole('button', { name: 'Next customer' }).click();
  await page.getByRole('button', { name: 'Today' }).click();
  await page.locator('[data-total="320"]').waitFor();
  await expect.poll(() => page.locator('li[data-outcome]').count()).toBe(2);
  await screenshot(page, 'till-list');
});

test('a person who types on the keyboard enters the amount, not a code', async () => {
  await page.keyboard.type('1250', { delay: 90 });
  await page.locator('[data-cents="1250"]').waitFor();
  await page.keyboard.press('Backspace');
  await page.locator('[data-cents="125"]').waitFor();
});

test('a slow scan pays what stood there, its Enter presses no button, and a second pull wipes nothing', async () => {
  const rider = await town.addRider(2_000);
  const code = await onlineCode(rider);
  await enterAmount('600');
  await page.keyboard.type(code, { delay: 80 });
  await page.keyboard.press('Enter');
  expect(await outcome()).toBe('PAID');
  await page.getByRole('button', { name: 'Next customer' }).focus();
  await page.keyboard.type(code, { delay: 3 });
  await page.keyboard.press('Enter');
  await page.getByText('has just paid €6.00').waitFor();
  expect(await outcome()).toBe('PAID');
  await screenshot(page, 'till-paid-again');
  await page.getByRole('button', { name: 'Next customer' }).click();
  await page.keyboard.type('1250', { delay: 50 });
  await page.locator('[data-cents="1250"]').waitFor();
  await page.getByRole('button', { name: '0', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Backspace');
  await page.locator('[data-cents="125"]').waitFor();
  expect((await rider.client.readRider(rider.session)).balanceCents).toBe(1_400);
});

test('what is not known is said before signing out, and waits for its own shop', async () => {
  const rider = await town.addRider(2_000);
  const other = await town.addMerchant(`bakery-${shops}`, 'Bakery');
  await page.route('**/v1/payments', (route) => route.abort('connectionreset'));
  await enterAmount('900');
  await scan(await onlineCode(rider));
  expect(await outcome()).toBe('UNKNOWN');
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Not all is known yet').waitFor();
  await screenshot(page, 'till-leaving');
  await page.getByRole('button', { name: 'Sign out all the same' }).click();
  await page.getByText('Sign in for that shop to ask').waitFor();
  await page.getByLabel('Token').fill(other);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator(`[title="bakery-${shops}"]`).waitFor();
  await page.locator(`[data-of-other="${shop}"]`).waitFor();
  expect(await page.locator('[data-outcome]').count()).toBe(0);
  expect((await rider.client.readRider(rider.session)).balanceCents).toBe(2_000);
});

test('digits can be typed, and a transit code is told from a payment code', async () => {
  const rider = await town.addRider(2_000);
  await enterAmount('500');
  await scan('TC1:A.B.C.D.E.F');
  await page.getByText('That is a transit code').waitFor();
  await page.getByRole('button', { name: 'Type digits' }).click();
  const digits = (await onlineCode(rider)).replace(/(\d{4})/g, '$1 ');
  await page.getByLabel('The 20 digits').fill(digits);
  await page.getByRole('button', { name: 'Take payment' }).click();
  expect(await outcome()).toBe('PAID');
});

test('a refund gives back a part and then no more than the rest', async () => {
  const rider = await town.addRider(2_000);
  await enterAmount('800');
  await scan(await onlineCode(rider));
  expect(await outcome()).toBe('PAID');
  await page.getByRole('button', { name: 'Next customer' }).click();
  await page.getByRole('button', { name: 'Today' }).click();
  await page.getByRole('button', { name: 'Refund' }).click();
  await page.getByLabel(/Amount to give back/).fill('3.00');
  await screenshot(page, 'till-refund');
  await page.getByRole('button', { name: 'Give back' }).click();
  await page.locator('[data-total="500"]').waitFor();
  await page.getByRole('button', { name: 'Refund' }).click();
  await page.getByLabel(/Amount to give back/).fill('5.01');
  await expect.poll(() => page.getByRole('button', { name: 'Give back' }).isDisabled()).toBe(true);
  const { balanceCents } = await rider.client.readRider(rider.session);
  expect(balanceCents).toBe(1_500);
});

test('a day has its close and its file, and other days are a touch away', async () => {
  const rider = await town.addRider(2_000);
  await page.getByLabel('What for').fill('2 rolls, 1 coffee');
  await enterAmount('800');
  await scan(await onlineCode(rider));
  expect(await outcome()).toBe('PAID');
  await page.getByText('2 rolls, 1 coffee').waitFor();
  await page.getByRole('button', { name: 'Next customer' }).click();
  await page.getByRole('button', { name: 'Today' }).click();
  await page.locator('[data-total="800"]').waitFor();
  await page.getByRole('button', { name: 'Close of day' }).click();
  await page.locator('[data-close]').getByText('online code · 1 payment').waitFor();
  await screenshot(page, 'till-close');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as CSV' }).click();
  const saved = await saving;
  const text = readFileSync(await saved.path(), 'utf8');
  expect(saved.suggestedFilename()).toMatch(new RegExp(`^${shop}-\\d{4}-\\d{2}-\\d{2}\\.csv$`));
  expect(text).toMatch(/\r\n1,.*,PAID,ONLINE_CODE,8\.00,0\.00,EUR,"2 rolls, 1 coffee",till-/);
  await page.getByRole('button', { name: 'Day before' }).click();
  await page.getByText('Nothing sold on this day').waitFor();
  await page.getByRole('button', { name: 'Day after' }).click();
  await page.locator('[data-total="800"]').waitFor();
  expect(await page.getByRole('button', { name: 'Day after' }).isDisabled()).toBe(true);
});

test('who may not give back sees no button for it, and reads who may', async () => {
  const rider = await town.addRider(2_000);
  const tokens = await town.operate<{ token: string; managerToken: string }>('POST', 'merchants', {
    body: { merchant: shop, name: 'Harbour Kiosk' },
  });
  await page.goto(`${town.url}/wallet/`);
  await page.goto(`${town.url}/till/#token=${tokens.token}`);
  await page.getByRole('button', { name: 'Yes, sign in for it' }).click();
  await page.locator(`[title="${shop}"]`).waitFor();
  await enterAmount('800');
  await scan(await onlineCode(rider));
  expect(await outcome()).toBe('PAID');
  await page.getByRole('button', { name: 'Next customer' }).click();
  await page.getByRole('button', { name: 'Today' }).click();
  await page.getByText('takes the manager’s token').waitFor();
  await page.locator('[data-total="800"]').waitFor();
  expect(await page.getByRole('button', { name: 'Refund' }).count()).toBe(0);
});

test('a mistyped digit is named at once, and settlement hears nothing of it', async () => {
  const rider = await town.addRider(2_000);
  const code = await onlineCode(rider);
  let asked = 0;
  await page.route('**/v1/payments', async (route) => {
    if (route.request().method() === 'POST') asked += 1;
    await route.continue();
  });
  await enterAmount('500');
  await page.getByRole('button', { name: 'Type digits' }).click();
  const last = (Number(code.at(-1)) + 1) % 10;
  await page.getByLabel('The 20 digits').fill(code.slice(0, -1) + last);
  await page.getByRole('button', { name: 'Take payment' }).click();
  await page.getByText('A digit is wrong or missing').waitFor();
  expect(asked).toBe(0);
  await page.getByLabel('The 20 digits').fill(code);
  await page.getByRole('button', { name: 'Take payment' }).click();
  expect(await outcome()).toBe('PAID');
});

test('a lost response is asked for again with the same key, and charges once', async () => {
  const rider = await town.addRider(2_000);
  let lost = 0;
  const keys = new Set<string>();
  await page.route('**/v1/payments', async (route) => {
    keys.add((route.request().postDataJSON() as { idempotencyKey: string }).idempotencyKey);
    if (lost > 0) return await route.continue();
    lost += 1;
    // Settlement pays; its response is cut off.
    await route.fetch();
    await route.abort('connectionreset');
  });
  await enterAmount('700');
  await scan(await onlineCode(rider));
  expect(await outcome()).toBe('PAID');
  expect(keys.size).toBe(1);
  expect((await rider.client.readRider(rider.session)).balanceCents).toBe(1_300);
});

test('a response that stays away is UNKNOWN, survives a reload, and can be taken back', async () => {
  const rider = await town.addRider(2_000);
  let reached = 0;
  await page.route('**/v1/payments', async (route) => {
    reached += 1;
    if (reached === 1) await route.fetch();
    await route.abort('connectionreset');
  });
  await enterAmount('700');
  await scan(await onlineCode(rider));
  expect(await outcome()).toBe('UNKNOWN');
  await screenshot(page, 'till-unknown');
  await page.reload();
  expect(await outcome()).toBe('UNKNOWN');
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('button', { name: 'Take back' }).click();
  expect(await outcome()).toBe('REVERSED');
  expect((await rider.client.readRider(rider.session)).balanceCents).toBe(2_000);
});

test('an order QR is paid by the customer’s phone, and the till hears of it at once', async () => {
  const rider = await town.addRider(2_000);
  await enterAmount('450');
  await page.getByRole('button', { name: 'Show QR' }).click();
  const sheet = page.locator('[data-link]');
  await sheet.waitFor();
  await screenshot(page, 'till-order');
  const link = (await sheet.getAttribute('data-link')) ?? '';
  const order = link.slice(link.lastIndexOf('/') + 1);
  const offer = await rider.client.readOrder(rider.session, order);
  await rider.client.confirmOrder(rider.session, { ...rider, ...offer });
  expect(await outcome()).toBe('PAID');
});

test('a token that was ended is refused in words, and another can be entered', async () => {
  await town.operate('DELETE', `merchants/${shop}`).catch(() => undefined);
  await page.reload();
  await page.getByText('was ended').waitFor();
  await screenshot(page, 'till-signed-out');
});

test('starts without a network, says so, and is signed in as soon as there is one', async () => {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await context.setOffline(true);
  await page.reload();
  await page.getByText('No answer from the operator').waitFor();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await screenshot(page, 'till-offline');
  await context.setOffline(false);
  await page.locator(`[title="${shop}"]`).waitFor();
});

test('fits a phone, and speaks German', async () => {
  await page.setViewportSize(PHONE);
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await page.getByText('Betrag').waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(PHONE.width);
  await screenshot(page, 'till-phone');
});
