/**
 * The sale at the till: the payment under way, and what settlement says about it. A payment is stored in
 * this browser before it is sent, so that a reload or a lost response leaves a request that can be sent
 * again, and never a second charge.
 */
import { batch, signal } from '@preact/signals';
import type { MerchantEvent, Order, Payment } from '@stile/protocol/http/merchant-api.ts';
import { z } from 'zod';
import { ApiRefusal } from '../../parts/api.ts';
import { type Clock, pause } from '../../parts/clock.ts';
import { drawId, type Random } from '../../parts/random.ts';
import type { TextStorage } from '../../parts/storage.ts';
import type { MerchantClient } from './merchant-client.ts';

const STORED_AS = 'stile-till-pending';
/** How often the till asks by itself before it leaves it to a person. */
const TRIES_MAX = 3;
const RETRY_MS = 700;

const pendingSchema = z.object({
  idempotencyKey: z.string(),
  code: z.string(),
  amountCents: z.int(),
});
export type Pending = z.infer<typeof pendingSchema>;

export type SaleState =
  | { kind: 'none' }
  | { kind: 'waiting'; amountCents: number }
  | { kind: 'decided'; payment: Payment }
  /** May be paid or not; the same key finds out. */
  | { kind: 'unknown'; pending: Pending }
  | { kind: 'reversed'; amountCents: number }
  | { kind: 'order'; order: Order };

export type SaleParts = {
  client: MerchantClient;
  clock: Clock;
  random: Random;
  storage: TextStorage;
  /** Called if the day's list has changed. */
  onChange: () => void;
};

export class Sale {
  readonly state = signal<SaleState>({ kind: 'none' });
  readonly #parts: SaleParts;

  constructor(parts: SaleParts) {
    this.#parts = parts;
  }

  async take(code: string, amountCents: number): Promise<void> {
    const { random, storage } = this.#parts;
    const pending = { idempotencyKey: `till-${drawId(random)}`, code, amountCents };
    storage.setItem(STORED_AS, JSON.stringify(pending));
    await this.resolve(pending);
  }

  /** Goes on with the payment that a reload has interrupted, if there is one. */
  async resume(): Promise<void> {
    const text = this.#parts.storage.getItem(STORED_AS);
    const pending = text === null ? undefined : pendingSchema.safeParse(JSON.parse(text)).data;
    if (pending !== undefined) await this.resolve(pending);
  }

  /** Sends a payment, with the same key however often, until something is known or a person decides. */
  async resolve(pending: Pending): Promise<void> {
    const { client, clock } = this.#parts;
    this.state.value = { kind: 'waiting', amountCents: pending.amountCents };
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      try {
        const payment = await client.pay(pending);
        if (payment.outcome === 'UNKNOWN') continue;
        this.#end({ kind: 'decided', payment });
        return;
      } catch (error) {
        if (error instanceof ApiRefusal && isFinal(error)) {
          const payment = refusedBy(error, { pending, atMs: clock.now().wallMs });
          this.#end({ kind: 'decided', payment });
          return;
        }
      }
      await pause(clock, { ms: RETRY_MS * tries });
    }
    this.state.value = { kind: 'unknown', pending };
  }

  /** Makes certain that nothing is charged. */
  async reverse(pending: Pending): Promise<void> {
    try {
      await this.#parts.client.reverse(pending.idempotencyKey);
      this.#end({ kind: 'reversed', amountCents: pending.amountCents });
    } catch {
      // Still not known: the person sees the same choice again.
      this.state.value = { kind: 'unknown', pending };
    }
  }

  #end(state: SaleState): void {
    this.#parts.storage.removeItem(STORED_AS);
    batch(() => {
      this.state.value = state;
      this.#parts.onChange();
    });
  }

  nextCustomer(): void {
    this.state.value = { kind: 'none' };
  }

  async makeOrder(amountCents: number): Promise<void> {
    const { client, random } = this.#parts;
    const idempotencyKey = `till-${drawId(random)}`;
    const order = await client.makeOrder({ idempotencyKey, amountCents });
    this.state.value = { kind: 'order', order };
  }

  async cancelOrder(order: Order): Promise<void> {
    const { client } = this.#parts;
    const { state } = await client.cancelOrder(order);
    if (state !== 'PAID') return this.nextCustomer();
    const payment = await client.readPayment(order.idempotencyKey);
    this.state.value = { kind: 'decided', payment };
  }

  /** Whether a customer has confirmed, looked up in case the event was missed. */
  async lookAtOrder(order: Order): Promise<void> {
    const payment = await this.#parts.client.readPayment(order.idempotencyKey);
    if (payment.outcome === 'PAID') this.state.value = { kind: 'decided', payment };
  }

  onEvent(event: MerchantEvent): void {
    const { value } = this.state;
    if (value.kind !== 'order') return;
    const { order } = value.order;
    if (event.kind === 'PAYMENT') {
      const { payment } = event;
      // A refused confirmation leaves the order open: its customer may top up and try again.
      const isPaid = payment.order === order && payment.outcome === 'PAID';
      if (isPaid) this.state.value = { kind: 'decided', payment };
    } else if (event.order.order === order && event.order.state !== 'PAID') {
      this.state.value = { kind: 'order', order: event.order };
    }
  }
}

/** Whether settlement has said no for good; a busy one may still have the request before it. */
function isFinal({ status, code }: ApiRefusal): boolean {
  return (status < 500 && status !== 429) || code === 'PAYMENT_CODES_OFF';
}

/** Settlement would not even look at it: nothing was charged, and its own words say why. */
function refusedBy(
  error: ApiRefusal,
  { pending, atMs }: { pending: Pending; atMs: number },
): Payment {
  return {
    idempotencyKey: pending.idempotencyKey,
    outcome: 'REFUSED',
    reason: null,
    way: null,
    amountCents: pending.amountCents,
    refundedCents: 0,
    note: error.message,
    receipt: null,
    order: null,
    atMs,
    refunds: [],
  };
}
