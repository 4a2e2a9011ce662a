/** A stored payment as its merchant and its rider are told of it: nothing about who paid, or who was paid more. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { RiderPayment } from '@stile/protocol/http/rider-api.ts';
import type { StoredPayment } from './payment-changes.ts';

/** Whom to tell after the commit. */
export type Notice = { account: string | null; rider: RiderPayment | null };

export const NO_NOTICE: Notice = { account: null, rider: null };

/** How a payment stands now: what has gone back as a whole is paid no more, whoever asks. */
export function standingOf({
  outcome,
  reason,
  amountCents,
  refundedCents,
}: Pick<StoredPayment, 'outcome' | 'reason' | 'amountCents' | 'refundedCents'>) {
  const isBack = outcome === 'PAID' && amountCents > 0 && refundedCents >= amountCents;
  return isBack ? ({ outcome: 'REVERSED', reason: 'REVERSED' } as const) : { outcome, reason };
}

export function merchantView(stored: StoredPayment): Payment {
  return {
    idempotencyKey: stored.key,
    ...standingOf(stored),
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
  const { way, line, amountCents, atMs } = stored;
  if (way === null) return null;
  return { ...standingOf(stored), way, payee: line ?? merchantName ?? '', amountCents, atMs };
}

export function noticeOf(stored: StoredPayment, merchantName: string | null): Notice {
  return { account: stored.account, rider: riderView(stored, merchantName) };
}
