/** The till without its pages: which shop it is signed in for, what settlement tells it, the day's list. */
import { batch, signal } from '@preact/signals';
import type { Merchant, Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { ApiRefusal, createApi } from '../../parts/api.ts';
import type { Clock } from '../../parts/clock.ts';
import type { LanguageChoice } from '../../parts/language.ts';
import type { Fetch } from '../../parts/net.ts';
import type { Random } from '../../parts/random.ts';
import type { TextStorage } from '../../parts/storage.ts';
import { MerchantClient } from './merchant-client.ts';
import { Sale } from './sale.ts';

const TOKEN_STORED_AS = 'stile-till-token';
const DAY_MS = 86_400_000;

/** The part of the address behind its #, and how to take it away. */
export type Address = { hash(): string; clearHash(): void };

export type TillParts = {
  clock: Clock;
  random: Random;
  fetch: Fetch;
  storage: TextStorage;
  address: Address;
  language: LanguageChoice;
};

export type Access = 'out' | 'checking' | 'in' | 'refused' | 'unreachable';
export type TillPage = 'sell' | 'list';

export class Till {
  readonly access = signal<Access>('checking');
  readonly merchant = signal<Merchant | null>(null);
  readonly page = signal<TillPage>('sell');
  /** Counts what has changed the day's list. */
  readonly changes = signal(0);
  readonly clock: Clock;
  readonly random: Random;
  readonly language: LanguageChoice;
  readonly sale: Sale;
  readonly #parts: TillParts;
  readonly #client: MerchantClient;
  #listening: AbortController | null = null;

  constructor(parts: TillParts) {
    const { clock, random, language, storage } = parts;
    this.#parts = parts;
    this.clock = clock;
    this.random = random;
    this.language = language;
    this.#client = new MerchantClient(createApi(parts), () => this.#token());
    const onChange = () => this.#countChange();
    this.sale = new Sale({ client: this.#client, clock, random, storage, onChange });
  }

  /** Settlement refuses it to the token of a till, whatever a page shows. */
  get mayRefund(): boolean {
    return this.merchant.value?.role === 'MANAGER';
  }

  #token(): string {
    return this.#parts.storage.getItem(TOKEN_STORED_AS) ?? '';
  }

  async start(): Promise<void> {
    const { address, storage } = this.#parts;
    const token = /^#token=([\w.~-]{16,200})$/.exec(address.hash())?.[1];
    if (token !== undefined) {
      storage.setItem(TOKEN_STORED_AS, token);
      // It must not stay in the address, where others see it and the browser remembers it.
      address.clearHash();
    }
    if (this.#token() === '') this.access.value = 'out';
    else await this.#enter();
  }

  async signIn(text: string): Promise<void> {
    this.#parts.storage.setItem(TOKEN_STORED_AS, text.trim());
    this.access.value = 'checking';
    await this.#enter();
  }

  signOut(): void {
    this.#parts.storage.removeItem(TOKEN_STORED_AS);
    this.#listening?.abort();
    this.#listening = null;
    batch(() => {
      this.merchant.value = null;
      this.access.value = 'out';
    });
  }

  async #enter(): Promise<void> {
    try {
      this.merchant.value = await this.#client.readMerchant();
      this.access.value = 'in';
      this.#listen();
      await this.sale.resume();
    } catch (error) {
      const isRefused = error instanceof ApiRefusal && error.status === 401;
      if (isRefused) this.#parts.storage.removeItem(TOKEN_STORED_AS);
      this.access.value = isRefused ? 'refused' : 'unreachable';
    }
  }

  #listen(): void {
    this.#listening?.abort();
    this.#listening = new AbortController();
    void this.#client.listen({
      signal: this.#listening.signal,
      onEvent: (event) => {
        this.#countChange();
        this.sale.onEvent(event);
      },
      onState: (state) => {
        if (state === 'open') this.#countChange();
        if (state === 'refused') this.signOut();
      },
    });
  }

  #countChange(): void {
    this.changes.value += 1;
  }

  /** What was sold since midnight; `after`: `next` of the page before, null for the first. */
  async readDay(after: string | null): Promise<PaymentList> {
    const midnight = new Date(this.clock.now().wallMs);
    const fromMs = midnight.setHours(0, 0, 0, 0);
    return await this.#client.readPayments({ fromMs, toMs: fromMs + DAY_MS, after });
  }

  async refund(
    payment: Payment,
    request: { idempotencyKey: string; amountCents: number },
  ): Promise<void> {
    await this.#client.refund(payment, request);
    this.#countChange();
  }
}
