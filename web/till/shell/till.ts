/**
 * The till at work: who it is, the payment under way, what settlement says about it. A payment is kept in
 * this browser before it is asked for, so that a reload or a lost answer leaves a question that can be
 * asked again, and never a second charge.
 */
import { batch, signal } from '@preact/signals';
import {
  type Merchant,
  merchantEventSchema,
  merchantSchema,
  type Order,
  orderSchema,
  type Payment,
  type PaymentList,
  paymentListSchema,
  paymentSchema,
} from '@stile/protocol/merchant-api.ts';
import { z } from 'zod';
import { ApiRefusal, askJson } from '../../parts/api.ts';
import { listen } from '../../parts/events.ts';

const TOKEN_UNDER = 'stile-till-token';
const PENDING_UNDER = 'stile-till-pending';
/** Longest wait for one answer, and how often the till asks by itself before it leaves it to a person. */
const ANSWER_MS = 5_000;
const TRIES_MAX = 3;
const RETRY_MS = 700;

const pendingSchema = z.object({
  idempotencyKey: z.string(),
  code: z.string(),
  amountCents: z.int(),
});
type Pending = z.infer<typeof pendingSchema>;

export type Sale =
  | { kind: 'none' }
  | { kind: 'asking'; amountCents: number }
  | { kind: 'decided'; payment: Payment }
  /** May be paid or not; the same key finds out. */
  | { kind: 'unknown'; pending: Pending }
  | { kind: 'reversed'; amountCents: number }
  | { kind: 'order'; order: Order };

export type Access = 'out' | 'checking' | 'in' | 'refused' | 'unreachable';

export const access = signal<Access>('checking');
export const merchant = signal<Merchant | null>(null);
export const sale = signal<Sale>({ kind: 'none' });
/** Counts what has changed the day's list. */
export const changes = signal(0);

let listening: AbortController | null = null;

function token(): string {
  return localStorage.getItem(TOKEN_UNDER) ?? '';
}

export async function start(): Promise<void> {
  const given = /^#token=([\w.~-]{16,200})$/.exec(location.hash)?.[1];
  if (given !== undefined) {
    localStorage.setItem(TOKEN_UNDER, given);
    // It must not stay in the address, where it is seen and kept.
    history.replaceState(null, '', location.pathname);
  }
  if (token() === '') {
    access.value = 'out';
    return;
  }
  await enter();
}

export async function signIn(text: string): Promise<void> {
  localStorage.setItem(TOKEN_UNDER, text.trim());
  access.value = 'checking';
  await enter();
}

export function signOut(): void {
  localStorage.removeItem(TOKEN_UNDER);
  listening?.abort();
  listening = null;
  batch(() => {
    merchant.value = null;
    access.value = 'out';
  });
}

async function enter(): Promise<void> {
  try {
    merchant.value = await askJson(merchantSchema, '/v1/merchants/me', { token: token() });
    access.value = 'in';
    hear();
    const pending = readPending();
    if (pending !== null) await resolve(pending);
  } catch (error) {
    const isRefused = error instanceof ApiRefusal && error.status === 401;
    if (isRefused) localStorage.removeItem(TOKEN_UNDER);
    access.value = isRefused ? 'refused' : 'unreachable';
  }
}

function hear(): void {
  listening?.abort();
  const controller = new AbortController();
  listening = controller;
  void listen('/v1/merchants/me/events', {
    token: token(),
    schema: merchantEventSchema,
    signal: controller.signal,
    onEvent: (event) => {
      changes.value += 1;
      const { value } = sale;
      if (value.kind !== 'order') return;
      const { order } = value.order;
      if (event.kind === 'PAYMENT' && event.payment.order === order)
        showOrderPayment(event.payment);
      if (event.kind === 'ORDER' && event.order.order === order && event.order.state !== 'PAID') {
        sale.value = { kind: 'order', order: event.order };
      }
    },
    onState: (state) => {
      if (state === 'open') changes.value += 1;
      if (state === 'refused') signOut();
    },
  });
}

/** A refused confirmation leaves the order open: its customer may top up and try again. */
function showOrderPayment(payment: Payment): void {
  if (payment.outcome === 'PAID') sale.value = { kind: 'decided', payment };
}

export async function take(code: string, amountCents: number): Promise<void> {
  const pending = { idempotencyKey: `till-${crypto.randomUUID()}`, code, amountCents };
  localStorage.setItem(PENDING_UNDER, JSON.stringify(pending));
  await resolve(pending);
}

/** Asks for a payment, with the same key however often, until something is known or a person decides. */
export async function resolve(pending: Pending): Promise<void> {
  sale.value = { kind: 'asking', amountCents: pending.amountCents };
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      const ask = { token: token(), body: pending, timeoutMs: ANSWER_MS };
      const payment = await askJson(paymentSchema, '/v1/payments', ask);
      if (payment.outcome === 'UNKNOWN') continue;
      settle({ kind: 'decided', payment });
      return;
    } catch (error) {
      if (error instanceof ApiRefusal && isFinal(error)) {
        settle({ kind: 'decided', payment: refusedBy(error, pending) });
        return;
      }
    }
    await new Promise((done) => setTimeout(done, RETRY_MS * tries));
  }
  sale.value = { kind: 'unknown', pending };
}

/** Makes certain that nothing is charged. */
export async function reverse(pending: Pending): Promise<void> {
  try {
    const path = `/v1/payments/${pending.idempotencyKey}/reversal`;
    await askJson(paymentSchema, path, { token: token(), method: 'POST', timeoutMs: ANSWER_MS });
    settle({ kind: 'reversed', amountCents: pending.amountCents });
  } catch {
    // Still not known: the person sees the same choice again.
    sale.value = { kind: 'unknown', pending };
  }
}

function settle(next: Sale): void {
  localStorage.removeItem(PENDING_UNDER);
  batch(() => {
    sale.value = next;
    changes.value += 1;
  });
}

export function nextCustomer(): void {
  sale.value = { kind: 'none' };
}

export async function makeOrder(amountCents: number): Promise<void> {
  const body = { idempotencyKey: `till-${crypto.randomUUID()}`, amountCents };
  const order = await askJson(orderSchema, '/v1/orders', { token: token(), body });
  sale.value = { kind: 'order', order };
}

export async function cancelOrder(order: Order): Promise<void> {
  const path = `/v1/orders/${order.order}`;
  const now = await askJson(orderSchema, path, { token: token(), method: 'DELETE' });
  if (now.state !== 'PAID') {
    nextCustomer();
    return;
  }
  const paid = `/v1/payments/${order.idempotencyKey}`;
  sale.value = { kind: 'decided', payment: await askJson(paymentSchema, paid, { token: token() }) };
}

/** Whether a customer has confirmed, asked in case the event was missed. */
export async function lookAtOrder(order: Order): Promise<void> {
  const path = `/v1/payments/${order.idempotencyKey}`;
  const payment = await askJson(paymentSchema, path, { token: token() });
  if (payment.outcome === 'PAID') sale.value = { kind: 'decided', payment };
}

export async function readDay(after: string | null): Promise<PaymentList> {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const query = new URLSearchParams({
    fromMs: String(midnight.getTime()),
    toMs: String(midnight.getTime() + 86_400_000),
    limit: '50',
    ...(after === null ? {} : { after }),
  });
  return await askJson(paymentListSchema, `/v1/payments?${query}`, { token: token() });
}

export async function refund(payment: Payment, key: string, amountCents: number): Promise<void> {
  const path = `/v1/payments/${payment.idempotencyKey}/refunds`;
  const body = { idempotencyKey: key, amountCents };
  await askJson(paymentSchema, path, { token: token(), body });
  changes.value += 1;
}

function readPending(): Pending | null {
  const kept = localStorage.getItem(PENDING_UNDER);
  return kept === null ? null : (pendingSchema.safeParse(JSON.parse(kept)).data ?? null);
}

/** Whether settlement has said no for good; a busy one may still have the request before it. */
function isFinal({ status, code }: ApiRefusal): boolean {
  return (status < 500 && status !== 429) || code === 'PAYMENT_CODES_OFF';
}

/** Settlement would not even look at it: nothing was charged, and its own words say why. */
function refusedBy(error: ApiRefusal, pending: Pending): Payment {
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
    atMs: Date.now(),
    refunds: [],
  };
}
