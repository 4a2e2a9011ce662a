/**
 * A Chromium with a profile on disk, as a process that a test may kill. What a page stored before the kill is
 * there when the next one starts on the same profile; nothing else is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { launchOptions } from './chromium.ts';

type Connection = { browser: Browser; context: BrowserContext };

export class ChromiumProcess {
  readonly context: BrowserContext;
  readonly #child: ChildProcess;
  readonly #browser: Browser;

  private constructor(child: ChildProcess, { browser, context }: Connection) {
    this.#child = child;
    this.#browser = browser;
    this.context = context;
  }

  static async start(profileDir: string): Promise<ChromiumProcess> {
    const { executablePath, args } = launchOptions([
      '--headless',
      '--remote-debugging-port=0',
      '--window-size=390,844',
      '--lang=en-GB',
      `--user-data-dir=${profileDir}`,
      'about:blank',
    ]);
    const child = spawn(executablePath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: child.stderr })) {
      const address = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
      if (address === undefined) continue;
      child.stderr.resume();
      const browser = await chromium.connectOverCDP(address);
      const context = browser.contexts()[0];
      if (context === undefined) throw new Error('a browser with a profile has one context');
      return new ChromiumProcess(child, { browser, context });
    }
    throw new Error('Chromium ended before it listened');
  }

  /** SIGKILL: no handler runs, nothing is flushed that was not on its way. */
  async kill(): Promise<void> {
    const ended = this.#child.exitCode !== null || this.#child.signalCode !== null;
    if (!ended) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exit;
    }
    await this.#browser.close().catch(() => undefined);
  }
}
