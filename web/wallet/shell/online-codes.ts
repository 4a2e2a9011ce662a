/**
 * The online code that settlement made last. It lives here and not on its page, so that who looks at their money, or
 * at another tab, finds it again for as long as it is good. It is stored nowhere.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { OnlineCode } from '@stile/protocol/http/rider-api.ts';
import type { Clock } from '../../parts/clock.ts';
import { serverNowMs } from '../core/state.ts';
import type { Phone } from './phone.ts';
import type { RiderEvents } from './rider-events.ts';
import type { RiderSession } from './session.ts';
import type { SettlementClient } from './settlement-client.ts';

/** `boundCents`: the most that it pays, if the rider has said so. */
export type MadeCode = OnlineCode & { boundCents: number | null; account: string; isUsed: boolean };

export type OnlineCodesParts = {
  clock: Clock;
  phone: Phone;
  session: RiderSession;
  settlement: Pick<SettlementClient, 'fetchOnlineCode'>;
  events: Pick<RiderEvents, 'news'>;
};

export class OnlineCodes {
  readonly #current = signal<MadeCode | null>(null);
  readonly #parts: OnlineCodesParts;

  constructor(parts: OnlineCodesParts) {
    this.#parts = parts;
    parts.phone.enrolment.subscribe((enrolment) => {
      const code = this.#current.peek();
      if (code !== null && code.account !== enrolment?.account) this.#current.value = null;
    });
    // What comes while a code is there is about this code: settlement keeps one at a time.
    parts.events.news.subscribe((event) => {
      const code = this.#current.peek();
      if (code === null || event?.kind !== 'PAYMENT') return;
      if (event.payment.way === 'ONLINE_CODE') this.#current.value = { ...code, isUsed: true };
    });
  }

  /** Null: none was made, or its account has left. */
  get current(): ReadonlySignal<MadeCode | null> {
    return this.#current;
  }

  /** Whether the one that is there still pays. */
  isGood(): boolean {
    const { clock, phone } = this.#parts;
    const code = this.#current.value;
    if (code === null || code.isUsed) return false;
    return serverNowMs(clock.now().wallMs, phone.view.value) < code.expiresAtS * 1000;
  }

  /** In the place of the one before. @throws ApiRefusal or Unreachable. */
  async make(boundCents: number | null): Promise<void> {
    const { phone, session, settlement } = this.#parts;
    const holder = phone.enrolment.value;
    if (holder === null) return;
    const { account } = holder;
    const made = await session.run((token) =>
      settlement.fetchOnlineCode(token, { holder, amountCents: boundCents }),
    );
    if (phone.enrolment.value?.account !== account) return;
    this.#current.value = { ...made, boundCents, account, isUsed: false };
  }
}
