/** What settlement tells a wallet without being asked: it listens while there is a session and a network. */
import { signal } from '@preact/signals';
import { type RiderEvent, riderEventSchema } from '@stile/protocol/http/rider-api.ts';
import { timeStepAt } from '@stile/protocol/payment-code.ts';
import type { Api } from '../../parts/api.ts';
import type { Clock } from '../../parts/clock.ts';
import type { RiderSession } from './session.ts';

export type RiderEventsParts = {
  api: Pick<Api, 'listen'>;
  clock: Clock;
  session: RiderSession;
  /** Called whenever the account may have changed. */
  onChange: () => void;
};

export class RiderEvents {
  /** The latest news, for the page to say aloud. */
  readonly news = signal<RiderEvent | null>(null);
  /** The time step whose payment code was presented, as settlement said: it is good for nothing more. */
  readonly spentTimeStep = signal<number | null>(null);
  readonly #parts: RiderEventsParts;
  #listening: AbortController | null = null;

  constructor(parts: RiderEventsParts) {
    this.#parts = parts;
  }

  listen(): void {
    if (this.#listening !== null) return;
    const controller = new AbortController();
    this.#listening = controller;
    const { api, session } = this.#parts;
    const ended = session.run(async (token) => {
      await api.listen({
        path: '/v1/riders/me/events',
        token,
        schema: riderEventSchema,
        signal: controller.signal,
        onState: (state) => this.#onState(state),
        onEvent: (event) => this.#onEvent(event),
      });
    });
    ended.catch(() => this.stop());
  }

  stop(): void {
    this.#listening?.abort();
    this.#listening = null;
  }

  #onState(state: 'open' | 'broken' | 'refused'): void {
    const { session, onChange } = this.#parts;
    if (state === 'refused') {
      // The session has ended; the next refresh opens another and listens with that.
      this.stop();
      session.drop();
    }
    onChange();
  }

  #onEvent(event: RiderEvent): void {
    if (event.kind !== 'ACCOUNT') this.news.value = event;
    if (event.kind === 'PAYMENT' && event.payment.way === 'PAYMENT_CODE') {
      this.spentTimeStep.value = timeStepAt(this.#parts.clock.now().wallMs / 1000);
    }
    this.#parts.onChange();
  }
}
