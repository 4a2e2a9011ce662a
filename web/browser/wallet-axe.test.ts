/** axe finds nothing on any page of the wallet, in light and in the dark. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../testing/axe.ts';
import { EitherBrowser } from '../testing/either-browser.ts';
import { Town } from '../testing/town.ts';
import { TRANSIT_CODE } from '../testing/wallet-scene.ts';

let town: Town;
let browser: EitherBrowser;

beforeAll(async () => {
  town = await Town.open();
  browser = await EitherBrowser.start('Chromium');
});
afterAll(async () => {
  await browser?.close();
  await town?.close();
});

test.each(['light', 'dark'] as const)('%s', async (mode) => {
  const page = await browser.open();
  await page.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: mode }]);
  const found: string[] = [];
  const look = async (place: string) => {
    found.push(...(await axeFindings(page)).map((fault) => `${place}: ${fault}`));
  };
  const goTo = (place: string) => page.goto(`${town.url}/wallet/#/${place}`);
  await page.goto(`${town.url}/wallet/`);
  await page.seeText('Set up this phone');
  await look('new');
  await page.press('I have a recovery code');
  await look('recover');
  await page.press('Set up this phone');
  await page.see(TRANSIT_CODE);
  await goTo('money');
  await page.see('[data-balance="0"]');
  await look('money, empty');
  await page.click('[data-top-up="2000"]');
  await page.see('[data-balance="2000"]');
  await look('money');
  await goTo('ride');
  await page.see(TRANSIT_CODE);
  await look('ride');
  await goTo('pay');
  await page.see('[data-code^="71"]');
  await look('pay');
  await page.press('Online code');
  await page.see('[data-code^="72"]');
  await look('pay, online');
  await goTo('more');
  await page.see('#recovery');
  await look('more');
  await page.press('Remove from this phone');
  await page.see('[role=alertdialog]');
  await look('remove');
  await page.press('Make a recovery code');
  await page.see('[data-fresh-code]');
  await look('fresh code');
  await page.close();
  expect(found).toEqual([]);
});
