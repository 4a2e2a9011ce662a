/** The wallet in Chromium and in Firefox: whatever differs by browser is tried in both. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EITHER, EitherBrowser, type EitherPage } from '../testing/either-browser.ts';
import { Town } from '../testing/town.ts';
import { judge, readTrust, TRANSIT_CODE, transitCodeIn } from '../testing/wallet-scene.ts';

let town: Town;

beforeAll(async () => {
  town = await Town.open();
});
afterAll(async () => {
  await town?.close();
});

describe.each(EITHER)('%s', (name) => {
  let browser: EitherBrowser;
  let page: EitherPage;

  beforeAll(async () => {
    browser = await EitherBrowser.start(name);
  });
  afterAll(async () => {
    await browser?.close();
  });
  beforeEach(async () => {
    page = await browser.open();
  });
  afterEach(async () => {
    await page.close();
    expect(page.errors).toEqual([]);
  });

  const goTo = (place: string) => page.goto(`${town.url}/wallet/#/${place}`);

  async function enrol(): Promise<void> {
    await page.goto(`${town.url}/wallet/`);
    await page.press('Set up this phone');
    await page.see(TRANSIT_CODE);
  }

  async function account(): Promise<string> {
    await goTo('more');
    return await page.text('.facts dd');
  }

  test('a phone is set up although no question of the browser is ever answered', async () => {
    await page.page.evaluateOnNewDocument(() => {
      // Only an address that is secure has them.
      if (!isSecureContext || navigator.storage === undefined) return;
      const silent = () => new Promise<never>(() => undefined);
      Object.assign(navigator.storage, { persist: silent });
      Object.assign(navigator.wakeLock, { request: silent });
    });
    await enrol();
    const first = await account();
    // Stored: who comes back finds the same account, and no second one was made for it.
    await page.page.reload();
    expect(await account()).toBe(first);
    await goTo('ride');
    const picture = await page.picture('either-ride');
    expect(judge(await transitCodeIn(picture), await readTrust(town))).toBe('open');
  });
});
