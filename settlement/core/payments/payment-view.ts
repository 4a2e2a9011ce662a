/** A stored payment as its merchant and its rider are told of it: nothing about who paid, or who was paid more. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { RiderPayment } from '@stile/protocol/http/rider-api.ts';
import type { StoredPayment } from './payment-changes.ts';

/** Whom to tell after the commit. */
export type Notice = { account: string | null; rider: RiderPayment | null };

export const NO_NOTICE: Notice = { account: null, rider: null };

export function merchantView(stored: StoredPayment): Payment {
  return {
    idempotencyKey: stored.key,
    outcome: stored.outcome,
    reason: stored.reason,
    way: stored.way,
    amountCents: stored.amountCents,
    refundedCents: stored.refundedCents,
    note: stored.note,
    receipt: stored.receipt,
    order: stored.order,
    atMs: stored.atMs,
    refunds: stored.refunds,
  };
}

/** Null if nobody paid. `merchantName`: of a payment at a merchant; a fare names its line. */
export function riderView(stored: StoredPayment, merchantName: string | null): RiderPayment | null {
  const { outcome, reason, way, line, amountCents, atMs } = stored;
  if (way === null) return null;
  return { outcome, reason, way, payee: line ?? merchantName ?? '', amountCents, atMs };
}

export function noticeOf(stored: StoredPayment, merchantName: string | null): Notice {
  return { account: stored.account, rider: riderView(stored, merchantName) };
}
