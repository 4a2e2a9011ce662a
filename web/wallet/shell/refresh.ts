/**
 * The background refresh: what a wallet does by itself while it has a network. It reads the account, renews
 * its pass, fetches a seed, listens to what happens. Everything here may fail at any time; the codes never
 * wait for it.
 */
import { signal } from '@preact/signals';
import { ApiRefusal, Unreachable } from '../../parts/api.ts';
import { alarmIn, type Clock } from '../../parts/clock.ts';
import type { PageState } from '../../parts/page-state.ts';
import type { RunAlone } from '../../parts/tabs.ts';
import { clockOffset, refreshWaitMs } from '../core/state.ts';
import type { Phone } from './phone.ts';
import type { Renewal } from './renewal.ts';
import type { RiderEvents } from './rider-events.ts';
import type { RiderSession } from './session.ts';
import type { SettlementClient } from './settlement-client.ts';
import type { TopUps } from './top-ups.ts';
import { type AccountView, VaultLost } from './vault.ts';

export type RefreshParts = {
  clock: Clock;
  page: PageState;
  runAlone: RunAlone;
  phone: Phone;
  session: RiderSession;
  settlement: SettlementClient;
  events: RiderEvents;
  renewal: Renewal;
  topUps: TopUps;
};

export class Refresh {
  readonly isOnline;
  /** What settlement refused last in the background, in its own words; null after a success. */
  readonly refusal = signal<{ code: string; message: string } | null>(null);
  readonly #parts: RefreshParts;
  #isRunning = false;
  #isWanted = false;
  #reads = 0;
  #cancel: () => void = () => undefined;

  constructor(parts: RefreshParts) {
    this.#parts = parts;
    this.isOnline = signal(parts.page.isOnline());
  }

  /** From now on by itself, and whenever the network or the reader comes back. */
  start(): void {
    const { page, phone, events } = this.#parts;
    page.onChange('online', () => this.run());
    page.onChange('offline', () => {
      this.isOnline.value = false;
      this.#plan();
    });
    page.onChange('visibility', () => {
      if (page.isVisible()) this.run();
    });
    let account: string | undefined;
    phone.enrolment.subscribe((enrolment) => {
      if (enrolment?.account === account) return;
      // Enrolled or removed, in this tab or another one.
      account = enrolment?.account;
      events.stop();
      this.run();
    });
  }

  /** At once, or once more behind the run that is under way. */
  run(): void {
    if (this.#parts.phone.enrolment.value === null) return;
    this.#isWanted = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#work().finally(() => {
      this.#isRunning = false;
      this.#plan();
    });
  }

  #plan(): void {
    const { clock, page } = this.#parts;
    const fire = () => {
      if (page.isVisible()) this.run();
      else this.#plan();
    };
    this.#cancel();
    this.#cancel = alarmIn(clock, { ms: refreshWaitMs(this.isOnline.value), fire });
  }

  async #work(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      // One tab at a time, or two would fetch two seeds.
      await this.#parts.runAlone(() => this.#runOnce());
    }
  }

  async #runOnce(): Promise<void> {
    const { phone, events, renewal, topUps } = this.#parts;
    if (phone.enrolment.value === null) return;
    try {
      // Whether it came in is in what is read next.
      if (topUps.open !== null) await topUps.askAgain();
      await this.readAccount();
      events.listen();
      await renewal.run();
      this.refusal.value = null;
    } catch (error) {
      if (error instanceof ApiRefusal) {
        this.isOnline.value = true;
        this.refusal.value = { code: error.code, message: error.message };
        if (error.code === 'PASS_ENDED') await this.#end();
      } else if (error instanceof Unreachable) {
        this.isOnline.value = false;
      } else if (error instanceof VaultLost) {
        await phone.open();
      } else {
        throw error;
      }
    }
  }

  /** Stored: also a page that is opened without a network shows no codes of it any more. */
  async #end(): Promise<void> {
    const { phone } = this.#parts;
    const { value } = phone.enrolment;
    if (value === null) return;
    const { account, serial } = value;
    const end = (stored: { serial: number }) =>
      // Another tab may have brought the account back meanwhile.
      stored.serial === serial ? { isEnded: true, seed: null } : {};
    await phone.change(account, end).catch(() => phone.open());
  }

  /** Read once: neither changes while an account lives. */
  #operator(): { operator: string; currency: string } | undefined {
    const { operator, currency } = this.#parts.phone.view.value ?? {};
    return operator === undefined || currency === undefined ? undefined : { operator, currency };
  }

  /** Reads what settlement says now; pages show it as it comes. @throws ApiRefusal or Unreachable. */
  async readAccount(): Promise<void> {
    const { clock, phone, session, settlement } = this.#parts;
    this.#reads += 1;
    const read = this.#reads;
    const sentAtMs = clock.now().wallMs;
    const { nowS, topUps } = await settlement.readHealth();
    const clockOffsetS = clockOffset(nowS, { sentAtMs, receivedAtMs: clock.now().wallMs });
    const view = await session.run(async (token): Promise<AccountView> => {
      const [rider, statement, named] = await Promise.all([
        settlement.readRider(token),
        settlement.readStatement(token, { after: null }),
        this.#operator() ?? settlement.readOperator(),
      ]);
      const { operator, currency } = named;
      const atMs = clock.now().wallMs;
      return { rider, statement, operator, currency, topUps, atMs, clockOffsetS };
    });
    this.isOnline.value = true;
    // Responses may overtake each other; only the last read counts. The phone may be another's by now.
    const isLatest = read === this.#reads;
    if (isLatest && phone.enrolment.value?.account === view.rider.account) {
      await phone.storeView(view);
    }
  }
}
