/** The wallet in Chromium and in Firefox: whatever differs by browser is tried in both. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PHONE } from '../testing/chromium.ts';
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
    await page.see(TRANSIT_CODE);
    const picture = await page.picture('either-ride');
    expect(judge(await transitCodeIn(picture), await readTrust(town))).toBe('open');
  });

  test('the ride is a pass: whose, what is on it, how long its code is good; large at a touch', async () => {
    await enrol();
    await page.goto(`${town.url}/wallet/#/money`);
    await page.click('[data-top-up="2000"]');
    await page.see('[data-balance="2000"]');
    await goTo('ride');
    await page.see('[data-pass-balance="2000"]');
    expect(await page.text('[data-operator]')).toBe('Stile');
    expect(await page.attribute('.ride .ring', 'aria-label')).toMatch(/^Good for \d+ seconds\./);
    await page.click('.pass summary');
    await page.seeText('your pass is renewed by itself');
    const before = await page.box('.square .qr');
    await page.click('.touch');
    const large = await page.box('.square .qr');
    expect(large.width).toBeGreaterThan(before.width);
    expect(
      judge(await transitCodeIn(await page.picture('either-large')), await readTrust(town)),
    ).toBe('open');
    await page.page.keyboard.press('Escape');
    await page.see('.touch[aria-pressed="false"]');
  });

  test.each([
    ['upright', PHONE],
    ['on its side', { width: PHONE.height, height: PHONE.width }],
  ])('%s the whole code is on the screen', async (_, screen) => {
    await page.page.setViewport(screen);
    await enrol();
    const { left, top, right, bottom } = await page.box('.square .qr');
    const nav = await page.box('nav');
    expect([left >= 0, top >= 0, right <= screen.width, bottom <= screen.height]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    // The bar of pages lies beneath it or beside it.
    expect(bottom <= nav.top || left >= nav.right).toBe(true);
    await transitCodeIn(await page.picture(`either-ride-${screen.width}`));
  });

  test('payment codes need no answer; an online code stays while its rider looks elsewhere', async () => {
    await enrol();
    await goTo('pay');
    expect(await page.attribute('[data-code^="71"]', 'data-code')).toMatch(/^71\d{18}$/);
    await page.press('Online code');
    const code = await page.attribute('[data-code^="72"]', 'data-code');
    await page.press('Money', 'link');
    await page.see('[data-balance]');
    await page.press('Pay', 'link');
    expect(await page.attribute('[data-code]', 'data-code')).toBe(code);
  });

  test('a receipt says what the list says, and stays when the page is loaded anew', async () => {
    await enrol();
    await goTo('money');
    await page.click('[data-top-up="1000"]');
    await page.see('[data-balance="1000"]');
    await page.click('[href^="#/receipt/"]');
    await page.see('[data-receipt]');
    const first = await page.text('[data-receipt]');
    expect(first).toMatch(/Operator\s+Stile\s+What for\s+Top-up\s+Amount\s+\+€10\.00/);
    await page.page.reload();
    await page.see('[data-receipt]');
    expect(await page.text('[data-receipt]')).toBe(first);
  });
});
