/** The till without its pages: which shop it is signed in for, what settlement tells it, the day's list. */
import { batch, signal } from '@preact/signals';
import { type LocalCalendar, localCalendar } from '@stile/protocol/calendar/local-day.ts';
import type { Merchant, Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { ApiRefusal, createApi } from '../../parts/api.ts';
import type { Clock } from '../../parts/clock.ts';
import type { LanguageChoice } from '../../parts/language.ts';
import type { Fetch } from '../../parts/net.ts';
import type { Random } from '../../parts/random.ts';
import type { Sound } from '../../parts/sound.ts';
import type { TextStorage } from '../../parts/storage.ts';
import type { Tabs } from '../../parts/tabs.ts';
import { AmountEntry } from './amount-entry.ts';
import { MerchantClient } from './merchant-client.ts';
import { OutcomeSound } from './outcome-sound.ts';
import { Refunds } from './refunds.ts';
import { Sale } from './sale.ts';
import type { TillVault } from './vault.ts';

/** The part of the address behind its #, and how to take it away. */
export type Address = { hash(): string; clearHash(): void };

export type TillParts = {
  clock: Clock;
  random: Random;
  fetch: Fetch;
  vault: TillVault;
  tabs: Tabs;
  address: Address;
  language: LanguageChoice;
  sound: Sound;
  /** For what may be forgotten. */
  storage: TextStorage;
};

export type Access = 'out' | 'checking' | 'offered' | 'in' | 'refused' | 'unreachable';

/** A link that would sign the till in for somebody else than the token that is stored. */
export type Offer = { token: string; merchant: Merchant };
export type TillPage = 'sell' | 'list';

export class Till {
  readonly access = signal<Access>('checking');
  readonly merchant = signal<Merchant | null>(null);
  readonly offer = signal<Offer | null>(null);
  /** A link's token was refused, or could not be asked about: the till is as it was. */
  readonly linkFailed = signal(false);
  /** Somebody wants to sign out although something of this shop is not known yet. */
  readonly isLeaving = signal(false);
  readonly page = signal<TillPage>('sell');
  /** Counts what has changed the day's list. */
  readonly changes = signal(0);
  readonly clock: Clock;
  readonly random: Random;
  readonly language: LanguageChoice;
  readonly sale: Sale;
  readonly entry: AmountEntry;
  readonly refunds: Refunds;
  readonly sound: OutcomeSound;
  readonly #parts: TillParts;
  readonly #client: MerchantClient;
  /** Sent with each request: of the shop that is shown, whatever another window stores meanwhile. */
  #inUse = '';
  /** As far as this window knows. */
  #stored = '';
  #listening: AbortController | null = null;

  constructor(parts: TillParts) {
    const { clock, random, language, vault, tabs } = parts;
    this.#parts = parts;
    this.clock = clock;
    this.random = random;
    this.language = language;
    this.#client = new MerchantClient(createApi(parts), () => this.#inUse);
    const onChange = () => this.#countChange();
    const shared = { client: this.#client, clock, random, vault, tabs, onChange };
    this.sale = new Sale(shared);
    this.refunds = new Refunds(shared);
    const { sound, storage } = parts;
    this.sound = new OutcomeSound({ sound, storage, sale: this.sale });
    this.entry = new AmountEntry({ sale: this.sale, clock, place: () => this.#place() });
  }

  /** Settlement refuses it to the token of a till, whatever a page shows. */
  get mayRefund(): boolean {
    return this.merchant.value?.role === 'MANAGER';
  }

  get hasToken(): boolean {
    return this.#stored !== '';
  }

  async #readToken(): Promise<string> {
    this.#stored = (await this.#parts.vault.readToken()) ?? '';
    return this.#stored;
  }

  async #writeToken(token: string | null): Promise<void> {
    await this.#parts.vault.writeToken(token);
    this.#stored = token ?? '';
  }

  async start(): Promise<void> {
    const { address, tabs } = this.#parts;
    tabs.onChange(() => void this.onStored());
    const token = /^#token=([\w.~-]{16,200})$/.exec(address.hash())?.[1];
    // It must not stay in the address, where others see it and the browser remembers it.
    if (token !== undefined) address.clearHash();
    await this.#leave();
    const stored = await this.#readToken();
    if (token !== undefined && token !== stored) {
      if (stored === '') return await this.signIn(token);
      if (await this.#offer(token)) return;
    }
    if (stored === '') this.access.value = 'out';
    else await this.#enter();
  }

  /** Once more with the token that is stored. */
  async enterAgain(): Promise<void> {
    if (this.access.value !== 'unreachable' || !this.hasToken) return;
    this.access.value = 'checking';
    await this.#enter();
  }

  /** Any page can lead here with a token of its own: nothing is replaced without the person's word. */
  async #offer(token: string): Promise<boolean> {
    try {
      const merchant = await this.#client.readMerchant(token);
      batch(() => {
        this.offer.value = { token, merchant };
        this.access.value = 'offered';
      });
      return true;
    } catch {
      this.linkFailed.value = true;
      return false;
    }
  }

  /** What the person says to an offer: the link's shop from now on, or all as it was. */
  async answerOffer(isTaken: boolean): Promise<void> {
    const offer = this.offer.value;
    if (offer === null) return;
    batch(() => {
      this.offer.value = null;
      this.access.value = 'checking';
    });
    if (isTaken) await this.#writeToken(offer.token);
    await this.#enter();
  }

  /** A token that is stored is replaced by one that settlement knows, and by nothing else. */
  async signIn(text: string): Promise<void> {
    const token = text.trim();
    this.access.value = 'checking';
    try {
      await this.#client.readMerchant(token);
    } catch (error) {
      this.access.value = isEnded(error) ? 'refused' : 'unreachable';
      return;
    }
    await this.#writeToken(token);
    await this.#enter();
  }

  /** What is not known yet is never dropped, but only this shop's token can ask for it: that is said first. */
  async askToSignOut(): Promise<void> {
    const { sale, refunds } = this;
    if (sale.own.value.length + refunds.own.value.length === 0) await this.signOut();
    else this.isLeaving.value = true;
  }

  stay(): void {
    this.isLeaving.value = false;
  }

  async signOut(): Promise<void> {
    this.#listening?.abort();
    this.#listening = null;
    this.#inUse = '';
    this.entry.clear();
    batch(() => {
      this.isLeaving.value = false;
      this.merchant.value = null;
      this.access.value = 'out';
    });
    await this.#writeToken(null);
    await this.#leave();
  }

  async #leave(): Promise<void> {
    this.sale.leave();
    await this.refunds.enter(null);
    await this.sale.onStored();
  }

  async #enter(): Promise<void> {
    await this.#leave();
    this.#inUse = await this.#readToken();
    try {
      const merchant = await this.#client.readMerchant();
      this.merchant.value = merchant;
      this.access.value = 'in';
      this.#listen();
      await this.refunds.enter(merchant);
      await this.sale.enter(merchant);
    } catch (error) {
      // Also a token that has ended stays until another takes its place: it was shown only once.
      this.access.value = isEnded(error) ? 'refused' : 'unreachable';
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
        if (state === 'refused') this.access.value = 'refused';
      },
    });
  }

  /** Another window of this browser has stored something. */
  async onStored(): Promise<void> {
    await this.refunds.onStored();
    await this.sale.onStored();
  }

  #countChange(): void {
    this.changes.value += 1;
  }

  #place(): 'sell' | 'beside' | 'out' {
    if (this.access.value !== 'in' || this.isLeaving.value) return 'out';
    return this.page.value === 'sell' ? 'sell' : 'beside';
  }

  goTo(page: TillPage): void {
    batch(() => {
      this.entry.hint.value = null;
      this.page.value = page;
    });
  }

  async nextCustomer(): Promise<void> {
    this.entry.clear();
    await this.sale.nextCustomer();
  }

  get #calendar(): LocalCalendar {
    return localCalendar(this.merchant.value?.timeZone ?? 'UTC');
  }

  /** The date where settlement is. */
  today(): string {
    return this.#calendar.dayAt(this.clock.now().wallMs).date;
  }

  dayAfter(date: string, days: number): string {
    return this.#calendar.dayAfter(date, days).date;
  }

  /** What was sold on a day; `after`: `next` of the page before, null for the first. */
  async readDay(after: string | null, date = this.today()): Promise<PaymentList> {
    const { fromMs, toMs } = this.#calendar.dayAfter(date, 0);
    return await this.#client.readPayments({ fromMs, toMs, after });
  }

  /** All that was sold on a day, the latest first. */
  async readWholeDay(date: string): Promise<Payment[]> {
    let page = await this.readDay(null, date);
    const items = [...page.items];
    while (page.next !== null) {
      page = await this.readDay(page.next, date);
      items.push(...page.items);
    }
    return items;
  }
}

function isEnded(error: unknown): boolean {
  return error instanceof ApiRefusal && error.status === 401;
}
