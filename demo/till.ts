/** A merchant's till as a script: it asks settlement for payments as the page at /till does. */
import { callJson } from '@stile/host/http-client.ts';
import { type Payment, paymentSchema } from '@stile/protocol/merchant-api.ts';

const TIMEOUT_MS = 10_000;

export class ScriptedTill {
  readonly #url: string;
  readonly #token: string;

  constructor(settlementUrl: string, token: string) {
    this.#url = settlementUrl;
    this.#token = token;
  }

  /** The same key pays once, however often it is asked for. */
  async pay(idempotencyKey: string, code: string, amountCents: number): Promise<Payment> {
    return await this.#call('v1/payments', { idempotencyKey, code, amountCents });
  }

  async refund(payment: string, idempotencyKey: string, amountCents: number): Promise<Payment> {
    return await this.#call(`v1/payments/${payment}/refunds`, { idempotencyKey, amountCents });
  }

  async #call(path: string, body: unknown): Promise<Payment> {
    const options = { token: this.#token, body, timeoutMs: TIMEOUT_MS };
    return paymentSchema.parse(await callJson(this.#url, path, options));
  }
}
