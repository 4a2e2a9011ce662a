/** A merchant's till as a script: it takes payments at settlement as the page at /till does. */
import { callJson } from '@stile/host/http-client.ts';
import { type Payment, paymentSchema } from '@stile/protocol/http/merchant-api.ts';
import type { MerchantToken } from '@stile/protocol/http/operator-api.ts';

const TIMEOUT_MS = 10_000;

type SaleRequest = { idempotencyKey: string; code: string; amountCents: number };

export class ScriptedTill {
  readonly #url: string;
  readonly #token: string;
  readonly #managerToken: string;

  constructor(settlementUrl: string, { token, managerToken }: MerchantToken) {
    this.#url = settlementUrl;
    this.#token = token;
    this.#managerToken = managerToken;
  }

  /** The same key pays once, however often it is sent. */
  async pay(request: SaleRequest): Promise<Payment> {
    return await this.#call('v1/payments', { body: request, token: this.#token });
  }

  /** The manager's word, with the manager's token. */
  async refund(payment: string, request: Omit<SaleRequest, 'code'>): Promise<Payment> {
    const path = `v1/payments/${payment}/refunds`;
    return await this.#call(path, { body: request, token: this.#managerToken });
  }

  async #call(path: string, request: { body: unknown; token: string }): Promise<Payment> {
    const options = { ...request, timeoutMs: TIMEOUT_MS };
    return paymentSchema.parse(await callJson(this.#url, path, options));
  }
}
