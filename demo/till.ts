/** A merchant's till as a script: it asks settlement for payments as the page at /till does. */
import { type Payment, paymentSchema } from '@stile/protocol/payment.ts';

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
    return await this.#ask('v1/payments', { idempotencyKey, code, amountCents });
  }

  async refund(payment: string, idempotencyKey: string, amountCents: number): Promise<Payment> {
    return await this.#ask(`v1/payments/${payment}/refunds`, { idempotencyKey, amountCents });
  }

  async #ask(path: string, body: unknown): Promise<Payment> {
    const response = await fetch(new URL(path, this.#url), {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the till: ${path}: ${response.status} ${text}`);
    return paymentSchema.parse(JSON.parse(text));
  }
}
