/**
 * The sale at the till: the payment under way, and what settlement says about it. A payment is stored in
 * this browser before it is sent, so that a reload or a lost response leaves a request that can be sent
 * again, and never a second charge. It belongs to the shop that began it: under another shop's token it waits.
 */
import { batch, computed, signal } from '@preact/signals';
import {
  type Merchant,
  type MerchantEvent,
  type Order,
  orderSchema,
  type Payment,
} from '@stile/protocol/http/merchant-api.ts';
import { z } from 'zod';
import type { ApiRefusal } from '../../parts/api.ts';
import { type Clock, pause } from '../../parts/clock.ts';
import { drawId, type Random } from '../../parts/random.ts';
import type { Tabs } from '../../parts/tabs.ts';
import { type Failure, failureOf, isFinal, type MerchantClient } from './merchant-client.ts';
import { Records, recordSchema } from './records.ts';
import type { TillVault } from './vault.ts';

/** How often the till asks by itself before it leaves it to a person. */
const TRIES_MAX = 3;
const RETRY_MS = 700;

const pendingSchema = recordSchema.extend({ code: z.string(), note: z.string().optional() });
export type Pending = z.infer<typeof pendingSchema>;
const openOrderSchema = recordSchema.extend({ order: orderSchema });
type OpenOrder = z.infer<typeof openOrderSchema>;

/** What is asked for, and what the shop writes beside it. */
export type Price = { amountCents: number; note?: string };

export type Shop = Pick<Merchant, 'merchant' | 'name' | 'currency'>;

export type SaleState =
  | { kind: 'none' }
  | { kind: 'waiting'; pending: Pending }
  /** `code`: what paid or did not; null of an order. */
  | { kind: 'decided'; payment: Payment; code: string | null }
  /** May be paid or not; the same key finds out. `failure`: why it could not be taken back. */
  | { kind: 'unknown'; pending: Pending; failure: Failure | null }
  | { kind: 'reversed'; amountCents: number }
  | { kind: 'order'; order: Order; failure: Failure | null };

export type SaleParts = {
  client: MerchantClient;
  clock: Clock;
  random: Random;
  vault: TillVault;
  tabs: Pick<Tabs, 'announce'>;
  /** Called if the day's list has changed. */
  onChange: () => void;
};

export class Sale {
  readonly state = signal<SaleState>({ kind: 'none' });
  readonly #parts: SaleParts;
  readonly #shop = signal<Shop | null>(null);
  readonly #pending: Records<Pending>;
  readonly #orders: Records<OpenOrder>;
  /** Keys that were there when this shop came: asked about one after another. */
  #left = new Set<string>();
  #isMakingOrder = false;
  /** Counts who comes and goes: what was begun for one before is not gone on with. */
  #turn = 0;
  /** What has paid last here: the same code scanned once more is no new customer. */
  lastPaid: { code: string; amountCents: number } | null = null;

  /** Begun for other shops, and not known yet: only their own token finds out. */
  readonly ofOthers = computed(() => this.#pending.all.value.filter((one) => !this.#isOwn(one)));
  /** Of this shop, and not known yet, the one that is being asked about among them. */
  readonly own = computed(() => this.#pending.all.value.filter((one) => this.#isOwn(one)));
  /** Of this shop, and not known yet, beside the one that is shown. */
  readonly unknown = computed(() => {
    const { value } = this.state;
    const isAsked = value.kind === 'waiting' || value.kind === 'unknown';
    const shown = isAsked ? value.pending.idempotencyKey : null;
    return this.own.value.filter(({ idempotencyKey }) => idempotencyKey !== shown);
  });

  constructor(parts: SaleParts) {
    const { vault, tabs } = parts;
    this.#parts = parts;
    this.#pending = new Records({ vault, tabs, kind: 'pending', schema: pendingSchema });
    this.#orders = new Records({ vault, tabs, kind: 'order', schema: openOrderSchema });
  }

  /** Asks only once the payment is on the disk. @throws if it cannot be stored; then nothing is asked. */
  async take(code: string, { amountCents, note }: Price): Promise<void> {
    const shop = this.#shop.value;
    const { kind } = this.state.value;
    if (shop === null || kind === 'waiting' || kind === 'unknown') return;
    const begun = this.#begin(shop, amountCents);
    const pending = { ...begun, code, ...(note !== undefined && { note }) };
    // Before anything is waited for: a second scan begins no second payment.
    this.#show({ kind: 'waiting', pending });
    try {
      await this.#pending.add(pending);
    } catch (error) {
      if (this.#isOwn(pending)) this.#show({ kind: 'none' });
      throw error;
    }
    await this.#ask(pending, { isRepeat: false });
  }

  #begin({ merchant, name, currency }: Shop, amountCents: number) {
    const { random, clock } = this.#parts;
    const idempotencyKey = `till-${drawId(random)}`;
    const atMs = clock.now().wallMs;
    return { merchant, merchantName: name, currency, idempotencyKey, amountCents, atMs };
  }

  /** Whose token is sent from now on. Goes on with what a reload has interrupted of this shop. */
  async enter(shop: Shop): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    await this.#read();
    if (turn !== this.#turn) return;
    batch(() => {
      this.#shop.value = shop;
      this.#show({ kind: 'none' });
    });
    const records = [...this.own.value, ...this.#orders.all.value];
    this.#left = new Set(records.map(({ idempotencyKey }) => idempotencyKey));
    await this.#goOn();
  }

  /** Nobody's token is there: nothing is sent, and what is stored stays. */
  leave(): void {
    this.#turn += 1;
    this.lastPaid = null;
    batch(() => {
      this.#shop.value = null;
      this.#show({ kind: 'none' });
    });
  }

  async #goOn(): Promise<void> {
    const isLeft = ({ idempotencyKey }: { idempotencyKey: string }) =>
      this.#left.delete(idempotencyKey);
    const pending = this.own.value.find(isLeft);
    if (pending !== undefined) return await this.resolve(pending);
    const open = this.#orders.all.value.filter((one) => this.#isOwn(one));
    const order = open.find(isLeft)?.order;
    if (order === undefined) return;
    this.#show({ kind: 'order', order, failure: null });
    // Without a response it is looked up again, as long as it is shown.
    await this.lookAtOrder(order).catch(() => undefined);
  }

  #show(state: SaleState): void {
    if (state.kind === 'decided' && state.code !== null && state.payment.outcome === 'PAID') {
      this.lastPaid = { code: state.code, amountCents: state.payment.amountCents };
    }
    this.state.value = state;
  }

  async #read(): Promise<void> {
    await Promise.all([this.#pending.read(), this.#orders.read()]);
  }

  /** Another window has stored something: what it has found out is no longer unknown here. */
  async onStored(): Promise<void> {
    await this.#read();
    const { value } = this.state;
    if (value.kind === 'unknown' && !this.#pending.has(value.pending)) {
      await this.resolve(value.pending);
    }
  }

  #isOwn({ merchant }: { merchant: string }): boolean {
    return this.#shop.value?.merchant === merchant;
  }

  /** Sends a payment again, with the same key however often, until something is known or a person decides. */
  async resolve(pending: Pending): Promise<void> {
    await this.#ask(pending, { isRepeat: true });
  }

  async #ask(pending: Pending, { isRepeat }: { isRepeat: boolean }): Promise<void> {
    const { client, clock } = this.#parts;
    const { idempotencyKey, code, amountCents, note } = pending;
    const body = { idempotencyKey, code, amountCents, ...(note !== undefined && { note }) };
    if (!this.#isOwn(pending)) return;
    this.#show({ kind: 'waiting', pending });
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      // The till may be another shop's by now, and so its token.
      if (!this.#isOwn(pending)) return;
      try {
        const payment = await client.pay(body);
        if (payment.outcome !== 'UNKNOWN') {
          return await this.#end(pending, { kind: 'decided', payment, code });
        }
      } catch (error) {
        if (isFinal(error, { isRepeat: isRepeat || tries > 1 })) {
          const payment = refusedBy(error, { pending, atMs: clock.now().wallMs });
          return await this.#end(pending, { kind: 'decided', payment, code });
        }
      }
      await pause(clock, { ms: RETRY_MS * tries });
    }
    if (this.#isOwn(pending)) this.#show({ kind: 'unknown', pending, failure: null });
  }

  /** Makes certain that nothing is charged; what another window has found out meanwhile is shown instead. */
  async reverse(pending: Pending): Promise<void> {
    if (!this.#isOwn(pending)) return;
    this.#show({ kind: 'waiting', pending });
    await this.#pending.read();
    if (!this.#pending.has(pending)) return await this.resolve(pending);
    if (!this.#isOwn(pending)) return;
    try {
      await this.#parts.client.reverse(pending.idempotencyKey);
      await this.#end(pending, { kind: 'reversed', amountCents: pending.amountCents });
    } catch (error) {
      if (!this.#isOwn(pending)) return;
      // Still not known: the person sees the same choice again, and why.
      this.#show({ kind: 'unknown', pending, failure: failureOf(error) });
    }
  }

  async #end(pending: Pending, state: SaleState): Promise<void> {
    const removed = this.#pending.remove(pending);
    const isOwn = this.#isOwn(pending);
    this.#show(isOwn ? state : this.state.value);
    if (isOwn) this.#parts.onChange();
    await removed;
  }

  async nextCustomer(): Promise<void> {
    this.#show({ kind: 'none' });
    await this.#read();
    if (this.state.value.kind === 'none') await this.#goOn();
  }

  /** @throws what the request throws. */
  async makeOrder({ amountCents, note }: Price): Promise<void> {
    const shop = this.#shop.value;
    if (shop === null || this.#isMakingOrder) return;
    this.#isMakingOrder = true;
    try {
      const begun = this.#begin(shop, amountCents);
      const { idempotencyKey } = begun;
      const body = { idempotencyKey, amountCents, ...(note !== undefined && { note }) };
      const order = await this.#parts.client.makeOrder(body);
      await this.#orders.add({ ...begun, order });
      if (this.#isOwn(shop)) this.#show({ kind: 'order', order, failure: null });
    } finally {
      this.#isMakingOrder = false;
    }
  }

  async cancelOrder(order: Order): Promise<void> {
    const { client } = this.#parts;
    const shop = this.#shop.value;
    try {
      const { state } = await client.cancelOrder(order);
      const payment = state === 'PAID' ? await client.readPayment(order.idempotencyKey) : null;
      if (this.#shop.value !== shop) return;
      if (payment !== null) return await this.#endOrder(order, payment);
    } catch (error) {
      if (this.#shop.value !== shop) return;
      if (!isFinal(error, { isRepeat: true })) {
        return this.#show({ kind: 'order', order, failure: failureOf(error) });
      }
    }
    await this.#orders.remove(order);
    await this.nextCustomer();
  }

  /** Whether a customer has confirmed, looked up in case the event was missed. @throws what the request throws. */
  async lookAtOrder(order: Order): Promise<void> {
    const { client } = this.#parts;
    const shop = this.#shop.value;
    const found = await client.readOrder(order);
    const isPaid = found.state === 'PAID';
    const payment = isPaid ? await client.readPayment(order.idempotencyKey) : notPaid(found);
    if (payment !== null && this.#shop.value === shop) await this.#endOrder(order, payment);
  }

  /** Only of the order that is shown. */
  async #endOrder({ order, idempotencyKey }: Order, payment: Payment): Promise<void> {
    const { value } = this.state;
    if (value.kind !== 'order' || value.order.order !== order) return;
    this.#show({ kind: 'decided', payment, code: null });
    this.#parts.onChange();
    await this.#orders.remove({ idempotencyKey });
  }

  onEvent(event: MerchantEvent): void {
    const { value } = this.state;
    if (value.kind !== 'order') return;
    const { order } = value;
    if (event.kind === 'PAYMENT') {
      const { payment } = event;
      // A refused confirmation leaves the order open: its customer may top up and try again.
      const isPaid = payment.order === order.order && payment.outcome === 'PAID';
      if (isPaid) void this.#endOrder(order, payment);
    } else if (event.order.order === order.order) {
      const payment = notPaid(event.order);
      if (payment !== null) void this.#endOrder(order, payment);
    }
  }
}

/** An order that nobody can pay any more; null if it is open or paid. */
function notPaid({ order, state, idempotencyKey, amountCents }: Order): Payment | null {
  if (state === 'OPEN' || state === 'PAID') return null;
  const reason = state === 'EXPIRED' ? 'ORDER_EXPIRED' : 'ORDER_CANCELLED';
  return { ...refused(idempotencyKey, amountCents), way: 'ORDER', order, reason };
}

/** Settlement would not even look at it: nothing was charged, and its own words say why. */
function refusedBy(
  error: ApiRefusal,
  { pending, atMs }: { pending: Pending; atMs: number },
): Payment {
  const { idempotencyKey, amountCents } = pending;
  return { ...refused(idempotencyKey, amountCents), note: error.message, atMs };
}

function refused(idempotencyKey: string, amountCents: number): Payment {
  return {
    idempotencyKey,
    outcome: 'REFUSED',
    reason: null,
    way: null,
    amountCents,
    refundedCents: 0,
    note: null,
    receipt: null,
    order: null,
    atMs: null,
    refunds: [],
  };
}
