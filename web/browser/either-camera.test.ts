/** A camera that is refused, never allowed, unplugged, or whose decoder is not there: said in both browsers, with a way on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EITHER, EitherBrowser, type EitherPage } from '../testing/either-browser.ts';
import { Town } from '../testing/town.ts';
import { TRANSIT_CODE } from '../testing/wallet-scene.ts';

let town: Town;

beforeAll(async () => {
  town = await Town.open();
});
afterAll(async () => {
  await town?.close();
});

/** As behind an upgrade, when the server has other files by now. */
async function loseFiles({ page }: EitherPage, name: RegExp): Promise<void> {
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (name.test(request.url())) void request.respond({ status: 404, body: '' });
    else void request.continue();
  });
}

describe.each(EITHER)('%s', (name) => {
  let browser: EitherBrowser;
  beforeAll(async () => {
    browser = await EitherBrowser.start(name, { camera: 'fake' });
  });
  afterAll(async () => {
    await browser?.close();
  });

  // Firefox's made-up camera cannot be unplugged: it hears of no end that a page makes up.
  test.skipIf(name === 'Firefox')(
    'one that runs and is unplugged is said, and begun again by a press',
    async () => {
      const page = await browser.open();
      // A key unplugs it, in the page's own world.
      await page.page.evaluateOnNewDocument(() => {
        addEventListener('keydown', ({ key }) => {
          const stream = document.querySelector('video')?.srcObject as MediaStream;
          if (key === 'F8') stream.getTracks()[0]?.dispatchEvent(new Event('ended'));
        });
      });
      await page.goto(`${town.url}/scanner/`);
      await page.page.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0);
      expect(await page.page.$('[data-camera], [data-failure]')).toBeNull();
      await page.page.keyboard.press('F8');
      await page.see('[data-failure="ENDED"]');
      await page.press('Try again');
      await page.see('video');
      await page.page.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0);
      await page.close();
    },
  );

  test('a question that nobody answers keeps nothing waiting: it is said what is asked', async () => {
    const page = await browser.open();
    await page.page.evaluateOnNewDocument(() => {
      const silent = () => new Promise<never>(() => undefined);
      if (navigator.mediaDevices) Object.assign(navigator.mediaDevices, { getUserMedia: silent });
    });
    await page.goto(`${town.url}/scanner/`);
    await page.seeText('Allow it there. Or choose a picture below.');
    await page.close();
  });

  test('one that is not allowed says what to do, and can be tried again', async () => {
    const page = await browser.open();
    await page.page.evaluateOnNewDocument(() => {
      const refuse = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
      if (navigator.mediaDevices) Object.assign(navigator.mediaDevices, { getUserMedia: refuse });
    });
    const token = await town.addMerchant(`camera-${name.toLowerCase()}`, 'Kiosk');
    await page.goto(`${town.url}/till/`);
    await page.page.locator('input[type=password]').fill(token);
    await page.press('Sign in');
    for (const digit of '250') await page.press(digit);
    await page.press('Camera');
    await page.see('[data-failure="NOT_ALLOWED"]');
    await page.seeText('then try again. Or type the digits.');
    await page.press('Try again');
    await page.see('[data-failure="NOT_ALLOWED"]');
    await page.close();
  });

  test('a decoder that is not there any more is said, and the page reloaded by a press', async () => {
    const page = await browser.open();
    await loseFiles(page, /decoder.*\.js|\.wasm/);
    await page.goto(`${town.url}/scanner/`);
    await page.see('[data-failure="NO_DECODER"]');
    const reloaded = page.page.waitForNavigation();
    await page.press('Reload the page');
    await reloaded;
    await page.see('[data-failure="NO_DECODER"]');
    await page.close();
  });

  test('a part of the wallet that is not there any more is said, with a way on', async () => {
    const page = await browser.open();
    // Without its worker, which holds all of one version.
    await page.page.evaluateOnNewDocument(() => {
      const refuse = () => Promise.reject(new Error('no worker here'));
      if (navigator.serviceWorker) Object.assign(navigator.serviceWorker, { register: refuse });
    });
    await loseFiles(page, /phone-cards.*\.js/);
    await page.goto(`${town.url}/wallet/`);
    await page.press('Set up this phone');
    await page.see(TRANSIT_CODE);
    await page.press('More', 'link');
    await page.see('[data-missing] button');
    await page.close();
  });
});
