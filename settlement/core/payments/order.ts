/**
 * Orders: a merchant's price that a rider's wallet opens and confirms. One that is paid becomes a payment
 * under its own key; one that could not be paid stays open, because its rider may top up and confirm again.
 */
import type { Order, Payment } from '@stile/protocol/http/merchant-api.ts';
import type { OrderOffer, RiderPayment } from '@stile/protocol/http/rider-api.ts';
import type { PaymentReason } from '@stile/protocol/payment.ts';
import { type Decision, unchanged } from '../changes.ts';
import { type KnownPayer, makePayment, type PayerFacts, reasonOf } from './make-payment.ts';
import type { StoredOrder, StoredPayment } from './payment-changes.ts';
import { type OrderState, orderStateAt, type PaymentLimits } from './payment-rules.ts';
import { merchantView, riderView } from './payment-view.ts';

/** An order as its merchant sees it; `link` is the HTTP layer's to add. */
export type OrderView = Omit<Order, 'link'>;
/** An order as a rider sees it before confirming; the currency is the operator's. */
export type Offer = Omit<OrderOffer, 'currency'>;

export type NewOrder = {
  order: string;
  merchant: string;
  idempotencyKey: string;
  amountCents: number;
  note: string | null;
  nowMs: number;
  expiresAtMs: number;
};

export type NewOrderFacts = {
  /** The order that has this key already. */
  sameKey: StoredOrder | null;
  /** A payment has this key: it is another request. */
  hasPayment: boolean;
};

export function decideNewOrder(
  { sameKey, hasPayment }: NewOrderFacts,
  request: NewOrder,
): Decision<OrderView | { kind: 'conflict' }> {
  const { order, merchant, idempotencyKey, amountCents, note, nowMs, expiresAtMs } = request;
  if (sameKey !== null) {
    const isSame = sameKey.amountCents === amountCents && sameKey.note === note;
    return unchanged(isSame ? orderView(sameKey, nowMs) : { kind: 'conflict' });
  }
  if (hasPayment) return unchanged({ kind: 'conflict' });
  const stored: StoredOrder = {
    order,
    merchant,
    merchantName: '',
    key: idempotencyKey,
    amountCents,
    note,
    state: 'OPEN',
    createdAtMs: nowMs,
    expiresAtMs,
  };
  return { changes: [{ kind: 'addOrder', order: stored }], result: orderView(stored, nowMs) };
}

export type OrderQuery = { merchant: string; order: string; nowMs: number };

/** Undefined if there is no such order of this merchant; otherwise how it then stands. */
export function decideCancellation(
  stored: StoredOrder | null,
  { merchant, nowMs }: OrderQuery,
): Decision<OrderView | undefined> {
  if (stored?.merchant !== merchant) return unchanged(undefined);
  if (orderStateAt(stored, nowMs) !== 'OPEN') return unchanged(orderView(stored, nowMs));
  return {
    changes: [{ kind: 'endOrder', order: stored.order, state: 'CANCELLED' }],
    result: orderView({ ...stored, state: 'CANCELLED' }, nowMs),
  };
}

/** Undefined if it is not this merchant's. */
export function findOrderView(
  stored: StoredOrder | null,
  { merchant, nowMs }: OrderQuery,
): OrderView | undefined {
  return stored?.merchant === merchant ? orderView(stored, nowMs) : undefined;
}

export function offerView(stored: StoredOrder, nowMs: number): Offer {
  const { order, state, amountCents, note, expiresAtS } = orderView(stored, nowMs);
  return { order, state, merchantName: stored.merchantName, amountCents, note, expiresAtS };
}

export type Confirmation = {
  issuer: number;
  order: string;
  account: string;
  serial: number;
  /** What the rider was shown. */
  amountCents: number;
  nowMs: number;
};

/** Null: there is no such order. */
export type ConfirmationFacts = {
  order: StoredOrder;
  /** What stands under the order's key already. */
  earlier: StoredPayment | null;
  payer: PayerFacts;
  merchant: { name: string; lastReceipt: number };
  nextPaymentId: number;
} | null;

/**
 * `conflict`: the amount shown to the rider is not the order's. `declined`: this confirmation pays nothing,
 * and nothing was stored under the order's key, which may be paid already or still be. Confirming a paid
 * one again gives the same answer.
 */
export type ConfirmationResult =
  | { kind: 'unknown' | 'conflict' }
  | {
      kind: 'decided' | 'declined' | 'repeated';
      merchant: string;
      order: OrderView;
      payment: Payment;
      rider: RiderPayment;
    };

export function decideConfirmation(
  facts: ConfirmationFacts,
  { request, limits }: { request: Confirmation; limits: PaymentLimits },
): Decision<ConfirmationResult> {
  if (facts === null) return unchanged({ kind: 'unknown' });
  const { order, earlier, merchant } = facts;
  const { account, serial, nowMs } = request;
  if (order.amountCents !== request.amountCents) return unchanged({ kind: 'conflict' });
  const rider = earlier && riderView(earlier, merchant.name);
  if (earlier?.outcome === 'PAID' && earlier.account === account && rider !== null) {
    const payment = merchantView(earlier);
    const view = orderView(order, nowMs);
    return unchanged({ kind: 'repeated', merchant: order.merchant, order: view, payment, rider });
  }
  const payer = { account, serial, handle: null, handleCents: 0, boundCents: null };
  const known: KnownPayer = { way: 'ORDER', payer, facts: facts.payer };
  const reason =
    REFUSED_STATES[orderStateAt(order, nowMs)] ??
    reasonOf(known, { amountCents: order.amountCents, isFare: false, limits });
  if (reason !== null) return unchanged(declined(order, { reason, nowMs }));
  return paid(facts, { request, known, limits });
}

const REFUSED_STATES: Readonly<Record<OrderState, PaymentReason | null>> = {
  OPEN: null,
  // Somebody else has: who had paid it would have heard so again.
  PAID: 'ORDER_PAID',
  CANCELLED: 'ORDER_CANCELLED',
  EXPIRED: 'ORDER_EXPIRED',
};

function paid(
  { order, merchant, nextPaymentId }: NonNullable<ConfirmationFacts>,
  context: { request: Confirmation; known: KnownPayer; limits: PaymentLimits },
): Decision<ConfirmationResult> {
  const { request, known, limits } = context;
  const { issuer, nowMs } = request;
  const { amountCents, note } = order;
  const idempotencyKey = order.key;
  const payee = {
    kind: 'merchant',
    merchant: order.merchant,
    idempotencyKey,
    amountCents,
  } as const;
  const requestHash = `order:${order.order}`;
  const { payment, changes } = makePayment(
    { issuer, payee, amountCents, note, order: order.order, requestHash, nowMs },
    { payer: known, codeReason: null, nextPaymentId, lastReceipt: merchant.lastReceipt, limits },
  );
  return {
    changes: [...changes, { kind: 'endOrder', order: order.order, state: 'PAID' }],
    result: {
      kind: 'decided',
      merchant: order.merchant,
      order: orderView({ ...order, state: 'PAID' }, nowMs),
      payment: merchantView(payment),
      rider: riderOf(order, { outcome: 'PAID', reason: null, nowMs }),
    },
  };
}

/** Nothing is stored: the order stays as it is, and may be confirmed again. */
function declined(
  order: StoredOrder,
  { reason, nowMs }: { reason: PaymentReason; nowMs: number },
): ConfirmationResult {
  const rider = riderOf(order, { outcome: 'REFUSED', reason, nowMs });
  const payment: Payment = {
    idempotencyKey: order.key,
    outcome: rider.outcome,
    reason,
    way: rider.way,
    amountCents: order.amountCents,
    refundedCents: 0,
    note: order.note,
    receipt: null,
    order: order.order,
    atMs: nowMs,
    refunds: [],
  };
  const { merchant } = order;
  return { kind: 'declined', merchant, order: orderView(order, nowMs), payment, rider };
}

function riderOf(
  { merchantName, amountCents }: StoredOrder,
  { outcome, reason, nowMs }: Pick<RiderPayment, 'outcome' | 'reason'> & { nowMs: number },
): RiderPayment {
  return { outcome, reason, way: 'ORDER', payee: merchantName, amountCents, atMs: nowMs };
}

export function orderView(stored: StoredOrder, nowMs: number): OrderView {
  const { order, key, amountCents, note, createdAtMs, expiresAtMs } = stored;
  return {
    order,
    idempotencyKey: key,
    state: orderStateAt(stored, nowMs),
    amountCents,
    note,
    createdAtMs,
    expiresAtS: Math.floor(expiresAtMs / 1000),
  };
}
