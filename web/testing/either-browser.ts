/**
 * A scripted page in either browser: the same few steps in Chromium and in Firefox, so that a test of a page can be
 * one test of both. puppeteer-core drives Firefox by WebDriver BiDi, which Debian's own speaks.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import puppeteer, { type Browser, type LaunchOptions, type Page } from 'puppeteer-core';
import { LAUNCH_FLAGS, launchOptions, PHONE, quickChromium, SCREENS_DIR } from './chromium.ts';

export const EITHER = ['Chromium', 'Firefox'] as const;
export type EitherName = (typeof EITHER)[number];

const FIREFOX_PLACES = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];
/** How long a browser, or anything of a page, is waited for. */
const WAIT_MS_MAX = 240_000;
/** One process for pages is enough for one page. */
const FIREFOX_PREFERENCES = { 'dom.ipc.processCount': 1, 'intl.accept_languages': 'en-GB, en' };

/** `fake`: a camera that shows something; `refused`: one that no page may use. Without, it is as the browser has it. */
export type Camera = 'fake' | 'refused';
/** `textScale`: how large the reader has set text, as a share of the usual size. */
export type EitherOptions = { camera?: Camera; textScale?: number };
export type Screen = { width: number; height: number };

/** What both browsers begin with. */
const TEXT_PX = 16;

export class EitherBrowser {
  readonly name: EitherName;
  readonly #browser: Browser;

  private constructor(name: EitherName, browser: Browser) {
    this.name = name;
    this.#browser = browser;
  }

  static async start(name: EitherName, asked: EitherOptions = {}): Promise<EitherBrowser> {
    const options = name === 'Firefox' ? firefoxOptions(asked) : chromiumOptions(asked);
    const patience = { timeout: WAIT_MS_MAX, protocolTimeout: WAIT_MS_MAX };
    return new EitherBrowser(name, await puppeteer.launch({ ...options, ...patience }));
  }

  /** With storage of its own: nothing that another page has stored is there. */
  async open(screen: Screen = PHONE): Promise<EitherPage> {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS_MAX);
    await page.setViewport({ ...screen, deviceScaleFactor: 2 });
    return new EitherPage(page, this.name);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

function firefoxOptions({ camera, textScale = 1 }: EitherOptions): LaunchOptions {
  const named = process.env.STILE_FIREFOX;
  const executablePath = named || FIREFOX_PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error('no Firefox: install it, or name it in STILE_FIREFOX');
  }
  const cameras = {
    fake: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true },
    refused: { 'media.navigator.streams.fake': true, 'permissions.default.camera': 2 },
  };
  const extraPrefsFirefox = {
    ...FIREFOX_PREFERENCES,
    'font.size.variable.x-western': TEXT_PX * textScale,
    ...(camera && cameras[camera]),
  };
  return { browser: 'firefox', executablePath, extraPrefsFirefox };
}

function chromiumOptions({ camera, textScale = 1 }: EitherOptions): LaunchOptions {
  const quick = quickChromium();
  const cameras = {
    fake: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    refused: ['--use-fake-device-for-media-stream', '--deny-permission-prompts'],
  };
  return {
    executablePath: quick ?? launchOptions().executablePath,
    headless: quick === undefined ? true : 'shell',
    args: [
      ...LAUNCH_FLAGS,
      '--lang=en-GB',
      '--accept-lang=en-GB',
      `--blink-settings=defaultFontSize=${TEXT_PX * textScale}`,
      ...(camera ? cameras[camera] : []),
    ],
  };
}

/** What it complained about stays in `errors`; what the network does on purpose in a test is not among it. */
export class EitherPage {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #browserName: EitherName;

  constructor(page: Page, browserName: EitherName) {
    this.page = page;
    this.#browserName = browserName;
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      const isNetwork = /^Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !isNetwork) this.errors.push(message.text());
    });
  }

  async goto(url: string): Promise<void> {
    // One that only changes behind its # is not loaded anew, and no load is waited for.
    const [before] = this.page.url().split('#');
    if (url.split('#')[0] === before) {
      await this.page.evaluate((to) => {
        location.href = to;
      }, url);
    } else {
      await this.page.goto(url);
    }
  }

  /** The button or link of that name, as a screen reader says it. */
  async press(name: string, role: 'button' | 'link' = 'button'): Promise<void> {
    await this.page.locator(`::-p-aria(${name}[role="${role}"])`).click();
  }

  async click(selector: string): Promise<void> {
    await this.page.locator(selector).click();
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.locator(`::-p-aria(${label}[role="textbox"])`).fill(text);
  }

  /** Waits until the element is seen. */
  async see(selector: string): Promise<void> {
    await this.page.waitForSelector(selector, { visible: true });
  }

  async seeText(text: string): Promise<void> {
    await this.page.waitForFunction((wanted) => document.body.innerText.includes(wanted), {}, text);
  }

  async seeNot(selector: string): Promise<void> {
    await this.page.waitForSelector(selector, { hidden: true });
  }

  async text(selector = 'body'): Promise<string> {
    return await this.page.$eval(selector, (element) => (element as HTMLElement).innerText);
  }

  /** Where the element is on the screen. */
  async box(selector: string): Promise<DOMRect> {
    return await this.page.$eval(selector, (at) => at.getBoundingClientRect().toJSON());
  }

  /** Of the first such element, once it is there. */
  async attribute(selector: string, name: string): Promise<string> {
    await this.page.waitForSelector(selector);
    return await this.page.$eval(selector, (at, of) => at.getAttribute(of) ?? '', name);
  }

  /** Writes a picture for a person to look at, and returns its bytes. */
  async picture(name: string): Promise<Uint8Array> {
    mkdirSync(SCREENS_DIR, { recursive: true });
    const file = `${name}-${this.#browserName.toLowerCase()}.png` as const;
    return await this.page.screenshot({ path: join(SCREENS_DIR, file) as `${string}.png` });
  }

  async close(): Promise<void> {
    await this.page.browserContext().close();
  }
}
