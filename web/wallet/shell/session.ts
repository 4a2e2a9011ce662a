/** The one session with settlement: opened with the phone's key when it is needed, and again when it ends. */
import type { ReadonlySignal } from '@preact/signals';
import { assert } from '@stile/protocol/fault.ts';
import { ApiRefusal } from '../../parts/api.ts';
import type { SettlementClient } from './settlement-client.ts';
import type { Enrolment } from './vault.ts';

export type SessionParts = {
  enrolment: ReadonlySignal<Enrolment | null>;
  settlement: Pick<SettlementClient, 'openSession'>;
};

export class RiderSession {
  readonly #parts: SessionParts;
  #current: { account: string; token: string } | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Uses the session that came with the enrolment. */
  use({ token }: { token: string }): void {
    const { value } = this.#parts.enrolment;
    if (value !== null) this.#current = { account: value.account, token };
  }

  drop(): void {
    this.#current = null;
  }

  /**
   * Runs something that needs a session. When one ends is settlement's to say, because the phone's clock may
   * be wrong. @throws ApiRefusal or Unreachable.
   */
  async run<T>(work: (token: string) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#token());
    } catch (error) {
      if (!(error instanceof ApiRefusal) || error.status !== 401) throw error;
      this.drop();
      return await work(await this.#token());
    }
  }

  async #token(): Promise<string> {
    const { enrolment, settlement } = this.#parts;
    const { value } = enrolment;
    assert(value !== null, 'only an enrolled phone has sessions');
    const { account } = value;
    if (this.#current?.account === account) return this.#current.token;
    const { token } = await settlement.openSession(value);
    this.#current = { account, token };
    return token;
  }
}
