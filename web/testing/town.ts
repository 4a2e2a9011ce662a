/** Test-only: a real settlement on a port of its own with the built pages, and a real Chromium before
 * it. Pages opened here must neither log an error nor break their content security policy.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { initSettlement, type Settlement, startSettlement } from '@stile/settlement/main.ts';
import { pino } from 'pino';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** A test key. Never use it for anything else. */
const TEST_SEED_KEY = '5e'.repeat(32);
const LAUNCH_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const BROWSER_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PAGES_DIR = join(import.meta.dirname, '..', 'dist');
const SCREENS_DIR = join(import.meta.dirname, '..', '..', 'test-results', 'screens');

/** How large a phone and a desk are. */
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };

export type TownOptions = {
  /** How far settlement's clock is ahead of the browser's. */
  aheadMs?: number;
};

/** One settlement, its operator, and what a test needs to people it. `close` takes it all away. */
export class Town {
  readonly url: string;
  readonly settlement: Settlement;
  readonly dataDir: string;
  readonly #operatorToken: string;

  private constructor(dataDir: string, settlement: Settlement, operatorToken: string) {
    this.dataDir = dataDir;
    this.settlement = settlement;
    // A secure context needs https or a loopback name; 127.0.0.1 is one.
    this.url = settlement.url;
    this.#operatorToken = operatorToken;
  }

  static async open({ aheadMs = 0 }: TownOptions = {}): Promise<Town> {
    if (!existsSync(join(PAGES_DIR, 'wallet', 'index.html'))) {
      throw new Error('the pages are not built: run `npm run pages` first');
    }
    const clock: Clock = {
      ...systemClock,
      now: () => ({ ...systemClock.now(), wallMs: systemClock.now().wallMs + aheadMs }),
    };
    const dataDir = mkdtempSync(join(tmpdir(), 'stile-town-'));
    const { operatorTokenFile } = await initSettlement(dataDir, {}, { clock });
    const settlement = await startSettlement(
      { dataDir, port: 0, seedKeys: TEST_SEED_KEY },
      { log: pino({ level: 'silent' }), clock },
    );
    return new Town(dataDir, settlement, readFileSync(operatorTokenFile, 'utf8').trim());
  }

  async close(): Promise<void> {
    await this.settlement.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Asks as the operator and expects success; `path` follows /v1/operator/. */
  async operate<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
    return await this.ask<T>(method, `/v1/operator/${path}`, this.#operatorToken, body);
  }

  async ask<T>(method: string, path: string, token: string, body?: unknown): Promise<T> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The merchant's token. */
  async addMerchant(merchant: string, name: string): Promise<string> {
    const made = await this.operate<{ token: string }>('POST', 'merchants', { merchant, name });
    return made.token;
  }

  /** A scripted phone with money, for the other side of what a page does. */
  async addRider(balanceCents = 0) {
    const key = generateKey('Ed25519');
    const client = createPhoneClient(this.url, key);
    const { account, serial, pass, session } = await client.enrol();
    if (balanceCents > 0)
      await client.topUp(session.token, {
        amountCents: balanceCents,
        idempotencyKey: `first-${account}`,
      });
    return { key, client, account, serial, pass, session: session.token };
  }
}

/** How Chromium is started: the one that STILE_CHROMIUM names, or the system's. */
export function launchOptions(flags: readonly string[] = []) {
  const named = process.env.STILE_CHROMIUM;
  const executablePath = named || BROWSER_PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error('no Chromium: install it, or name it in STILE_CHROMIUM');
  }
  return { executablePath, args: [...LAUNCH_FLAGS, ...flags] };
}

export async function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  return await chromium.launch(launchOptions(flags));
}

/**
 * A page that remembers what it complained about: errors in its console, uncaught ones, breaches of its
 * policy. What the network does on purpose in a test (offline, an aborted request) is not one of them.
 */
export async function openPage(
  context: BrowserContext,
): Promise<{ page: Page; pageErrors: string[] }> {
  const page = await context.newPage();
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
