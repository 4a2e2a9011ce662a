/**
 * The sale at the till: the payment under way, and what settlement says about it. A payment is stored in
 * this browser before it is sent, so that a reload or a lost response leaves a request that can be sent
 * again, and never a second charge. It belongs to the shop that began it: under another shop's token it waits.
 */
import { batch, signal } from '@preact/signals';
import type { Merchant, MerchantEvent, Order, Payment } from '@stile/protocol/http/merchant-api.ts';
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
  merchant: z.string(),
  merchantName: z.string(),
  idempotencyKey: z.string(),
  code: z.string(),
  amountCents: z.int(),
});
export type Pending = z.infer<typeof pendingSchema>;
/** Of each shop that this browser has sold for, the last that is not known yet. */
const storedSchema = z.array(pendingSchema);

export type Shop = Pick<Merchant, 'merchant' | 'name'>;

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
  /** Begun for other shops, and not known yet: only their own token finds out. */
  readonly ofOthers = signal<readonly Pending[]>([]);
  readonly #parts: SaleParts;
  #shop: Shop | null = null;

  constructor(parts: SaleParts) {
    this.#parts = parts;
  }

  async take(code: string, amountCents: number): Promise<void> {
    if (this.#shop === null) return;
    const { merchant, name: merchantName } = this.#shop;
    const idempotencyKey = `till-${drawId(this.#parts.random)}`;
    const pending = { merchant, merchantName, idempotencyKey, code, amountCents };
    this.#store([...this.#stored().filter((other) => other.merchant !== merchant), pending]);
    await this.resolve(pending);
  }

  /** Whose token is sent from now on. Goes on with what a reload has interrupted of this shop, and shows others'. */
  async enter(shop: Shop): Promise<void> {
    const { merchant } = shop;
    const stored = this.#stored();
    const own = stored.find((pending) => pending.merchant === merchant);
    batch(() => {
      this.#shop = shop;
      this.state.value = { kind: 'none' };
      this.ofOthers.value = stored.filter((pending) => pending.merchant !== merchant);
    });
    if (own !== undefined) await this.resolve(own);
  }

  /** Nobody's token is there: nothing is sent, and what is stored stays. */
  leave(): void {
    batch(() => {
      this.#shop = null;
      this.state.value = { kind: 'none' };
      this.ofOthers.value = [];
    });
  }

  #stored(): Pending[] {
    const text = this.#parts.storage.getItem(STORED_AS);
    return (text === null ? undefined : storedSchema.safeParse(JSON.parse(text)).data) ?? [];
  }

  #store(all: readonly Pending[]): void {
    const { storage } = this.#parts;
    if (all.length === 0) storage.removeItem(STORED_AS);
    else storage.setItem(STORED_AS, JSON.stringify(all));
  }

  #isOwn({ merchant }: Pending): boolean {
    return this.#shop?.merchant === merchant;
  }

  /** Sends a payment, with the same key however often, until something is known or a person decides. */
  async resolve(pending: Pending): Promise<void> {
    const { client, clock } = this.#parts;
    const { idempotencyKey, code, amountCents } = pending;
    if (!this.#isOwn(pending)) return;
    this.state.value = { kind: 'waiting', amountCents };
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      // The till may be another shop's by now, and so its token.
      if (!this.#isOwn(pending)) return;
      try {
        const payment = await client.pay({ idempotencyKey, code, amountCents });
        if (payment.outcome === 'UNKNOWN') continue;
        this.#end(pending, { kind: 'decided', payment });
        return;
      } catch (error) {
        if (error instanceof ApiRefusal && isFinal(error)) {
          const payment = refusedBy(error, { pending, atMs: clock.now().wallMs });
          this.#end(pending, { kind: 'decided', payment });
          return;
        }
      }
      await pause(clock, { ms: RETRY_MS * tries });
    }
    if (this.#isOwn(pending)) this.state.value = { kind: 'unknown', pending };
  }

  /** Makes certain that nothing is charged. */
  async reverse(pending: Pending): Promise<void> {
    if (!this.#isOwn(pending)) return;
    try {
      await this.#parts.client.reverse(pending.idempotencyKey);
      this.#end(pending, { kind: 'reversed', amountCents: pending.amountCents });
    } catch {
      if (!this.#isOwn(pending)) return;
      // Still not known: the person sees the same choice again.
      this.state.value = { kind: 'unknown', pending };
    }
  }

  #end({ merchant, idempotencyKey }: Pending, state: SaleState): void {
    this.#store(this.#stored().filter((other) => other.idempotencyKey !== idempotencyKey));
    batch(() => {
      const { value: others } = this.ofOthers;
      this.ofOthers.value = others.filter((other) => other.idempotencyKey !== idempotencyKey);
      if (this.#shop?.merchant !== merchant) return;
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
    const shop = this.#shop;
    const order = await client.makeOrder({ idempotencyKey, amountCents });
    if (this.#shop !== shop) return;
    this.state.value = { kind: 'order', order };
  }

  async cancelOrder(order: Order): Promise<void> {
    const { client } = this.#parts;
    const shop = this.#shop;
    const { state } = await client.cancelOrder(order);
    if (this.#shop !== shop) return;
    if (state !== 'PAID') return this.nextCustomer();
    const payment = await client.readPayment(order.idempotencyKey);
    if (this.#shop !== shop) return;
    this.state.value = { kind: 'decided', payment };
  }

  /** Whether a customer has confirmed, looked up in case the event was missed. */
  async lookAtOrder(order: Order): Promise<void> {
    const shop = this.#shop;
    const payment = await this.#parts.client.readPayment(order.idempotencyKey);
    if (payment.outcome === 'PAID' && this.#shop === shop)
      this.state.value = { kind: 'decided', payment };
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

/**
 * Whether settlement has said no for good; a busy one may still have the request before it, and so may one that does
 * not know the token any more: another token of the shop finds out.
 */
function isFinal({ status, code }: ApiRefusal): boolean {
  return (status < 500 && status !== 429 && status !== 401) || code === 'PAYMENT_CODES_OFF';
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
