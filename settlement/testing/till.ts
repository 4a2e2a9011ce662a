/**
 * A merchant that stands before the store itself, and codes that are good without any
 * cryptography, for tests of what comes after the check of a code.
 */
import { randomUUID } from 'node:crypto';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { MerchantRole } from '@stile/protocol/payment.ts';
import type { PayResult } from '../core/payments/pay.ts';
import type { NewSeed } from '../core/payments/payment-changes.ts';
import type { Presented } from '../core/payments/spend-code.ts';
import type { Store } from '../store/port.ts';
import { ISSUER, NOW_MS } from './log.ts';

export type Sale = { cents?: number; key?: string; atMs?: number; requestHash?: string };

/** Who asks to take a payment back, and when. */
export type Asker = { role?: MerchantRole; atMs?: number };

export class ScriptedTill {
  readonly merchant: string;
  readonly #store: Store;
  #sales = 0;

  constructor(store: Store, merchant: string) {
    this.#store = store;
    this.merchant = merchant;
  }

  static async open(store: Store, merchant: string): Promise<ScriptedTill> {
    const tokenHash = `token of ${merchant}`;
    const managerTokenHash = `manager's token of ${merchant}`;
    const name = `Shop ${merchant}`;
    await store.setMerchant({ merchant, name, tokenHash, managerTokenHash, nowMs: NOW_MS });
    return new ScriptedTill(store, merchant);
  }

  async ask(presented: Presented, sale: Sale = {}): Promise<PayResult> {
    this.#sales += 1;
    const { cents = 100, key = `sale-${this.#sales}`, atMs = NOW_MS } = sale;
    const { requestHash = `${JSON.stringify(presented)} ${cents}` } = sale;
    return await this.#store.pay({
      payee: { kind: 'merchant', merchant: this.merchant, idempotencyKey: key, amountCents: cents },
      issuer: ISSUER,
      presented,
      note: null,
      requestHash,
      nowMs: atMs,
    });
  }

  /** As `ask`, if no key is used for two requests. */
  async pay(presented: Presented, sale: Sale = {}): Promise<Payment> {
    const answer = await this.ask(presented, sale);
    if (answer.kind === 'conflict') throw new Error('this key asked something else');
    return answer.payment;
  }

  /** Why it was not paid; null if it was. */
  async reasonOf(presented: Presented, sale: Sale = {}): Promise<Payment['reason']> {
    return (await this.pay(presented, sale)).reason;
  }

  async reverse(key: string) {
    const result = await this.tryReverse(key);
    if (result.kind !== 'done') throw new Error(`not taken back: ${result.kind}`);
    return result;
  }

  async tryReverse(key: string, { role = 'TILL', atMs = NOW_MS }: Asker = {}) {
    return await this.#store.reversePayment({
      issuer: ISSUER,
      role,
      merchant: this.merchant,
      idempotencyKey: key,
      nowMs: atMs,
    });
  }

  async refund(
    idempotencyKey: string,
    { atMs = NOW_MS, ...refund }: { refundKey: string; amountCents: number; atMs?: number },
  ) {
    const of = { merchant: this.merchant, idempotencyKey, ...refund };
    return await this.#store.refundPayment({ issuer: ISSUER, ...of, nowMs: atMs });
  }

  async addOrder(idempotencyKey: string, amountCents: number, { atMs = NOW_MS } = {}) {
    const { merchant } = this;
    const order = `order of ${merchant} ${idempotencyKey}`;
    const sale = { order, merchant, idempotencyKey, amountCents, note: null };
    return await this.#store.addOrder({ ...sale, nowMs: atMs, expiresAtMs: atMs + 600_000 });
  }
}

type CodeOf = { account: string; atMs?: number; serial?: number; boundCents?: number | null };

/** The phone's next one-time code; it is good for a minute. */
export async function onlineCode(
  store: Store,
  { account, atMs = NOW_MS, serial = 1, boundCents = null }: CodeOf,
): Promise<Presented> {
  const codeHash = `online code ${randomUUID()}`;
  const times = { nowMs: atMs, expiresAtMs: atMs + 60_000 };
  await store.addOnlineCode({ codeHash, account, serial, boundCents, ...times });
  return { way: 'ONLINE_CODE', codeHash };
}

/** A seed that is good for a month; false if the handle is taken. */
export async function addSeed(
  store: Store,
  of: { account: string; handle: string } & Partial<
    Pick<NewSeed, 'serial' | 'keyId' | 'expiresAtMs'>
  >,
): Promise<boolean> {
  const sealed = new Uint8Array([1, 2, 3]);
  const times = { nowMs: NOW_MS, expiresAtMs: NOW_MS + 30 * 86_400_000 };
  return await store.addSeed({ serial: 1, keyId: 'k', sealed, ...times, ...of });
}

/** A payment code whose password is that of the step; null: a wrong one. */
export function paymentCode(handle: string, step: number | null): Presented {
  return { way: 'PAYMENT_CODE', handle, timeStep: step };
}

export async function confirm(
  store: Store,
  confirmation: { order: string; account: string; amountCents: number },
) {
  const always = { issuer: ISSUER, serial: 1, nowMs: NOW_MS };
  return await store.confirmOrder({ ...confirmation, ...always });
}
