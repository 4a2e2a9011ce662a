/**
 * Money that a till gives back: stored in this browser before it is asked for, like a sale. Without a response it may
 * have gone back or not; the same key finds out and gives back once, also after a reload. Until then the payment gets
 * no second refund here.
 */
import { batch, computed, signal } from '@preact/signals';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { z } from 'zod';
import type { Clock } from '../../parts/clock.ts';
import { drawId, type Random } from '../../parts/random.ts';
import type { Tabs } from '../../parts/tabs.ts';
import {
  type Failure,
  failureOf,
  isFinal,
  type MerchantClient,
  NOT_STORED,
} from './merchant-client.ts';
import { Records, recordSchema } from './records.ts';
import type { Shop } from './sale.ts';
import type { TillVault } from './vault.ts';

const refundSchema = recordSchema.extend({ paymentKey: z.string(), receipt: z.int().nullable() });
export type PendingRefund = z.infer<typeof refundSchema>;

export type RefundResult = { kind: 'given' | 'unknown' } | { kind: 'refused'; failure: Failure };

export type RefundsParts = {
  client: MerchantClient;
  clock: Clock;
  random: Random;
  vault: TillVault;
  tabs: Pick<Tabs, 'announce'>;
  /** Called if the day's list has changed. */
  onChange: () => void;
};

export class Refunds {
  readonly #parts: RefundsParts;
  readonly #records: Records<PendingRefund>;
  readonly #shop = signal<Shop | null>(null);
  /** Keys that are asked for just now. */
  readonly #asked = signal<ReadonlySet<string>>(new Set());
  /** Of this shop, and not known yet. */
  readonly own = computed(() => this.#records.all.value.filter((one) => this.#isOwn(one)));
  readonly ofOthers = computed(() => this.#records.all.value.filter((one) => !this.#isOwn(one)));
  /** Of this shop, not known yet, and not asked for just now. */
  readonly unknown = computed(() =>
    this.own.value.filter(({ idempotencyKey }) => !this.#asked.value.has(idempotencyKey)),
  );
  /** What settlement has said to somebody who asked again. */
  readonly answered = signal<{ refund: PendingRefund; failure: Failure | null } | null>(null);

  constructor(parts: RefundsParts) {
    const { vault, tabs } = parts;
    this.#parts = parts;
    this.#records = new Records({ vault, tabs, kind: 'refund', schema: refundSchema });
  }

  /** Whose token is sent from now on; null: nobody's. Nothing is sent by itself: it is money that goes. */
  async enter(shop: Shop | null): Promise<void> {
    batch(() => {
      this.#shop.value = shop;
      this.answered.value = null;
    });
    await this.onStored();
  }

  async onStored(): Promise<void> {
    await this.#records.read();
  }

  #isOwn({ merchant }: { merchant: string }): boolean {
    return this.#shop.value?.merchant === merchant;
  }

  ofPayment({ idempotencyKey }: Payment): PendingRefund | undefined {
    return this.own.value.find(({ paymentKey }) => paymentKey === idempotencyKey);
  }

  /** One intention of a person; while another of the same payment is not known, it is not begun. */
  async give(payment: Payment, amountCents: number): Promise<RefundResult> {
    const shop = this.#shop.value;
    await this.onStored();
    // From here to the record in the list nothing is waited for: a second touch gives nothing back.
    if (shop === null || this.#shop.value !== shop || this.ofPayment(payment) !== undefined)
      return { kind: 'unknown' };
    const { random, clock } = this.#parts;
    const refund: PendingRefund = {
      merchant: shop.merchant,
      merchantName: shop.name,
      currency: shop.currency,
      idempotencyKey: `refund-${drawId(random)}`,
      amountCents,
      atMs: clock.now().wallMs,
      paymentKey: payment.idempotencyKey,
      receipt: payment.receipt,
    };
    try {
      await this.#records.add(refund);
    } catch {
      return { kind: 'refused', failure: NOT_STORED };
    }
    return await this.#send(refund, { isRepeat: false });
  }

  async askAgain(refund: PendingRefund): Promise<void> {
    const result = await this.#send(refund, { isRepeat: true });
    if (!this.#isOwn(refund) || result.kind === 'unknown') return;
    const failure = result.kind === 'refused' ? result.failure : null;
    this.answered.value = { refund, failure };
  }

  async #send(refund: PendingRefund, { isRepeat }: { isRepeat: boolean }): Promise<RefundResult> {
    const { idempotencyKey, amountCents, paymentKey } = refund;
    const { client, onChange } = this.#parts;
    if (!this.#isOwn(refund) || this.#asked.value.has(idempotencyKey)) return { kind: 'unknown' };
    this.#begin(idempotencyKey);
    try {
      await client.refund(paymentKey, { idempotencyKey, amountCents });
      await this.#records.remove(refund);
      onChange();
      return { kind: 'given' };
    } catch (error) {
      if (!isFinal(error, { isRepeat })) return { kind: 'unknown' };
      await this.#records.remove(refund);
      return { kind: 'refused', failure: failureOf(error) };
    } finally {
      this.#finish(idempotencyKey);
    }
  }

  #begin(key: string): void {
    batch(() => {
      this.answered.value = null;
      this.#asked.value = new Set([...this.#asked.value, key]);
    });
  }

  #finish(key: string): void {
    this.#asked.value = new Set([...this.#asked.value].filter((one) => one !== key));
  }
}
