/**
 * The till after its browser was killed in the moment in which settlement has made a payment: it knows the payment, the
 * order and whose till it is, each tab its own. What an earlier version has stored is taken along.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPage } from '../testing/chromium.ts';
import { ChromiumProcess } from '../testing/chromium-process.ts';
import { Town } from '../testing/town.ts';

let profileDir: string;
let town: Town;
let token: string;
let rider: Awaited<ReturnType<Town['addRider']>>;
let chromium: ChromiumProcess;

beforeEach(async () => {
  profileDir = mkdtempSync(join(tmpdir(), 'stile-profile-'));
  town = await Town.open();
  token = await town.addMerchant('kiosk', 'Harbour Kiosk');
  rider = await town.addRider(5_000);
  chromium = await ChromiumProcess.start(profileDir);
});
afterEach(async () => {
  await chromium?.kill();
  await town?.close();
  // Helpers of a killed browser may still be closing their files.
  rmSync(profileDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function openTill(hash = ''): Promise<Page> {
  const { page } = await openPage(chromium.context);
  await page.goto(`${town.url}/till/${hash}`);
  await page.locator('.brand[title="kiosk"]').waitFor();
  return page;
}

async function killAndOpen(): Promise<Page> {
  await chromium.kill();
  chromium = await ChromiumProcess.start(profileDir);
  return await openTill();
}

async function enter(page: Page, digits: string): Promise<void> {
  await page.bringToFront();
  for (const name of digits) await page.getByRole('button', { name, exact: true }).click();
  await page.locator(`[data-cents="${digits}"]`).waitFor();
}

/** Resolves as soon as settlement has made the payment; the till never hears of it. */
async function payUnheard(page: Page, digits: string): Promise<void> {
  const { text } = await rider.client.fetchOnlineCode(rider.session, rider);
  const made = new Promise<void>((resolve) => {
    void page.route('**/v1/payments', async (route) => {
      await route.fetch();
      resolve();
    });
  });
  await enter(page, digits);
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
  await made;
}

const leftCents = async () => (await rider.client.readRider(rider.session)).balanceCents;
const receipt = (page: Page, number: number) =>
  page.locator('[data-outcome="PAID"]').getByText(`Receipt ${number}`).waitFor();

test('killed once settlement has paid, it knows the payment, and charges once', async () => {
  await openTill(`#token=${token}`);
  // Also whose till it is: the token is no more in the address.
  await payUnheard(await killAndOpen(), '700');
  const page = await killAndOpen();
  await receipt(page, 1);
  await page.locator('output').getByText('€7.00').waitFor();
  expect(await leftCents()).toBe(4_300);
});

test('killed with two tabs, it knows what each has begun', async () => {
  const first = await openTill(`#token=${token}`);
  const second = await openTill();
  await payUnheard(first, '700');
  await payUnheard(second, '300');
  const page = await killAndOpen();
  await receipt(page, 1);
  await page.getByRole('button', { name: 'Next customer' }).click();
  await receipt(page, 2);
  await page.getByRole('button', { name: 'Next customer' }).click();
  await page.locator('[data-cents="0"]').waitFor();
  expect(await leftCents()).toBe(4_000);
});

test('killed with an order open, it shows it again', async () => {
  const page = await openTill(`#token=${token}`);
  await enter(page, '450');
  await page.getByRole('button', { name: 'Show QR' }).click();
  const link = await page.locator('[data-link]').getAttribute('data-link');
  const again = await killAndOpen();
  await again.locator(`[data-link="${link}"]`).waitFor();
});

test('what an earlier version has stored is taken along, and stands there no more', async () => {
  const { text: code } = await rider.client.fetchOnlineCode(rider.session, rider);
  const { page } = await openPage(chromium.context);
  await page.goto(`${town.url}/openapi.json`);
  await page.evaluate(
    ([stored, pending]) => {
      localStorage.setItem('stile-till-token', stored ?? '');
      localStorage.setItem('stile-till-pending-till-of-before', pending ?? '');
      localStorage.setItem('stile-till-pending-junk', '{');
    },
    [
      token,
      JSON.stringify({
        merchant: 'kiosk',
        merchantName: 'Harbour Kiosk',
        currency: 'EUR',
        idempotencyKey: 'till-of-before',
        amountCents: 250,
        atMs: 1,
        code,
      }),
    ],
  );
  const till = await openTill();
  await receipt(till, 1);
  const names = await till.evaluate(() => Object.keys(localStorage));
  expect(names.filter((name) => name.startsWith('stile-till'))).toEqual([
    'stile-till-pending-junk',
  ]);
  expect(await leftCents()).toBe(4_750);
});
