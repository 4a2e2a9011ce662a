/**
 * A payment by payment code or online code: is it the same request again, what is the code, may and can its
 * rider pay, and what then is written. One decision, from facts that were read for it.
 */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { LineFare } from '@stile/protocol/trust-list.ts';
import { type Decision, unchanged } from '../changes.ts';
import { fareOfTap, type GateLine } from '../rides/tariff.ts';
import { makePayment, type PayerFacts } from './make-payment.ts';
import { type Payee, payeeName } from './payee.ts';
import type { StoredPayment } from './payment-changes.ts';
import type { PayeeFailures, PaymentLimits } from './payment-rules.ts';
import { merchantView, NO_NOTICE, type Notice, noticeOf } from './payment-view.ts';
import { type CodeFacts, type Presented, spendCode } from './spend-code.ts';

export type PaymentRequest = {
  issuer: number;
  payee: Payee;
  presented: Presented;
  note: string | null;
  /** Hash of all that was asked for: the same id with another request is a conflict. */
  requestHash: string;
  nowMs: number;
};

export type PayFacts = {
  /** What stands under this key already. */
  earlier: StoredPayment | null;
  /** An order has this key: it is another request, whatever it asks for. */
  hasOrder: boolean;
  /** Wrong codes of this payee and of the presented method. */
  payeeFailures: PayeeFailures;
  code: CodeFacts;
  /** Of whose code it is; null if it is nobody's. */
  payer: PayerFacts | null;
  /** Where the gate stands and what its line costs; null at a merchant. */
  fare: { gateLines: readonly GateLine[]; lineFares: readonly LineFare[] } | null;
  /** Null at a gate. */
  merchant: MerchantFacts | null;
  /** Free for a new payment. */
  nextPaymentId: number;
};

export type MerchantFacts = { name: string; lastReceipt: number };

export type PayResult =
  | { kind: 'decided' | 'repeated'; payment: Payment; notice: Notice }
  | { kind: 'conflict' };

export function decidePay(
  facts: PayFacts,
  { request, limits }: { request: PaymentRequest; limits: PaymentLimits },
): Decision<PayResult> {
  const { earlier, merchant } = facts;
  if (facts.hasOrder) return unchanged({ kind: 'conflict' });
  if (earlier !== null) return unchanged(repeatOf(earlier, request.requestHash));
  const { payee, presented, nowMs } = request;
  const payees = { code: facts.code, payee: payeeName(payee), payeeFailures: facts.payeeFailures };
  const { reason, payer, changes } = spendCode(presented, payees, { limits, nowMs });
  const { payment, changes: paid } = makePayment(
    { ...request, amountCents: amountOf(facts, request), order: null },
    {
      payer: payer && facts.payer && { way: presented.way, payer, facts: facts.payer },
      codeReason: reason,
      nextPaymentId: facts.nextPaymentId,
      lastReceipt: merchant?.lastReceipt ?? null,
      limits,
    },
  );
  const notice = noticeOf(payment, merchant?.name ?? null);
  const result: PayResult = { kind: 'decided', payment: merchantView(payment), notice };
  return { changes: [...changes, ...paid], result };
}

/** The same key with the same request, or one that was closed, has its answer already. */
function repeatOf(earlier: StoredPayment, requestHash: string): PayResult {
  const isSame = earlier.requestHash === requestHash || earlier.requestHash === CLOSED_HASH;
  if (!isSame) return { kind: 'conflict' };
  return { kind: 'repeated', payment: merchantView(earlier), notice: NO_NOTICE };
}

/** A key that was taken back before it paid has no request. */
export const CLOSED_HASH = '';

/** Null if no fare is in force: that is not zero. */
function amountOf({ fare }: PayFacts, { payee, nowMs }: PaymentRequest): number | null {
  if (payee.kind === 'merchant') return payee.amountCents;
  if (fare === null) return null;
  const tap = { line: payee.line, atMs: nowMs, clock: 'TRUSTED' } as const;
  return fareOfTap(tap, fare) ?? null;
}
