/**
 * Money that is paid in. Its key is on the disk before the request leaves, so that a response that is lost, a reload
 * or another tab asks about the same money again and never pays it in twice. One at a time: while there is no word
 * of one, another is not begun, and the refresh asks about it by itself.
 */
import { signal } from '@preact/signals';
import { assert } from '@stile/protocol/fault.ts';
import { ApiRefusal, Unreachable } from '../../parts/api.ts';
import { drawId, type Random } from '../../parts/random.ts';
import type { Phone } from './phone.ts';
import type { RiderSession } from './session.ts';
import type { SettlementClient } from './settlement-client.ts';
import type { OpenTopUp } from './vault.ts';

/** `error`: why there is no word of it. */
export type TopUpResult =
  | { kind: 'paid'; amountCents: number }
  | { kind: 'refused'; amountCents: number; error: ApiRefusal }
  | { kind: 'unknown'; amountCents: number; error: unknown };

export type TopUpsParts = {
  random: Random;
  phone: Phone;
  session: RiderSession;
  settlement: Pick<SettlementClient, 'topUp'>;
};

export class TopUps {
  /** How the last one ended that was sent from here; null: none, or its reader has left. */
  readonly last = signal<TopUpResult | null>(null);
  readonly #parts: TopUpsParts;

  constructor(parts: TopUpsParts) {
    this.#parts = parts;
  }

  /** Asked about again before anything else is paid in. */
  get open(): OpenTopUp | null {
    return this.#parts.phone.enrolment.value?.topUp ?? null;
  }

  /** If one is open, perhaps begun by another tab, that one is asked about and this amount is not begun. */
  async pay(amountCents: number): Promise<TopUpResult> {
    const { phone, random } = this.#parts;
    const account = phone.enrolment.value?.account;
    assert(account !== undefined, 'only an enrolled phone pays in');
    const begun: OpenTopUp = { idempotencyKey: drawId(random), amountCents };
    try {
      await phone.change(account, ({ topUp }) => ({ topUp: topUp ?? begun }));
    } catch (error) {
      // Nothing was sent: what cannot be stored is not begun.
      await phone.open();
      return { kind: 'unknown', amountCents, error };
    }
    return await this.#send(account, this.open ?? begun);
  }

  /** Nothing happens if none is open. */
  async askAgain(): Promise<void> {
    const account = this.#parts.phone.enrolment.value?.account;
    const { open } = this;
    if (account !== undefined && open !== null) await this.#send(account, open);
  }

  async #send(account: string, topUp: OpenTopUp): Promise<TopUpResult> {
    const { phone } = this.#parts;
    const { amountCents, idempotencyKey } = topUp;
    let result: TopUpResult;
    try {
      const error = await this.#ask(account, topUp);
      result = error === null ? { kind: 'paid', amountCents } : { ...error, amountCents };
      await phone.change(account, ({ topUp: stored }) =>
        stored?.idempotencyKey === idempotencyKey ? { topUp: null } : {},
      );
    } catch (error) {
      result = { kind: 'unknown', amountCents, error };
    }
    this.last.value = result;
    return result;
  }

  /** Null: it is paid in. @throws whatever leaves it open; a session that is refused too. */
  async #ask(account: string, topUp: OpenTopUp) {
    const { phone, session, settlement } = this.#parts;
    return await session.run(async (token) => {
      // The session is that of the account which is here now.
      if (phone.enrolment.value?.account !== account) throw new Unreachable('the account is gone');
      try {
        await settlement.topUp(token, topUp);
        return null;
      } catch (error) {
        if (error instanceof ApiRefusal && isFinal(error))
          return { kind: 'refused', error } as const;
        throw error;
      }
    });
  }
}

/** Whether it is certain that this money never comes. */
function isFinal({ status }: ApiRefusal): boolean {
  return status < 500 && status !== 401 && status !== 429;
}
