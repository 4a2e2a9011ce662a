/**
 * The wallet in headless Chromium: what a first visit loads, how soon a code stands on the screen after a
 * cold start without any network, how long a fresh code takes. The floor of the cold start is the same
 * browser opening an empty page that its service worker has kept.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleepMs } from 'node:timers/promises';
import { initSettlement, startSettlement } from '@stile/settlement/main.ts';
import { pino } from 'pino';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { percentile } from './statistics.ts';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
];
const CODE = 'Transit code for the gate';
const PHONE = { width: 390, height: 844 };
/** Between two codes, so that one is not drawn into the other. */
const PAUSE_MS = 150;

export type WalletReport = {
  firstLoadBytes: number;
  files: number;
  coldMs: { p50: number; p99: number; samples: number };
  emptyMs: { p50: number };
  refreshMs: { p50: number; p99: number; samples: number };
};

export async function measureWallet(
  folder: string,
  { rounds }: { rounds: number },
): Promise<WalletReport> {
  const dataDir = join(folder, 'wallet-settlement');
  await initSettlement(dataDir, {
    enrolment: { policy: 'open' },
    offline: { creditCents: { open: 10_000 } },
    topUps: { mode: 'sandbox' },
  });
  const log = pino({ level: 'silent' });
  const settlement = await startSettlement(
    { dataDir, port: 0, seedKeys: '5e'.repeat(32) },
    { log },
  );
  const browser = await openBrowser();
  try {
    return await measure(browser, { url: settlement.url, rounds });
  } finally {
    await browser.close();
    await settlement.close();
  }
}

async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.STILE_CHROMIUM || PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error('no Chromium: name one in STILE_CHROMIUM');
  return await chromium.launch({ executablePath, args: FLAGS });
}

async function measure(
  browser: Browser,
  { url, rounds }: { url: string; rounds: number },
): Promise<WalletReport> {
  const context = await browser.newContext({ viewport: PHONE, locale: 'en-GB' });
  const page = await context.newPage();
  const { firstLoadBytes, files } = await measureFirstLoad(context, { page, url });
  await page.getByRole('button', { name: 'Set up this phone' }).click();
  await page.getByRole('img', { name: CODE }).waitFor();
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
  await page.close();
  await context.setOffline(true);
  const cold: number[] = [];
  const empty: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    cold.push(await coldStart(context, { url: `${url}/wallet/`, hasCode: true }));
    empty.push(await coldStart(context, { url: `${url}/wallet/icon.svg`, hasCode: false }));
  }
  const refreshes = await measureRefreshes(context, { url, count: rounds * 4 });
  await context.close();
  return {
    firstLoadBytes,
    files,
    coldMs: spread(cold),
    emptyMs: { p50: percentile(empty, 0.5) },
    refreshMs: spread(refreshes),
  };
}

/** Bytes over the network until the page stands still, with headers, as the browser counts them. */
async function measureFirstLoad(
  context: BrowserContext,
  { page, url }: { page: Page; url: string },
) {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let [firstLoadBytes, files] = [0, 0];
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    firstLoadBytes += encodedDataLength;
    files += 1;
  });
  await page.goto(`${url}/wallet/`, { waitUntil: 'networkidle' });
  await session.detach();
  return { firstLoadBytes, files };
}

/** A new page, network off: from the start of its navigation to its code, on the page's own clock. */
async function coldStart(
  context: BrowserContext,
  { url, hasCode }: { url: string; hasCode: boolean },
): Promise<number> {
  const page = await context.newPage();
  await page.goto(url);
  if (hasCode) await page.getByRole('img', { name: CODE }).waitFor();
  const ms = await page.evaluate<number>(`(
    performance.getEntriesByName('code-shown')[0]?.startTime ??
    performance.getEntriesByType('navigation')[0]?.duration)`);
  await page.close();
  return ms;
}

async function measureRefreshes(
  context: BrowserContext,
  { url, count }: { url: string; count: number },
) {
  const page = await context.newPage();
  await page.goto(`${url}/wallet/`);
  await page.getByRole('img', { name: CODE }).waitFor();
  for (let drawn = 0; drawn < count; drawn += 1) {
    await page.getByRole('button', { name: 'New code' }).click();
    await sleepMs(PAUSE_MS);
  }
  return await page.evaluate<number[]>(
    `performance.getEntriesByName('code-refreshed').slice(1).map(({ duration }) => duration)`,
  );
}

function spread(samples: readonly number[]) {
  const [p50, p99] = [percentile(samples, 0.5), percentile(samples, 0.99)];
  return { p50, p99, samples: samples.length };
}
