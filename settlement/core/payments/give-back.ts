/**
 * Money of a payment that goes back: a refund of a part, a reversal of a key whatever became of it, and what
 * a gate did not open for. Debts of the rider are paid first. Doing it again changes nothing.
 */
import { localCalendar } from '@stile/protocol/calendar/local-day.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { MerchantRole } from '@stile/protocol/payment.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import { changesOfMove, moneyAfter, type RiderMoneyFacts } from '../money/money-changes.ts';
import { applyRefund } from '../money/rider-money.ts';
import { CLOSED_HASH } from './pay.ts';
import { ledgerAccountOf } from './payee.ts';
import type { RefundWhy, StoredOrder, StoredPayment } from './payment-changes.ts';
import type { PaymentLimits } from './payment-rules.ts';
import { merchantView, NO_NOTICE, type Notice, noticeOf } from './payment-view.ts';

/** Key of the one refund that a reversal or a gate that stayed shut makes. */
export const WHOLE_REFUND_KEY = 'stile:reversal';

export type GiveBackFacts = {
  /** Null: nothing is known under this key. */
  payment: StoredPayment | null;
  /** Of whoever paid it; null if nobody did. */
  money: RiderMoneyFacts | null;
  merchantName: string | null;
  /** What the payee has given back in the last 24 hours, without sales that were taken back within `reversalS`. */
  refundedDayCents: number;
};

export type RefundNotice = Notice & { refundCents: number };

export type RefundRequest = {
  issuer: number;
  merchant: string;
  idempotencyKey: string;
  refundKey: string;
  amountCents: number;
  nowMs: number;
};

export type RefundResult =
  | { kind: 'done' | 'repeated'; payment: Payment; notice: RefundNotice }
  | { kind: 'conflict' }
  | { kind: 'unknown' }
  /** More than is left of what was paid. */
  | { kind: 'tooMuch'; leftCents: number }
  | NotGivenBack;

/** Why nothing goes back although there is something; `leftCents`: what may still go back today. */
export type NotGivenBack =
  | { kind: 'needsManager' }
  | { kind: 'tooLate' }
  | { kind: 'overDay'; leftCents: number };

export type RefundLimits = Pick<
  PaymentLimits,
  'reversalS' | 'refundDaysMax' | 'timeZone' | 'refundDayCentsMax'
>;

export function decideRefund(
  facts: GiveBackFacts,
  { request, limits }: { request: RefundRequest; limits: RefundLimits },
): Decision<RefundResult> {
  const { payment } = facts;
  const { refundKey, amountCents } = request;
  if (payment === null) return unchanged({ kind: 'unknown' });
  if (refundKey === WHOLE_REFUND_KEY) return unchanged({ kind: 'conflict' });
  const earlier = payment.refunds.find((one) => one.idempotencyKey === refundKey);
  if (earlier !== undefined) {
    if (earlier.amountCents !== amountCents) return unchanged({ kind: 'conflict' });
    const notice = { ...NO_NOTICE, refundCents: 0 };
    return unchanged({ kind: 'repeated', payment: merchantView(payment), notice });
  }
  const leftCents = leftOf(payment);
  if (amountCents > leftCents) return unchanged({ kind: 'tooMuch', leftCents });
  const { nowMs } = request;
  const back = { paidAtMs: payment.atMs, nowMs, amountCents, dayCents: facts.refundedDayCents };
  const why = refuseGiveBack(back, limits);
  if (why !== null) return unchanged(why);
  const refund = { key: refundKey, amountCents, why: 'REFUND' } as const;
  const { after, changes } = giveBack(payment, { ...request, refund, money: facts.money });
  const notice = { ...noticeOf(after, facts.merchantName), refundCents: amountCents };
  return { changes, result: { kind: 'done', payment: merchantView(after), notice } };
}

/** Null if so much may go back. */
function refuseGiveBack(
  back: { paidAtMs: number; nowMs: number; amountCents: number; dayCents: number },
  { refundDaysMax, timeZone, refundDayCentsMax }: RefundLimits,
): NotGivenBack | null {
  const { dayAt, dayAfter } = localCalendar(timeZone);
  const lastDay = dayAfter(dayAt(back.paidAtMs).date, refundDaysMax);
  if (back.nowMs >= lastDay.toMs) return { kind: 'tooLate' };
  const leftCents = Math.max(0, refundDayCentsMax - back.dayCents);
  return back.amountCents > leftCents ? { kind: 'overDay', leftCents } : null;
}

export type ReversalRequest = {
  issuer: number;
  /** `merchant:ID` or `gate:ID`. */
  payee: string;
  key: string;
  why: Exclude<RefundWhy, 'REFUND'>;
  nowMs: number;
};

export type ReversalFacts = GiveBackFacts & {
  /** An order under this key, which then is cancelled. */
  order: StoredOrder | null;
  nextPaymentId: number;
};

export type ReversalResult =
  | { kind: 'done'; payment: Payment; notice: RefundNotice }
  | NotGivenBack;

/**
 * Makes certain that a key has not paid and never will. A till may, of what it has just sold: that cancels a sale
 * and uses up no refunds, or whoever has the till's token could stop them. Later it is a refund, with its limits.
 */
export function decideReversal(
  facts: ReversalFacts,
  context: { request: ReversalRequest; role: MerchantRole; limits: RefundLimits },
): Decision<ReversalResult> {
  const why = refuseReversal(facts, context);
  if (why !== null) return unchanged(why);
  const { request } = context;
  const { order } = facts;
  const cancelled: Change[] =
    order?.state === 'OPEN' ? [{ kind: 'endOrder', order: order.order, state: 'CANCELLED' }] : [];
  const { payment, changes, notice } = reverse(facts, request);
  return {
    changes: [...cancelled, ...changes],
    result: { kind: 'done', payment: merchantView(payment), notice },
  };
}

function refuseReversal(
  { payment, refundedDayCents: dayCents }: ReversalFacts,
  context: { request: ReversalRequest; role: MerchantRole; limits: RefundLimits },
): NotGivenBack | null {
  const { request, role, limits } = context;
  const amountCents = payment === null ? 0 : leftOf(payment);
  if (payment === null || amountCents === 0) return null;
  const ageMs = request.nowMs - payment.atMs;
  if (ageMs <= limits.reversalS * 1000) return null;
  if (role === 'TILL') return { kind: 'needsManager' };
  const { nowMs } = request;
  return refuseGiveBack({ paidAtMs: payment.atMs, nowMs, amountCents, dayCents }, limits);
}

type Reversed = {
  payment: StoredPayment;
  changes: readonly Change[];
  notice: RefundNotice;
  /** Of whoever had paid it, as it then stands. */
  money: RiderMoneyFacts | null;
};

/** What a reversal does to the payment itself; without one its key is closed for ever. */
export function reverse(
  facts: Omit<ReversalFacts, 'order' | 'refundedDayCents'>,
  request: ReversalRequest,
): Reversed {
  const { payment, money, merchantName } = facts;
  if (payment === null) {
    const closed = closedPayment(facts.nextPaymentId, request);
    const changes: Change[] = [{ kind: 'addPayment', payment: closed }];
    return { payment: closed, changes, notice: { ...NO_NOTICE, refundCents: 0 }, money: null };
  }
  const refundCents = leftOf(payment);
  if (refundCents === 0) {
    return { payment, changes: [], notice: { ...NO_NOTICE, refundCents }, money };
  }
  const refund = { key: WHOLE_REFUND_KEY, amountCents: refundCents, why: request.why };
  const back = giveBack(payment, { ...request, refund, money });
  const notice = { ...noticeOf(back.after, merchantName), refundCents };
  return { payment: back.after, changes: back.changes, notice, money: back.money };
}

/** What of a payment has not gone back yet. */
function leftOf({ outcome, amountCents, refundedCents }: StoredPayment): number {
  return outcome === 'PAID' ? amountCents - refundedCents : 0;
}

type Refund = { key: string; amountCents: number; why: RefundWhy };

/** Gives back so much of a paid payment; the caller has seen that so much is left. */
function giveBack(
  payment: StoredPayment,
  context: { refund: Refund; money: RiderMoneyFacts | null; issuer: number; nowMs: number },
): { after: StoredPayment; changes: readonly Change[]; money: RiderMoneyFacts } {
  const { refund, money, issuer, nowMs } = context;
  const { key, amountCents, why } = refund;
  assert(money !== null && amountCents <= leftOf(payment), 'somebody has paid what goes back');
  const refundedCents = payment.refundedCents + amountCents;
  const id = `payment:${payment.id}:${key}`;
  const move = applyRefund(money, { id, debit: ledgerAccountOf(payment), amountCents });
  const row = { payment: payment.id, key, amountCents, why, refundedCents, atMs: nowMs };
  return {
    after: {
      ...payment,
      refundedCents,
      refunds: [...payment.refunds, { idempotencyKey: key, amountCents, atMs: nowMs }],
    },
    changes: [{ kind: 'addRefund', ...row }, ...changesOfMove(money, move, { issuer, nowMs })],
    money: moneyAfter(money, move),
  };
}

/** A key that is taken back before it paid: whatever asks with it later finds this. */
function closedPayment(id: number, { payee, key, nowMs }: ReversalRequest): StoredPayment {
  return {
    id,
    payee,
    key,
    requestHash: CLOSED_HASH,
    outcome: 'REFUSED',
    reason: 'REVERSED',
    way: null,
    account: null,
    serial: null,
    handle: null,
    line: null,
    note: null,
    order: null,
    amountCents: 0,
    refundedCents: 0,
    receipt: null,
    atMs: nowMs,
    refunds: [],
  };
}
