/**
 * The whole ride: a wallet in a real browser, settlement as a process, a gate with its serial lines. The
 * picture of the page goes through the virtual scanner's decoder onto the gate's line; phone and gate
 * have no network while they meet. Then both have one, and the wallet shows what it cost.
 */

import { FARE_CENTS, openTown } from '@stile/gate/testing/town.ts';
import { readPicture } from '@stile/hardware/picture/read.ts';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { RIDE } from '../testing/wallet-scene.ts';

const TOP_UP_CENTS = 1_000;

async function textInPicture(page: Page): Promise<string> {
  const reading = await readPicture(await page.screenshot());
  if (!reading.ok) throw new Error(`no code in the picture: ${reading.hint}`);
  return reading.text;
}

test('a phone and a gate without network: the page’s picture opens the gate, and is charged later', async () => {
  const town = await openTown();
  const { arm, gate, log, show, wire } = town;
  const browser = await openBrowser();
  try {
    const context = await browser.newContext({
      viewport: PHONE,
      deviceScaleFactor: 2,
      locale: 'en-GB',
    });
    const { page, pageErrors } = await openPage(context);
    await page.goto(`${wire.url}/wallet/`);
    await page.getByRole('button', { name: 'Set up this phone' }).click();
    // Nothing stands behind the account yet: there is no code to photograph.
    await page.getByText('No rides at gates without a network').waitFor();
    await page.goto(`${wire.url}/wallet/#/money`);
    await page.locator(`[data-top-up="${TOP_UP_CENTS}"]`).click();
    await page.locator(`[data-balance="${TOP_UP_CENTS}"]`).waitFor();
    await page.goto(`${wire.url}/wallet/#/ride`);
    await page.getByRole('img', { name: RIDE }).waitFor();
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await page.close();

    // No network for either; the page is started cold.
    await context.setOffline(true);
    wire.mode = 'cut';
    const { page: cold, pageErrors: coldErrors } = await openPage(context);
    await cold.goto(`${wire.url}/wallet/`);
    await cold.getByRole('img', { name: RIDE }).waitFor();
    const opened = arm.opened();
    const tap = log.next('tap');
    const text = await textInPicture(cold);
    await show(text);
    const { verdict, seq } = await tap;
    expect(verdict).toBe('open');
    await opened;
    await screenshot(cold, 'wallet-at-the-gate');

    // The same picture again, from somebody who has photographed it.
    const again = log.next('tap');
    await show(text);
    expect(await again).toMatchObject({ verdict: 'refuse', reason: 'REPLAY' });

    wire.mode = 'pass';
    await context.setOffline(false);
    gate.syncNow();
    await log.next('synced', ({ ackSeq }) => Number(ackSeq) >= Number(seq));
    await cold.goto(`${wire.url}/wallet/#/money`);
    await cold.locator(`[data-balance="${TOP_UP_CENTS - FARE_CENTS}"]`).waitFor();
    const ride = cold.getByRole('listitem').filter({ hasText: 'Line M1' });
    await ride.getByText(/Ridden .*, charged .* · transit code/).waitFor();
    await screenshot(cold, 'wallet-after-the-ride');
    await cold.goto(`${wire.url}/wallet/#/ride`);
    await cold.locator(`[data-last-ride="${FARE_CENTS}"]`).getByText('Line M1').waitFor();
    await cold.locator(`[data-pass-balance="${TOP_UP_CENTS - FARE_CENTS}"]`).waitFor();

    // With a network the same gate takes the wallet's payment code as well.
    await cold.goto(`${wire.url}/wallet/#/pay`);
    const code = await cold.locator('[data-code]').getAttribute('data-code');
    const openedAgain = arm.opened();
    const answer = log.next('answer');
    await show(code ?? '');
    expect(await answer).toMatchObject({ verdict: 'open' });
    await openedAgain;
    expect(
      [...pageErrors, ...coldErrors].filter((error) => !error.includes('Cross-Origin-Opener')),
    ).toEqual([]);
  } finally {
    await browser.close();
  }
});
