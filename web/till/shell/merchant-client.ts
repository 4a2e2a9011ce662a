/** The requests that a till makes to settlement, each with the shop's token. */
import {
  type Merchant,
  type MerchantEvent,
  merchantEventSchema,
  merchantSchema,
  type Order,
  type OrderRequest,
  orderSchema,
  type Payment,
  type PaymentList,
  type PayRequest,
  paymentListSchema,
  paymentSchema,
  type RefundRequest,
} from '@stile/protocol/http/merchant-api.ts';
import { type Api, ApiRefusal } from '../../parts/api.ts';

/** Longest wait for one response about a payment. */
const PAYMENT_TIMEOUT_MS = 5_000;
const PAGE_ITEMS = 50;

export type DayQuery = { fromMs: number; toMs: number; after: string | null };
export type Listening = {
  signal: AbortSignal;
  onEvent: (event: MerchantEvent) => void;
  onState: (state: 'open' | 'broken' | 'refused') => void;
};

export class MerchantClient {
  readonly #api: Api;
  readonly #token: () => string;

  constructor(api: Api, token: () => string) {
    this.#api = api;
    this.#token = token;
  }

  /** Whose token it is; by default the till's own. */
  async readMerchant(token = this.#token()): Promise<Merchant> {
    return await this.#api.request('/v1/merchants/me', { schema: merchantSchema, token });
  }

  async pay(body: PayRequest): Promise<Payment> {
    const wait = { token: this.#token(), timeoutMs: PAYMENT_TIMEOUT_MS };
    return await this.#api.request('/v1/payments', { schema: paymentSchema, body, ...wait });
  }

  async reverse(idempotencyKey: string): Promise<Payment> {
    const path = `/v1/payments/${idempotencyKey}/reversal`;
    const wait = { token: this.#token(), timeoutMs: PAYMENT_TIMEOUT_MS };
    return await this.#api.request(path, { schema: paymentSchema, method: 'POST', ...wait });
  }

  async readPayment(idempotencyKey: string): Promise<Payment> {
    const path = `/v1/payments/${idempotencyKey}`;
    return await this.#api.request(path, { schema: paymentSchema, token: this.#token() });
  }

  async readPayments({ fromMs, toMs, after }: DayQuery): Promise<PaymentList> {
    const query = new URLSearchParams({
      fromMs: String(fromMs),
      toMs: String(toMs),
      limit: String(PAGE_ITEMS),
      ...(after === null ? {} : { after }),
    });
    const path = `/v1/payments?${query}`;
    return await this.#api.request(path, { schema: paymentListSchema, token: this.#token() });
  }

  async refund(paymentKey: string, body: RefundRequest): Promise<void> {
    const path = `/v1/payments/${paymentKey}/refunds`;
    await this.#api.request(path, { schema: paymentSchema, token: this.#token(), body });
  }

  async makeOrder(body: OrderRequest): Promise<Order> {
    const token = this.#token();
    return await this.#api.request('/v1/orders', { schema: orderSchema, token, body });
  }

  async readOrder({ order }: Order): Promise<Order> {
    const token = this.#token();
    return await this.#api.request(`/v1/orders/${order}`, { schema: orderSchema, token });
  }

  async cancelOrder({ order }: Order): Promise<Order> {
    const token = this.#token();
    const path = `/v1/orders/${order}`;
    return await this.#api.request(path, { schema: orderSchema, token, method: 'DELETE' });
  }

  /** Listens until the signal aborts or the token is refused. Never throws. */
  async listen({ signal, onEvent, onState }: Listening): Promise<void> {
    await this.#api.listen({
      path: '/v1/merchants/me/events',
      token: this.#token(),
      schema: merchantEventSchema,
      signal,
      onEvent,
      onState,
    });
  }
}

/** Why a request did not do what it should: settlement's own refusal, or that nothing is known. */
export type Failure = { code: string; message: string };

/** This browser cannot store what is asked for: so it is not asked for. */
export const NOT_STORED: Failure = { code: 'NOT_STORED', message: '' };

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiRefusal) return { code: error.code, message: error.message };
  return { code: 'UNREACHABLE', message: '' };
}

/**
 * Whether settlement has said no for good. A busy one may still have the request before it. One that does not know
 * the token, or what it may, says nothing of the same request sent earlier: another token of the shop finds out.
 */
export function isFinal(error: unknown, { isRepeat }: { isRepeat: boolean }): error is ApiRefusal {
  if (!(error instanceof ApiRefusal)) return false;
  const { status, code } = error;
  if (status === 403) return !isRepeat;
  return (status < 500 && status !== 429 && status !== 401) || code === 'PAYMENT_CODES_OFF';
}
