/**
 * A settlement on a port of its own that serves the built pages, with its operator, for a browser before
 * it. It stands on settlement's scratch settlement; it is not settlement's scripted town, because a browser
 * goes by the system's clock and comes over a real connection, so this one does too.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { type CallOptions, callJson, type HttpMethod } from '@stile/host/http-client.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import type { SettlementOptions } from '@stile/settlement/config.ts';
import {
  openScratchSettlement,
  type ScratchSettlement,
} from '@stile/settlement/testing/scratch-settlement.ts';

const PAGES_DIR = join(import.meta.dirname, '..', 'dist');

export type TownOptions = {
  /** How far settlement's clock is ahead of the browser's. */
  aheadMs?: number;
  settings?: SettlementOptions;
};

/** One settlement, its operator, and what a test needs to people it. `close` takes it all away. */
export class Town {
  /** A secure context needs https or a loopback name; 127.0.0.1 is one. */
  readonly url: string;
  readonly #scratch: ScratchSettlement;

  private constructor(scratch: ScratchSettlement) {
    this.url = scratch.settlement.url;
    this.#scratch = scratch;
  }

  static async open({ aheadMs = 0, settings = {} }: TownOptions = {}): Promise<Town> {
    if (!existsSync(join(PAGES_DIR, 'wallet', 'index.html'))) {
      throw new Error('the pages are not built: run `npm run pages` first');
    }
    const clock: Clock = {
      ...systemClock,
      now: () => ({ ...systemClock.now(), wallMs: systemClock.now().wallMs + aheadMs }),
    };
    return new Town(await openScratchSettlement({ clock, settings }));
  }

  async close(): Promise<void> {
    await this.#scratch.close();
  }

  /** A request that has to succeed; POST if there is a body, else GET. */
  async call<T>(path: string, options: CallOptions = {}): Promise<T> {
    return (await callJson(this.url, path, options)) as T;
  }

  /** The same as the operator; `path` follows /v1/operator/. */
  async operate<T>(method: HttpMethod, path: string, { body }: CallOptions = {}): Promise<T> {
    const token = this.#scratch.operatorToken;
    return await this.call<T>(`/v1/operator/${path}`, { method, token, body });
  }

  /** The merchant's token. */
  async addMerchant(merchant: string, name: string): Promise<string> {
    const body = { merchant, name };
    type Tokens = { managerToken: string };
    return (await this.operate<Tokens>('POST', 'merchants', { body })).managerToken;
  }

  /** A scripted phone with money, for the other side of what a page does. */
  async addRider(balanceCents = 0) {
    const key = generateKey('Ed25519');
    const client = createPhoneClient(this.url, key);
    const { account, serial, pass, session } = await client.enrol();
    const { token } = session;
    if (balanceCents > 0) {
      const idempotencyKey = `first-${account}`;
      await client.topUp(token, { amountCents: balanceCents, idempotencyKey });
    }
    return { key, client, account, serial, pass, session: token };
  }
}
