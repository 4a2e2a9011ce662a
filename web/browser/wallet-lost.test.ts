/** A lost phone in a real browser: recovered in another profile, blocked from a third; and a PIN before money. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';
import { enrol, judge, RIDE, readTrust, scanCode, settle } from '../testing/wallet-scene.ts';

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
  context = await openProfile();
  ({ page, pageErrors } = await openPage(context));
});
afterEach(async () => {
  await context.close();
  // A request that is refused is written there by the browser itself.
  expect(pageErrors.filter((error) => !/40[39]/.test(error))).toEqual([]);
});

const openProfile = () =>
  browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, locale: 'en-GB' });

async function goTo(of: Page, name: 'ride' | 'pay' | 'money' | 'more'): Promise<void> {
  await of.goto(`${town.url}/wallet/#/${name}`);
}

async function topUp(of: Page): Promise<void> {
  await goTo(of, 'money');
  await of.locator('[data-top-up="2000"]').click();
  await of.locator('[data-balance="2000"]').waitFor();
}

async function makeCode(of: Page): Promise<string> {
  await goTo(of, 'more');
  await of.getByRole('button', { name: 'Make a recovery code' }).click();
  const code = await of.locator('[data-fresh-code]').getAttribute('data-fresh-code');
  await screenshot(of, 'wallet-recovery-code');
  await of.getByRole('button', { name: 'I have written it down' }).click();
  await of.getByText('You have a recovery code').waitFor();
  return code ?? '';
}

async function enterCode(of: Page, code: string): Promise<void> {
  await of.goto(`${town.url}/wallet/`);
  await of.getByRole('button', { name: 'I have a recovery code' }).click();
  await of.getByLabel('Code', { exact: true }).fill(code);
}

test('a new rider is not frightened; another browser brings the account over, the first one ends', async () => {
  await page.goto(`${town.url}/wallet/`);
  await page.getByRole('button', { name: 'Set up this phone' }).waitFor();
  expect(await page.locator('body').innerText()).not.toMatch(/deleted|lost|cleared/i);
  await enrol(page, town);
  await topUp(page);
  await page.locator('[data-no-code]').waitFor();
  const code = await makeCode(page);
  await goTo(page, 'money');
  await page.locator('[data-balance]').waitFor();
  expect(await page.locator('[data-no-code]').count()).toBe(0);

  const elsewhere = await openProfile();
  const { page: other } = await openPage(elsewhere);
  await enterCode(other, `${code.slice(0, -1)}${code.endsWith('0') ? '1' : '0'}`);
  await other.getByRole('button', { name: 'Use this phone from now on' }).click();
  await other.getByText('A character is wrong').waitFor();
  await other.getByLabel('Code', { exact: true }).fill(code.toLowerCase());
  await screenshot(other, 'wallet-recover');
  await other.getByRole('button', { name: 'Use this phone from now on' }).click();
  const next = await other.locator('[data-fresh-code]').getAttribute('data-fresh-code');
  expect(next).not.toBe(code);
  await other.getByRole('button', { name: 'I have written it down' }).click();
  await goTo(other, 'money');
  await other.locator('[data-balance="2000"]').waitFor();
  await goTo(other, 'ride');
  await other.getByRole('img', { name: RIDE }).waitFor();
  expect(judge(await scanCode(other), await readTrust(town))).toBe('open');
  await elsewhere.close();

  await page.reload();
  await page.getByText('your account is on another one').waitFor();
  // No code of it is shown any more, also without a network.
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await context.setOffline(true);
  for (const place of ['pay', 'ride'] as const) {
    await goTo(page, place);
    await page.reload();
    await page.locator('[data-warning="ended"]').getByText('enter your recovery code').waitFor();
    expect(await page.locator('[data-code], .sheet, .switch').count()).toBe(0);
  }
});

test('without a new phone at hand the lost one is blocked, and the code stays good', async () => {
  await enrol(page, town);
  const code = await makeCode(page);
  const elsewhere = await openProfile();
  const { page: other } = await openPage(elsewhere);
  await enterCode(other, code);
  await other.getByRole('button', { name: 'My phone is lost' }).click();
  await other.getByText('no phone rides or pays').waitFor();
  await page.reload();
  await page.getByText('This phone was blocked').waitFor();
  await other.getByRole('button', { name: 'Use this phone from now on' }).click();
  await other.locator('[data-fresh-code]').waitFor();
  await elsewhere.close();
});

test('a second phone joins, sees the same money, and blocks the first', async () => {
  await enrol(page, town);
  await topUp(page);
  await goTo(page, 'more');
  await page.getByRole('button', { name: 'Add another phone' }).click();
  const code = await page.locator('[data-fresh-code]').getAttribute('data-fresh-code');
  await page.getByRole('button', { name: 'Done' }).click();
  const elsewhere = await openProfile();
  const { page: second } = await openPage(elsewhere);
  await enterCode(second, code ?? '');
  await second.getByRole('button', { name: 'Use this phone from now on' }).click();
  await goTo(second, 'money');
  await second.locator('[data-balance="2000"]').waitFor();
  await goTo(second, 'more');
  await second.getByRole('button', { name: 'Block it' }).click();
  await second.getByText('Phone 1', { exact: true }).waitFor({ state: 'detached' });
  await elsewhere.close();
  await page.reload();
  await page.getByText('This phone was blocked').waitFor();
});

test('what Remove does to the money is said before, and the code brings it back', async () => {
  await enrol(page, town);
  await topUp(page);
  await goTo(page, 'more');
  await page.getByRole('button', { name: 'Remove from this phone' }).click();
  await page.getByText('The account and its €20.00 stay with your operator').waitFor();
  await page.getByText('make one first').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  const code = await makeCode(page);
  await page.getByRole('button', { name: 'Remove from this phone' }).click();
  await page.getByText('With your recovery code you bring them back').waitFor();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('button', { name: 'Set up this phone' }).waitFor();
  await enterCode(page, code);
  await page.getByRole('button', { name: 'Use this phone from now on' }).click();
  await page.getByRole('button', { name: 'I have written it down' }).click();
  await goTo(page, 'money');
  await page.locator('[data-balance="2000"]').waitFor();
});

test('a PIN stands before the payment code, also offline, and before riding if that is wanted', async () => {
  await enrol(page, town);
  await settle(page);
  await goTo(page, 'more');
  await page.getByLabel('New PIN').fill('2580');
  await page.getByLabel('The same again').fill('2580');
  await page.getByRole('button', { name: 'Set the PIN' }).click();
  await page.getByLabel('Also before riding').check();
  // Who finds it open takes it away with the PIN only.
  const remove = page.getByRole('button', { name: 'Take the PIN away' });
  await expect.poll(() => remove.isDisabled()).toBe(true);
  await expect.poll(() => page.getByLabel('Also before riding').isDisabled()).toBe(true);
  await page.getByLabel('PIN until now').fill('2581');
  await remove.click();
  await page.getByText('That is not the PIN.').waitFor();
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await context.setOffline(true);

  await goTo(page, 'pay');
  await page.reload();
  const pin = page.getByLabel('Your PIN');
  await pin.waitFor();
  await screenshot(page, 'wallet-pin');
  expect(await page.locator('[data-code]').count()).toBe(0);
  await pin.fill('1111');
  await page.keyboard.press('Enter');
  await page.getByText('That is not the PIN.').waitFor();
  await page.reload();
  await page.getByText('That is not the PIN.').waitFor();
  await pin.fill('2580');
  await page.keyboard.press('Enter');
  await page.locator('[data-code^="71"]').waitFor();

  await goTo(page, 'ride');
  await page.getByRole('img', { name: RIDE }).waitFor();
  await page.reload();
  await pin.waitFor();
  expect(await page.getByRole('img', { name: RIDE }).count()).toBe(0);
  await pin.fill('2580');
  await page.keyboard.press('Enter');
  await page.getByRole('img', { name: RIDE }).waitFor();
});

/** As when its reader looks at something else, and comes back. */
async function goAway(of: Page): Promise<void> {
  await of.evaluate(() => {
    for (const state of ['hidden', 'visible']) {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }
  });
}

test('a forgotten PIN takes no code of another account; a fresh code is covered behind a page that was away', async () => {
  await enrol(page, town);
  await settle(page);
  await goTo(page, 'more');
  await page.getByLabel('New PIN').fill('2580');
  await page.getByLabel('The same again').fill('2580');
  await page.getByRole('button', { name: 'Set the PIN' }).click();
  // It is set when it can be taken away: before that nothing is guarded.
  await page.getByRole('button', { name: 'Take the PIN away' }).waitFor();
  await page.getByRole('button', { name: 'Make a recovery code' }).click();
  const shown = page.locator('[data-fresh-code]');
  const code = (await shown.getAttribute('data-fresh-code')) ?? '';
  await goAway(page);
  await page.locator('[data-covered]').waitFor();
  expect(await page.locator('body').innerHTML()).not.toContain(code);
  await page.getByLabel('Your PIN').fill('2580');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Show it again' }).click();
  await shown.waitFor();
  await page.getByRole('button', { name: 'I have written it down' }).click();
  await page.getByText('You have a recovery code').waitFor();

  const other = await town.addRider(700);
  const { client, session } = other;
  const { code: theirs } = await client.fetchRecoveryCode(session, other);
  await goTo(page, 'pay');
  await page.reload();
  await page.getByRole('button', { name: 'Forgotten it?' }).click();
  await page.getByLabel('Code', { exact: true }).fill(theirs);
  await page.getByRole('button', { name: 'Use this phone from now on' }).click();
  await page.getByText('This code is of another account.').waitFor();
  await page.getByRole('button', { name: 'My phone is lost' }).click();
  await page.getByText('This code is of another account.').waitFor();
  expect(await page.getByRole('button', { name: 'Bring the other account here' }).count()).toBe(0);
  expect((await client.readRider(session)).balanceCents).toBe(700);
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.getByRole('button', { name: 'Use this phone from now on' }).click();
  await shown.waitFor();
});
