/**
 * The wallet in a real browser before a real settlement: enrolled, cut off, started cold, and its picture
 * held before a gate's rule; two tabs; each kind of key; what it keeps and what it does not.
 */

import { fromHex } from '@stile/protocol/bytes.ts';
import { type Seed, seedSchema } from '@stile/protocol/http/rider-api.ts';
import { otpOfTimeStep, TIME_STEP_S, writePaymentCode } from '@stile/protocol/payment-code.ts';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';
import {
  drawNext,
  enrol,
  judge,
  RIDE,
  readTrust,
  scan,
  scanCode,
  settle,
} from '../testing/wallet-scene.ts';

/** 150 kB, all files of the page together, as they cross the wire. */
const FIRST_LOAD_BYTES_MAX = 150_000;

let town: Town;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let pageErrors: string[];

beforeAll(async () => {
  town = await Town.open();
  browser = await openBrowser();
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

describe('with no network at all', () => {
  test('a cold start shows a code that opens a gate', async () => {
    const lonely = await Town.open();
    try {
      await enrol(page, lonely);
      await settle(page);
      await page.close();
      const trust = await readTrust(lonely);
      await lonely.close();
      await context.setOffline(true);

      const cold = await openPage(context);
      await cold.page.goto(`${lonely.url}/wallet/`);
      const { text, version, ecLevel } = await scan(cold.page);
      expect({ version, ecLevel }).toEqual({ version: '10', ecLevel: 'M' });
      expect(text).toMatch(/^TC1:/);
      expect(judge(await scanCode(cold.page), trust)).toBe('open');
      await cold.page.getByText('Offline – codes still work').waitFor();
      await screenshot(cold.page, 'wallet-ride-offline');
      expect(cold.pageErrors).toEqual([]);
    } finally {
      await lonely.close().catch(() => undefined);
    }
  });

  test('each code is drawn anew with the next counter', async () => {
    await enrol(page, town);
    await context.setOffline(true);
    const first = await scanCode(page);
    await drawNext(page);
    const second = await scanCode(page);
    expect(second.counter).toBe(first.counter + 1);
    expect(second.codeBytes).not.toEqual(first.codeBytes);
  });

  test('the payment code is the one of RFC 6238 for the seed that settlement gave', async () => {
    const seedResponse = new Promise<Seed>((resolve) => {
      page.on('response', (response) => {
        if (!response.url().endsWith('/payment-seeds')) return;
        void response.json().then((json) => resolve(seedSchema.parse(json)));
      });
    });
    await enrol(page, town);
    const { handle, seed } = await seedResponse;
    await settle(page);
    await context.setOffline(true);
    await page.goto(`${town.url}/wallet/#/pay`);
    const digits = await page.locator('[data-code]').getAttribute('data-code');
    const step = Math.floor(Date.now() / 1000 / TIME_STEP_S);
    const bytes = fromHex(seed, 32) ?? new Uint8Array();
    // The minute may have ended between the page's look at the clock and this one.
    const good = [step, step - 1].map((at) =>
      writePaymentCode({ handle, otp: otpOfTimeStep(bytes, at) }),
    );
    expect(good).toContain(digits);
    await screenshot(page, 'wallet-pay');
  });
});

test('the first load is small, and nothing comes from elsewhere', async () => {
  const sizes: Promise<{ url: string; bytes: number }>[] = [];
  page.on('requestfinished', (request) => {
    if (request.url().includes('/v1/')) return;
    const size = request.sizes().then(({ responseBodySize }) => responseBodySize);
    sizes.push(size.then((bytes) => ({ url: request.url(), bytes })));
  });
  await page.goto(`${town.url}/wallet/`);
  await page.getByRole('button', { name: 'Set up this phone' }).waitFor();
  const loaded = await Promise.all(sizes);
  expect(loaded.length).toBeGreaterThan(3);
  expect(loaded.filter(({ url }) => !url.startsWith(town.url))).toEqual([]);
  const bytes = loaded.reduce((sum, file) => sum + file.bytes, 0);
  expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
  // It was compressed: the scripts alone are larger than this as they are.
  expect(bytes).toBeGreaterThan(20_000);
});

test('two tabs never make two codes with one counter', async () => {
  await enrol(page, town);
  const other = await openPage(context);
  await other.page.goto(`${town.url}/wallet/`);
  const counters: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([drawNext(page), drawNext(other.page)]);
    counters.push((await scanCode(page)).counter, (await scanCode(other.page)).counter);
  }
  expect(new Set(counters).size).toBe(counters.length);
  expect(other.pageErrors).toEqual([]);
});

describe('the key', () => {
  test.each([
    ['', 'Ed25519', 0],
    ['?key=P-256', 'P-256', 1],
  ])('%s: %s, which nobody can take out of the browser', async (query, algorithm, suite) => {
    await enrol(page, town, { query });
    const code = await scanCode(page);
    expect(code.pass.suite).toBe(suite);
    expect(judge(code, await readTrust(town))).toBe('open');
    expect(await storedSecrets(page)).toEqual({ kind: 'platform', algorithm, isOpen: false });
  });

  test('if the browser has neither, the page makes one and says what that means', async () => {
    await context.addInitScript(() => {
      const lacking = () => Promise.reject(new Error('NotSupportedError'));
      Object.assign(crypto.subtle, { generateKey: lacking });
    });
    await enrol(page, town);
    const code = await scanCode(page);
    expect(code.pass.suite).toBe(0);
    expect(judge(code, await readTrust(town))).toBe('open');
    await page.getByText('This browser cannot keep a key safely').waitFor();
    await screenshot(page, 'wallet-key-in-page');
  });

  type Stored = {
    key: { kind: string; algorithm: string; privateKey: CryptoKey };
    seed: { key: CryptoKey } | null;
  };

  /** Looks into the vault as an attacker's script would. */
  async function storedSecrets(on: Page) {
    // Looks may overlap: the one that found the seed is the one that is gone on with.
    const found = await on.waitForFunction(async () => {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open('stile-wallet');
        request.onsuccess = () => resolve(request.result);
      });
      const request = db.transaction('phone').objectStore('phone').get('only');
      await new Promise((resolve) => {
        request.onsuccess = resolve;
      });
      db.close();
      const stored = request.result as Stored | undefined;
      return stored?.seed ? { key: stored.key, seed: stored.seed } : null;
    });
    return await found.evaluate(async (stored) => {
      if (stored === null) throw new Error('it was waited for');
      const taken = await Promise.allSettled([
        crypto.subtle.exportKey('pkcs8', stored.key.privateKey),
        crypto.subtle.exportKey('jwk', stored.key.privateKey),
        crypto.subtle.exportKey('raw', stored.seed.key),
      ]);
      const { kind, algorithm } = stored.key;
      return { kind, algorithm, isOpen: taken.some(({ status }) => status === 'fulfilled') };
    });
  }
});

test('on plain http, without WebCrypto and service worker, it works and warns', async () => {
  const mapped = await browser.newContext({ viewport: PHONE, locale: 'en-GB' });
  await mapped.route('http://wallet.test/**', async (route) => {
    const { pathname, search } = new URL(route.request().url());
    if (pathname.endsWith('/events')) return await route.abort();
    await route.fulfill({
      response: await route.fetch({ url: `${town.url}${pathname}${search}` }),
    });
  });
  const { page: plain, pageErrors: plainErrors } = await openPage(mapped);
  await plain.goto('http://wallet.test/wallet/');
  expect(await plain.evaluate(() => isSecureContext)).toBe(false);
  await plain.getByRole('button', { name: 'Set up this phone' }).click();
  expect(judge(await scanCode(plain), await readTrust(town))).toBe('open');
  await plain.getByText('This browser cannot keep a key safely').waitFor();
  await plain.goto('http://wallet.test/wallet/#/pay');
  await plain.locator('[data-code^="71"]').waitFor();
  // The browser says that it does without this header here; nothing of ours.
  expect(
    plainErrors.filter((error) => !error.startsWith('The Cross-Origin-Opener-Policy')),
  ).toEqual([]);
  await mapped.unrouteAll({ behavior: 'ignoreErrors' });
  await mapped.close();
});

test('the language is the reader’s, by choice or by browser, and the page says which', async () => {
  await enrol(page, town);
  await page.goto(`${town.url}/wallet/#/more`);
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('heading', { name: 'Dieses Telefon' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('de');
  await page.reload();
  await page.getByRole('link', { name: 'Fahren' }).click();
  await page.getByRole('img', { name: 'Fahrcode für die Sperre' }).waitFor();
  await screenshot(page, 'wallet-ride-de');

  const german = await browser.newContext({ locale: 'de-AT' });
  const { page: fresh } = await openPage(german);
  await fresh.goto(`${town.url}/wallet/`);
  await fresh.getByRole('button', { name: 'Telefon einrichten' }).waitFor();
  await german.close();
});

test('it is worked by keyboard alone, and its headings take the focus', async () => {
  await page.goto(`${town.url}/wallet/`);
  const start = page.getByRole('button', { name: 'Set up this phone' });
  await start.waitFor();
  await page.keyboard.press('Tab');
  expect(await start.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.press('Enter');
  await page.getByRole('img', { name: RIDE }).waitFor();
  await page.getByRole('link', { name: 'Money' }).focus();
  await page.keyboard.press('Enter');
  const heading = page.getByRole('heading', { level: 1, name: 'Your money' });
  await heading.waitFor();
  expect(await heading.evaluate((element) => element === document.activeElement)).toBe(true);
  for (const role of ['banner', 'main', 'navigation'] as const) {
    await expect.poll(() => page.getByRole(role).count()).toBe(1);
  }
});
