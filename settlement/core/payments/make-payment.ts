/**
 * Whether a known or unknown payer pays an amount, and the payment, receipt and money that follow from it.
 * What pays by code and what pays an order both come here, so that all methods have one set of rules.
 */

import { assert } from '@stile/protocol/fault.ts';
import type { PaymentReason } from '@stile/protocol/payment.ts';
import type { Change } from '../changes.ts';
import type { DeniedBy } from '../lists/deny.ts';
import { changesOfMove, type RiderMoneyFacts } from '../money/money-changes.ts';
import { applyPayment } from '../money/rider-money.ts';
import { ledgerAccountOf, type Payee, payeeName } from './payee.ts';
import type { StoredPayment } from './payment-changes.ts';
import { judgePayment, type PaymentLimits } from './payment-rules.ts';
import type { Payer } from './spend-code.ts';

/** What the payer has and may. */
export type PayerFacts = {
  money: RiderMoneyFacts;
  /** Of the account or of this pass. */
  denials: readonly DeniedBy[];
  /** Spent in the last 24 hours, rides included, refunds taken off. */
  dayCents: number;
  /** Of it, by payment codes. */
  offlineDayCents: number;
};

/** A payer who is known: by a code that was good, or by the session that confirms an order. */
export type KnownPayer = {
  way: 'PAYMENT_CODE' | 'ONLINE_CODE' | 'ORDER';
  payer: Payer;
  facts: PayerFacts;
};

export type NewPayment = {
  issuer: number;
  payee: Payee;
  /** Null: the line of the gate has no fare. */
  amountCents: number | null;
  note: string | null;
  order: string | null;
  requestHash: string;
  nowMs: number;
};

export type PaymentContext = {
  /** Null if the code was not good. */
  payer: KnownPayer | null;
  /** Why the code is not good; null if it is. */
  codeReason: PaymentReason | null;
  nextPaymentId: number;
  /** Of the merchant; null at a gate, which has no receipts. */
  lastReceipt: number | null;
};

export function makePayment(
  request: NewPayment,
  context: PaymentContext & { limits: PaymentLimits },
): { payment: StoredPayment; changes: readonly Change[] } {
  const { payee, note, order, requestHash, nowMs } = request;
  const known = context.payer;
  const reason =
    context.codeReason ??
    reasonOf(known, {
      amountCents: request.amountCents,
      isFare: payee.kind === 'gate',
      limits: context.limits,
    });
  const isPaid = reason === null;
  const receipt = isPaid && payee.kind === 'merchant' ? nextReceipt(context) : null;
  const payment: StoredPayment = {
    id: context.nextPaymentId,
    payee: payeeName(payee),
    key: payee.idempotencyKey,
    requestHash,
    outcome: isPaid ? 'PAID' : 'REFUSED',
    reason,
    way: known?.way ?? null,
    account: known?.payer.account ?? null,
    serial: known?.payer.serial ?? null,
    handle: known?.payer.handle ?? null,
    line: payee.kind === 'gate' ? payee.line : null,
    note,
    order,
    amountCents: request.amountCents ?? 0,
    refundedCents: 0,
    receipt,
    atMs: nowMs,
    refunds: [],
  };
  const changes: Change[] = [{ kind: 'addPayment', payment }];
  if (isPaid && known !== null) changes.push(...moneyOf(payment, known, request));
  if (receipt !== null && payee.kind === 'merchant') {
    changes.push({ kind: 'setReceipt', merchant: payee.merchant, receipt });
  }
  return { payment, changes };
}

function nextReceipt({ lastReceipt }: PaymentContext): number {
  assert(lastReceipt !== null, 'only a merchant that was set up is paid');
  return lastReceipt + 1;
}

/** Null if this payer may and can pay it. */
export function reasonOf(
  known: KnownPayer | null,
  asked: { amountCents: number | null; isFare: boolean; limits: PaymentLimits },
): PaymentReason | null {
  assert(known !== null, 'a code that is good has a payer');
  const { way, payer, facts } = known;
  const payerNow = {
    way,
    isDenied: facts.denials.length > 0,
    walletCents: facts.money.walletCents,
    dayCents: facts.dayCents,
    offlineDayCents: facts.offlineDayCents,
    boundCents: payer.boundCents,
  };
  const { limits, ...amount } = asked;
  return judgePayment({ ...amount, payer: payerNow }, limits);
}

function moneyOf(
  payment: StoredPayment,
  { payer, facts }: KnownPayer,
  { issuer, nowMs }: Pick<NewPayment, 'issuer' | 'nowMs'>,
): Change[] {
  const { id, amountCents } = payment;
  const credit = ledgerAccountOf(payment);
  const move = applyPayment(facts.money, { id: `payment:${id}`, credit, amountCents });
  const changes = changesOfMove(facts.money, move, { issuer, nowMs });
  const { handle, handleCents } = payer;
  if (handle === null) return changes;
  return [...changes, { kind: 'setHandlePaid', handle, paidCents: handleCents + amountCents }];
}
