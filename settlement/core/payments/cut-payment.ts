/**
 * A refused payment of which only its key is kept any more. It stands as one that was refused for the same reason
 * and whose request nobody knows: whatever asks with this key finds it, and never pays.
 */
import { CLOSED_HASH } from './pay.ts';
import type { StoredPayment } from './payment-changes.ts';

export type RefusedKey = Pick<StoredPayment, 'payee' | 'key' | 'atMs'> & {
  reason: NonNullable<StoredPayment['reason']>;
};

/** No payment has this id. */
const NO_ID = 0;

export function cutPayment({ payee, key, reason, atMs }: RefusedKey): StoredPayment {
  return {
    id: NO_ID,
    payee,
    key,
    requestHash: CLOSED_HASH,
    outcome: 'REFUSED',
    reason,
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
    atMs,
    refunds: [],
  };
}
