/**
 * The till on a phone, upright and on its side, and on a desk, in light and in the dark: what matters is whole on the
 * screen, axe finds nothing, and text of twice the size pushes nothing beside it.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../testing/axe.ts';
import { DESK, openBrowser, openPage, PHONE, screenshot } from '../testing/chromium.ts';
import { Town } from '../testing/town.ts';

const ON_ITS_SIDE = { width: 844, height: 390 };
const SCREENS = { phone: PHONE, side: ON_ITS_SIDE, desk: DESK };
type Screen = keyof typeof SCREENS;
/** The root's font size in theme.css, and twice that. */
const FONT_PX = 17;

let town: Town;
let browser: Browser;
let shops = 0;

beforeAll(async () => {
  town = await Town.open();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await town?.close();
});

async function scan(page: Page, text: string): Promise<void> {
  await page.evaluate((all) => {
    for (const key of [...all, 'Enter']) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    }
  }, text);
}

async function enter(page: Page, digits: string): Promise<void> {
  for (const name of digits) await page.getByRole('button', { name, exact: true }).click();
}

const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).first().click();

/** Of these elements those that are not whole on the screen. */
async function cutOff(page: Page, selectors: readonly string[]): Promise<string[]> {
  return await page.evaluate(
    (all) =>
      all.filter((selector) => {
        const box = document.querySelector(selector)?.getBoundingClientRect();
        if (box === undefined || box.width === 0) return true;
        const { top, left, bottom, right } = box;
        return top < 0 || left < 0 || bottom > innerHeight + 0.5 || right > innerWidth + 0.5;
      }),
    selectors,
  );
}

async function setText(page: Page, px: number): Promise<void> {
  await page.evaluate((size) => {
    document.documentElement.style.fontSize = `${size}px`;
  }, px);
}

/** Walks through the till; `look` is called at each state, with what has to be whole on the screen there. */
async function walk(
  page: Page,
  { look }: { look: (place: string, whole: readonly string[]) => Promise<void> },
): Promise<void> {
  shops += 1;
  const token = await town.addMerchant(`kiosk-${shops}`, 'Harbour Kiosk');
  const rider = await town.addRider(10_000);
  const code = async () => (await rider.client.fetchOnlineCode(rider.session, rider)).text;
  const outcome = (name: string) => page.locator(`[data-outcome="${name}"]`).first().waitFor();
  await page.goto(`${town.url}/till/`);
  await page.getByLabel('Token').waitFor();
  await look('sign-in', ['input', 'button[type=submit]']);
  await page.getByLabel('Token').fill(token);
  await press(page, 'Sign in');
  await page.locator('.brand').waitFor();
  await enter(page, '1250');
  await look('sell', ['output', '.pad', '.ways']);
  await press(page, 'Type digits');
  await look('digits', ['output']);
  await press(page, 'Show QR');
  await page.locator('[data-link]').waitFor();
  await look('order', ['.order-qr']);
  await press(page, 'Cancel');
  await enter(page, '1250');
  await page.getByLabel('What for').fill('2 rolls and a coffee');
  const used = await code();
  await scan(page, used);
  await outcome('PAID');
  await look('paid', ['.mark', 'h2', '.receipt', '.next button']);
  await press(page, 'Next customer');
  await enter(page, '1250');
  await scan(page, await code());
  await outcome('PAID');
  await press(page, 'Next customer');
  await enter(page, '990');
  await scan(page, used);
  await outcome('REFUSED');
  await look('refused', ['.mark', 'h2', '.next button']);
  await press(page, 'Next customer');
  await press(page, 'Today');
  await press(page, 'Refund');
  await look('list', []);
  await page.route('**/v1/payments', (route) => route.abort('connectionreset'));
  await press(page, 'Sell');
  await enter(page, '1250');
  await scan(page, await code());
  await outcome('UNKNOWN');
  await look('unknown', ['.mark', 'h2', '.next button:last-child']);
}

test.each(Object.keys(SCREENS) as Screen[])(
  '%s: what matters is whole, in usual text; nothing sticks out in twice the size',
  async (screen) => {
    const context = await browser.newContext({ viewport: SCREENS[screen], locale: 'en-GB' });
    const { page, pageErrors } = await openPage(context);
    const found: string[] = [];
    await walk(page, {
      look: async (place, whole) => {
        await page.evaluate(() => scrollTo(0, 0));
        found.push(...(await cutOff(page, whole)).map((name) => `${place}: ${name} is cut off`));
        await screenshot(page, `till-${screen}-${place}`);
        await setText(page, 2 * FONT_PX);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > SCREENS[screen].width) found.push(`${place}: ${wide} px wide in large text`);
        await screenshot(page, `till-${screen}-${place}-large`);
        await setText(page, FONT_PX);
      },
    });
    expect(found).toEqual([]);
    expect(pageErrors).toEqual([]);
    await context.close();
  },
);

test.each(['light', 'dark'] as const)('axe finds nothing, %s', async (colorScheme) => {
  const context = await browser.newContext({ viewport: PHONE, locale: 'en-GB', colorScheme });
  const { page } = await openPage(context);
  const found: string[] = [];
  await walk(page, {
    look: async (place) => {
      found.push(...(await axeFindings({ page })).map((fault) => `${place}: ${fault}`));
      await screenshot(page, `till-${colorScheme}-${place}`);
    },
  });
  expect(found).toEqual([]);
  await context.close();
});
