/**
 * Payments by code that are decided one after the other in one transaction, from facts that were read for all of them
 * at its beginning. What one of them changes and another one is decided from is carried over here, or the other one
 * waits for the next transaction.
 */
import type { Decision } from '../changes.ts';
import { paidEvents, tell } from '../events/tell.ts';
import { decidePay, type PayFacts, type PaymentRequest, type PayResult } from './pay.ts';
import { payeeName } from './payee.ts';
import type { PaymentLimits } from './payment-rules.ts';

/**
 * Which of these can be decided together: one of each payer, and one under each key. `payers`: whose code each one
 * presents; null: nobody's.
 */
export function decidableTogether(
  requests: readonly PaymentRequest[],
  payers: readonly (string | null)[],
): boolean[] {
  const taken = new Set<string>();
  return requests.map(({ payee }, index) => {
    const payer = payers[index] ?? null;
    const names = [JSON.stringify([payeeName(payee), payee.idempotencyKey])];
    if (payer !== null) names.push(payer);
    if (names.some((name) => taken.has(name))) return false;
    for (const name of names) taken.add(name);
    return true;
  });
}

/** In the order of the requests; null: it has to be asked again, nothing was decided about it. */
export type PayResults = readonly (PayResult | null)[];

/** `found`: one for each request; null: it was not read. */
export function decidePayments(
  found: readonly (PayFacts | null)[],
  { requests, limits }: { requests: readonly PaymentRequest[]; limits: PaymentLimits },
): Decision<PayResults> {
  const receipts = new Map<string, number>();
  /** Payees whose wrong codes were counted just now, each method for itself. */
  const counted = new Set<string>();
  const decisions = requests.map((request, index): Decision<PayResult> | null => {
    const facts = found[index] ?? null;
    const { payee, presented, nowMs } = request;
    const triesOf = `${presented.way} ${payeeName(payee)}`;
    if (facts === null || counted.has(triesOf)) return null;
    const name = payee.kind === 'merchant' ? payee.merchant : '';
    const merchant = facts.merchant && {
      ...facts.merchant,
      lastReceipt: receipts.get(name) ?? facts.merchant.lastReceipt,
    };
    const decided = decidePay({ ...facts, merchant }, { request, limits });
    for (const change of decided.changes) {
      if (change.kind === 'setReceipt') receipts.set(change.merchant, change.receipt);
      if (change.kind === 'addCodeFailure') counted.add(triesOf);
    }
    return tell(decided, (result) => paidEvents(result, { payee, atMs: nowMs }));
  });
  return {
    changes: decisions.flatMap((decision) => decision?.changes ?? []),
    result: decisions.map((decision) => decision?.result ?? null),
  };
}
