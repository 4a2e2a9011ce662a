/** What measures pages finds what is wrong with one. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, openPage, PHONE } from '../testing/chromium.ts';
import { PageWidths } from '../testing/page-width.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
});

test('what sticks out, and what lies over something else, on the screens where it does', async () => {
  const { page } = await openPage(await browser.newContext({ viewport: PHONE }));
  await page.setContent(`<main id="app"><p style="width: 22rem">wide in large text</p>
    <button>One</button><button style="margin-left: -9px">Other</button></main>`);
  const widths = new PageWidths(page);
  await widths.measure('a page');
  expect(widths.tooWide).toEqual([
    expect.stringMatching(/^a page at 320, text × 1 is 3\d\d: P\.$/),
    expect.stringMatching(/^a page at 390, text × 2 is 7\d\d: P\.$/),
  ]);
  expect(widths.overlapping).toHaveLength(5);
  expect(widths.overlapping[0]).toMatch(/<button>One<\/button> \/ <button style/);
});
