/** Facts for decisions: a good case of each, from which a test changes what it is about. */
import type { OwedCharge, RiderMoneyFacts } from '../core/money/money-changes.ts';
import type { PayFacts, PaymentRequest } from '../core/payments/pay.ts';
import type { StoredOrder, StoredPayment } from '../core/payments/payment-changes.ts';
import type { SeedFacts } from '../core/payments/spend-code.ts';

export const NOW_MS = Date.UTC(2026, 2, 2, 8);
/** Of a deny list. */
export const DENY_SALT = '5a'.repeat(32);
export const ISSUER = 1;
export const HANDLE = '12345678';
/** 8 bytes, as every account. */
export const ACCOUNT = '00000000000000aa';

export function moneyFacts(changes: Partial<RiderMoneyFacts> = {}): RiderMoneyFacts {
  return { account: ACCOUNT, walletCents: 10_000, owing: [], ...changes };
}

export function owedCharge(changes: Partial<OwedCharge> = {}): OwedCharge {
  return {
    use: `${ISSUER}/${ACCOUNT}/1/1`,
    owedCents: 250,
    rev: 1,
    state: 'DEBT',
    fareCents: 250,
    record: 7,
    riddenAtMs: NOW_MS - 1_000,
    ...changes,
  };
}

export function seedFacts(changes: Partial<SeedFacts> = {}): SeedFacts {
  return {
    handle: HANDLE,
    account: ACCOUNT,
    serial: 1,
    keyId: 'k',
    sealed: new Uint8Array([1]),
    expiresAtMs: NOW_MS + 1,
    confirmedAtMs: NOW_MS - 1,
    endedAtMs: null,
    failures: 0,
    paidCents: 0,
    ...changes,
  };
}

/** A payment code of 3.00 at a kiosk, good in every way. */
export function paymentRequest(changes: Partial<PaymentRequest> = {}): PaymentRequest {
  return {
    issuer: ISSUER,
    payee: { kind: 'merchant', merchant: 'kiosk', idempotencyKey: 'sale-1', amountCents: 300 },
    presented: { way: 'PAYMENT_CODE', handle: HANDLE, timeStep: 9 },
    note: null,
    requestHash: 'hash of sale-1',
    nowMs: NOW_MS,
    ...changes,
  };
}

export function payFacts(changes: Partial<PayFacts> = {}): PayFacts {
  return {
    earlier: null,
    hasOrder: false,
    payeeFailures: { count: 0, latestMs: 0 },
    code: { way: 'PAYMENT_CODE', seed: seedFacts(), isSpent: false, phoneHandles: [HANDLE] },
    payer: { money: moneyFacts(), denials: [], dayCents: 0, offlineDayCents: 0 },
    fare: null,
    merchant: { name: 'Harbour Kiosk', lastReceipt: 4 },
    nextPaymentId: 11,
    ...changes,
  };
}

export function storedPayment(changes: Partial<StoredPayment> = {}): StoredPayment {
  return {
    id: 10,
    payee: 'merchant:kiosk',
    key: 'sale-1',
    requestHash: 'hash of sale-1',
    outcome: 'PAID',
    reason: null,
    way: 'PAYMENT_CODE',
    account: ACCOUNT,
    serial: 1,
    handle: HANDLE,
    line: null,
    note: null,
    order: null,
    amountCents: 300,
    refundedCents: 0,
    receipt: 4,
    atMs: NOW_MS - 5_000,
    refunds: [],
    ...changes,
  };
}

export function storedOrder(changes: Partial<StoredOrder> = {}): StoredOrder {
  return {
    order: 'order-1',
    merchant: 'kiosk',
    merchantName: 'Harbour Kiosk',
    key: 'sale-1',
    amountCents: 300,
    note: null,
    state: 'OPEN',
    createdAtMs: NOW_MS - 1_000,
    expiresAtMs: NOW_MS + 1_000,
    ...changes,
  };
}
