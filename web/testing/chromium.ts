/**
 * A real Chromium, and pages in it that remember what they complained about: none may log an error or break
 * its content security policy.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const LAUNCH_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const BROWSER_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Keeps no profile, and does all else at half the work. */
const HEADLESS_PLACE = '/usr/bin/chromium-headless-shell';
export const SCREENS_DIR = join(import.meta.dirname, '..', '..', 'test-results', 'screens');

/** How large a phone and a desk are. */
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };

/** How the whole Chromium is started: the one that STILE_CHROMIUM names, or the system's. */
export function launchOptions(flags: readonly string[] = []) {
  const named = process.env.STILE_CHROMIUM;
  const executablePath = named || BROWSER_PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error('no Chromium: install it, or name it in STILE_CHROMIUM');
  }
  return { executablePath, args: [...LAUNCH_FLAGS, ...flags] };
}

/** The one that STILE_HEADLESS names or the system has. */
export function quickChromium(): string | undefined {
  const quick = process.env.STILE_HEADLESS || HEADLESS_PLACE;
  return existsSync(quick) ? quick : undefined;
}

/** The quick one, otherwise the whole one. */
export async function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  const quick = quickChromium();
  if (quick === undefined) return await chromium.launch(launchOptions(flags));
  return await chromium.launch({ executablePath: quick, args: [...LAUNCH_FLAGS, ...flags] });
}

/** How long anything of a page is waited for. */
const WAIT_MS_MAX = 240_000;

/**
 * A page that remembers what it complained about: errors in its console, uncaught ones, breaches of its
 * policy. What the network does on purpose in a test (offline, an aborted request) is not one of them.
 */
export async function openPage(
  context: BrowserContext,
): Promise<{ page: Page; pageErrors: string[] }> {
  const page = await context.newPage();
  // A busy machine takes longer than the library's half a minute; what never comes ends with its test.
  page.setDefaultTimeout(WAIT_MS_MAX);
  const pageErrors: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const isNetwork = /^Failed to load resource/.test(message.text());
    if (!isNetwork) pageErrors.push(message.text());
  });
  page.on('pageerror', (error) => pageErrors.push(String(error)));
  return { page, pageErrors };
}

/** Writes a picture for a person to look at, and returns its bytes. */
export async function screenshot(page: Page, name: string): Promise<Buffer> {
  mkdirSync(SCREENS_DIR, { recursive: true });
  return await page.screenshot({ path: join(SCREENS_DIR, `${name}.png`), fullPage: false });
}
