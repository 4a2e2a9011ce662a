/**
 * Payments, refunds, codes, orders, merchants and top-ups as they are stored, and what can be written
 * about them. Plain data: it decides nothing.
 */

import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { PaymentMethod, PaymentReason } from '@stile/protocol/payment.ts';
import type { OrderState } from './payment-rules.ts';

/** A decided payment with all that is kept of it. */
export type StoredPayment = {
  id: number;
  /** `merchant:ID`, also its ledger account, or `gate:ID`. */
  payee: string;
  key: string;
  /** Of all that was asked for; empty for a key that was closed before it paid. */
  requestHash: string;
  outcome: 'PAID' | 'REFUSED';
  reason: PaymentReason | null;
  way: PaymentMethod | null;
  account: string | null;
  serial: number | null;
  handle: string | null;
  /** Of a fare that a gate asked for; null at a merchant. */
  line: string | null;
  note: string | null;
  order: string | null;
  amountCents: number;
  refundedCents: number;
  receipt: number | null;
  atMs: number;
  refunds: Payment['refunds'];
};

export type RefundWhy = 'REFUND' | 'REVERSED' | 'GATE_DID_NOT_OPEN';

export type StoredOrder = {
  order: string;
  merchant: string;
  merchantName: string;
  key: string;
  amountCents: number;
  note: string | null;
  state: Exclude<OrderState, 'EXPIRED'>;
  createdAtMs: number;
  expiresAtMs: number;
};

/** A seed as it is stored: sealed, never plain. */
export type SealedSeed = {
  handle: string;
  account: string;
  serial: number;
  /** Which key sealed it. */
  keyId: string;
  sealed: Uint8Array;
};
export type NewSeed = SealedSeed & { nowMs: number; expiresAtMs: number };

/** What is known of a top-up (core/money/top-up-intent.ts). */
export type TopUpState = 'INTENT' | 'UNKNOWN' | 'FAILED' | 'PAID';

export type PaymentChange =
  | { kind: 'addPayment'; payment: StoredPayment }
  | {
      kind: 'addRefund';
      payment: number;
      key: string;
      amountCents: number;
      why: RefundWhy;
      /** Of the payment, this refund included. */
      refundedCents: number;
      atMs: number;
    }
  | { kind: 'setReceipt'; merchant: string; receipt: number }
  | { kind: 'addTopUp'; account: string; key: string; amountCents: number; atMs: number }
  /** New, or in another state than before. */
  | {
      kind: 'saveTopUpIntent';
      account: string;
      key: string;
      amountCents: number;
      state: TopUpState;
      attempts: number;
      /** When it is asked about again, if nothing is known then. */
      dueAtMs: number;
      atMs: number;
    }
  | CodeChange
  | OrderChange
  | {
      kind: 'setMerchant';
      merchant: string;
      name: string;
      tokenHash: string;
      managerTokenHash: string;
      atMs: number;
    }
  | { kind: 'blockMerchant'; merchant: string; atMs: number };

export type CodeChange =
  /** A wrong code of this method from this payee. */
  | { kind: 'addCodeFailure'; payee: string; way: PaymentMethod; atMs: number }
  | { kind: 'setHandleFailures'; handle: string; failures: number }
  | { kind: 'setHandlePaid'; handle: string; paidCents: number }
  | { kind: 'spendTimeStep'; handle: string; timeStep: number }
  | { kind: 'addSeed'; seed: NewSeed }
  | { kind: 'confirmSeed'; handle: string; atMs: number }
  /** What is ended is emptied: nothing needs its secret any more. */
  | { kind: 'endSeed'; handle: string; atMs: number }
  /** Of all phones, those that this key has sealed: nobody has it any more. */
  | { kind: 'endSeedsOfKey'; keyId: string; atMs: number }
  | {
      kind: 'addOnlineCode';
      codeHash: string;
      account: string;
      serial: number;
      expiresAtMs: number;
      boundCents: number | null;
    }
  | { kind: 'setOnlineCodeState'; codeHash: string; state: 'used' | 'ended' };

export type OrderChange =
  | { kind: 'addOrder'; order: StoredOrder }
  | { kind: 'endOrder'; order: string; state: 'PAID' | 'CANCELLED' };
