/**
 * The wallet when something is wrong: it has to say what happened and what to do, in words, and never show
 * a code that it should not. Time is moved in the page or at settlement; nothing is waited for.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';
import { enrol, judge, RIDE, readTrust, scanCode, settle } from '../testing/wallet-scene.ts';

const DAY_S = 86_400;
const MINUTES_10_MS = 600_000;

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

function warning(on: Page, kind: string) {
  return on.locator(`[data-warning="${kind}"]`);
}

/** A new page of the same phone, whose clock is ahead by so much. */
async function openLater(byMs: number): Promise<Page> {
  await page.close();
  const later = await openPage(context);
  pageErrors = later.pageErrors;
  await later.page.addInitScript((ms) => {
    const now = Date.now;
    Date.now = () => now() + ms;
  }, byMs);
  await later.page.goto(`${town.url}/wallet/`);
  return later.page;
}

describe('the clock of the phone', () => {
  test.each([
    [MINUTES_10_MS, '10 minutes slow', 'CODE_EXPIRED'],
    [-MINUTES_10_MS, '10 minutes fast', 'CODE_FROM_FUTURE'],
  ])('%i ms behind: it says so, also offline, until it is set', async (aheadMs, far, reason) => {
    const other = await Town.open({ aheadMs });
    try {
      await enrol(page, other);
      await warning(page, 'clockWrong').getByText(far).waitFor();
      await screenshot(page, `wallet-clock-${far.replaceAll(' ', '-')}`);
      // It is right to: a gate with the right time refuses this code, and says the same.
      const trust = await readTrust(other);
      const code = await scanCode(page);
      expect(judge(code, trust, { wallMs: Date.now() + aheadMs })).toBe(reason);

      await settle(page);
      await context.setOffline(true);
      await page.reload();
      await warning(page, 'clockWrong').getByText(far).waitFor();
      await page.getByRole('button', { name: 'It is set now' }).click();
      await warning(page, 'clockWrong').waitFor({ state: 'detached' });
    } finally {
      await other.close();
    }
  });
});

describe('the pass', () => {
  test('two days before its end, offline: go online', async () => {
    await enrol(page, town);
    await settle(page);
    await context.setOffline(true);
    const later = await openLater(6 * DAY_S * 1000);
    await warning(later, 'passEndsSoon').getByText('Go online before').waitFor();
    await later.getByRole('img', { name: RIDE }).waitFor();
    await screenshot(later, 'wallet-pass-ends-soon');
  });

  test('behind its end: it says so, and going online renews it', async () => {
    await enrol(page, town);
    await settle(page);
    await age(page, 8 * DAY_S);
    await context.setOffline(true);
    await page.reload();
    await warning(page, 'passExpired').getByText('Your pass ended').waitFor();
    await screenshot(page, 'wallet-pass-expired');
    await context.setOffline(false);
    await warning(page, 'passExpired').waitFor({ state: 'detached' });
    const { pass } = await scanCode(page);
    expect(pass.issuedAtS).toBeGreaterThan(Date.now() / 1000 - 3_600);
  });

  test('on a phone whose clock was put forward it is the clock that is wrong', async () => {
    await enrol(page, town);
    await settle(page);
    const later = await openLater(8 * DAY_S * 1000);
    await warning(later, 'clockWrong').getByText('192 hours fast').waitFor();
    await warning(later, 'passExpired').waitFor({ state: 'detached' });
  });

  test('it is renewed in the background when a quarter of its life is over', async () => {
    await enrol(page, town);
    await settle(page);
    await age(page, 2 * DAY_S);
    const renewed = page.waitForResponse((response) => response.url().endsWith('/v1/passes'));
    await page.reload();
    expect((await renewed).status()).toBe(200);
  });

  test('it is left alone before', async () => {
    await enrol(page, town);
    await settle(page);
    await age(page, DAY_S);
    const paths: string[] = [];
    page.on('request', (request) => paths.push(new URL(request.url()).pathname));
    const listening = page.waitForRequest((request) => request.url().endsWith('/events'));
    await page.reload();
    await listening;
    await page.getByText('Online', { exact: true }).waitFor();
    expect(paths).toContain('/v1/riders/me');
    expect(paths).not.toContain('/v1/passes');
  });

  /** Makes the pass in the vault look so much older. */
  async function age(on: Page, seconds: number): Promise<void> {
    await on.evaluate(async (olderS) => {
      const request = indexedDB.open('stile-wallet');
      await new Promise((resolve) => {
        request.onsuccess = resolve;
      });
      const store = request.result.transaction('phone', 'readwrite').objectStore('phone');
      const stored = store.get('only');
      await new Promise((resolve) => {
        stored.onsuccess = resolve;
      });
      const { issuedAtS, expiresAtS } = stored.result;
      const older = { issuedAtS: issuedAtS - olderS, expiresAtS: expiresAtS - olderS };
      const put = store.put({ ...stored.result, ...older }, 'only');
      await new Promise((resolve) => {
        put.onsuccess = resolve;
      });
      request.result.close();
    }, seconds);
  }
});

describe('settlement says no', () => {
  test('denied by the operator: why, at once, and gone when it is lifted', async () => {
    await enrol(page, town);
    await settle(page);
    const { account } = (await scanCode(page)).pass;
    await town.operate('POST', 'denials', { body: { account, note: 'reported stolen' } });
    await warning(page, 'denied').getByText('reported stolen').waitFor();
    await screenshot(page, 'wallet-denied-by-operator');
    await town.operate('DELETE', 'denials', { body: { account } });
    await warning(page, 'denied').waitFor({ state: 'detached' });
  });

  test('only this phone’s pass is denied: it says so too', async () => {
    await enrol(page, town);
    await settle(page);
    const { account, serial } = (await scanCode(page)).pass;
    await town.operate('POST', 'denials', { body: { account, serial, note: 'phone lost' } });
    await warning(page, 'denied').waitFor();
  });

  test('it does not know this wallet: what to do, while codes are still shown', async () => {
    await enrol(page, town);
    await settle(page);
    await page.route('**/v1/sessions', async (route) => {
      const body = { code: 'PROOF_REFUSED', message: 'the proof is not by the key of this pass' };
      await route.fulfill({ status: 403, json: body });
    });
    await page.reload();
    await warning(page, 'refused').getByText('does not know this wallet').waitFor();
    await page.getByRole('img', { name: RIDE }).waitFor();
    await screenshot(page, 'wallet-refused');
  });

  test('it has revoked the key of the pass: said, and renewed as soon as it may be', async () => {
    const own = await Town.open();
    try {
      await enrol(page, own);
      await settle(page);
      expect((await scanCode(page)).pass.issuerKeyId).toBe(1);
      await page.route('**/v1/passes', async (route) => await route.abort());
      await own.operate('POST', 'issuer-keys/1/revocation', { body: {} });
      await page.reload();
      await warning(page, 'keyRevoked').getByText('Your money is safe').waitFor();
      await page.unrouteAll({ behavior: 'wait' });
      await page.reload();
      await warning(page, 'keyRevoked').waitFor({ state: 'detached' });
      await expect.poll(async () => (await scanCode(page)).pass.issuerKeyId).toBe(2);
    } finally {
      await own.close();
    }
  });

  test('without payment codes: the online code is named instead', async () => {
    await page.route('**/v1/riders/me/payment-seeds', async (route) => {
      await route.fulfill({ status: 503, json: { code: 'PAYMENT_CODES_OFF', message: 'off' } });
    });
    await enrol(page, town);
    await page.goto(`${town.url}/wallet/#/pay`);
    await page.getByText('This operator has no payment codes').waitFor();
  });
});

describe('what the browser keeps', () => {
  test('cleared under an open page: the next code is not made, and it says what is lost', async () => {
    await enrol(page, town);
    const { account } = (await scanCode(page)).pass;
    await page.evaluate(async () => {
      await new Promise((resolve) => {
        indexedDB.deleteDatabase('stile-wallet').onsuccess = resolve;
      });
    });
    await page.getByRole('button', { name: 'New code' }).click();
    await page.getByText(`the key of account ${account}`).waitFor();
    expect(await page.getByRole('img', { name: RIDE }).count()).toBe(0);
    await screenshot(page, 'wallet-cleared');
    await page.getByRole('button', { name: 'Go on with a new, empty account' }).click();
    const next = await scanCode(page);
    expect(next.pass.account).not.toBe(account);
    expect(judge(next, await readTrust(town))).toBe('open');
  });

  test('cleared with all site data: the way in takes the recovery code, and frightens nobody new', async () => {
    await enrol(page, town);
    const client = await context.newCDPSession(page);
    await page.goto('about:blank');
    await client.send('Storage.clearDataForOrigin', { origin: town.url, storageTypes: 'all' });
    await page.goto(`${town.url}/wallet/`);
    await page.getByRole('button', { name: 'I have a recovery code' }).waitFor();
    await screenshot(page, 'wallet-new');
  });

  test('nothing: it does not enrol a key that would be gone tomorrow', async () => {
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
    });
    await page.goto(`${town.url}/wallet/`);
    await page.getByText('This window keeps nothing').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    await screenshot(page, 'wallet-no-storage');
  });

  test('removed by hand, in every tab, and after being asked', async () => {
    await enrol(page, town);
    const other = await openPage(context);
    await other.page.goto(`${town.url}/wallet/`);
    await other.page.getByRole('img', { name: RIDE }).waitFor();
    await page.goto(`${town.url}/wallet/#/more`);
    await page.getByRole('button', { name: 'Remove from this phone' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('button', { name: 'Set up this phone' }).waitFor();
    await other.page.getByRole('button', { name: 'Set up this phone' }).waitFor();
    expect(other.pageErrors).toEqual([]);
  });
});

test('setting up with no network says that it needs one', async () => {
  await page.goto(`${town.url}/wallet/`);
  await page.getByRole('button', { name: 'Set up this phone' }).waitFor();
  await context.setOffline(true);
  await page.getByRole('button', { name: 'Set up this phone' }).click();
  await page.getByText('Setting up needs a network').waitFor();
});
