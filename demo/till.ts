/** A merchant's till as a script: it takes payments at settlement as the page at /till does. */
import { callJson } from '@stile/host/http-client.ts';
import { type Payment, paymentSchema } from '@stile/protocol/http/merchant-api.ts';

const TIMEOUT_MS = 10_000;

type SaleRequest = { idempotencyKey: string; code: string; amountCents: number };

export class ScriptedTill {
  readonly #url: string;
  readonly #token: string;

  constructor(settlementUrl: string, { token }: { token: string }) {
    this.#url = settlementUrl;
    this.#token = token;
  }

  /** The same key pays once, however often it is sent. */
  async pay(request: SaleRequest): Promise<Payment> {
    return await this.#call('v1/payments', request);
  }

  async refund(payment: string, request: Omit<SaleRequest, 'code'>): Promise<Payment> {
    return await this.#call(`v1/payments/${payment}/refunds`, request);
  }

  async #call(path: string, body: unknown): Promise<Payment> {
    const options = { token: this.#token, body, timeoutMs: TIMEOUT_MS };
    return paymentSchema.parse(await callJson(this.#url, path, options));
  }
}
