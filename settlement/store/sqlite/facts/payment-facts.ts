/** The facts of each way that a payment is made or given back, put together from their readers. */

import { merchantAccountOf } from '../../../core/money/ledger.ts';
import type { GiveBackFacts, ReversalFacts } from '../../../core/payments/give-back.ts';
import type { PayerFacts } from '../../../core/payments/make-payment.ts';
import type {
  Confirmation,
  ConfirmationFacts,
  NewOrderFacts,
} from '../../../core/payments/order.ts';
import type { PayFacts } from '../../../core/payments/pay.ts';
import { type Payee, payeeName } from '../../../core/payments/payee.ts';
import type { StoredOrder, StoredPayment } from '../../../core/payments/payment-changes.ts';
import { DAY_MS } from '../../../core/payments/payment-rules.ts';
import type { Presented } from '../../../core/payments/spend-code.ts';
import type { MerchantKey, PaymentFacts, PayQuery } from '../../database.ts';
import type { PassOf } from '../../port.ts';
import type { CodeReader } from './code-facts.ts';
import type { DenialReader } from './denials.ts';
import type { FareReader } from './fares.ts';
import type { MerchantReader } from './merchant-facts.ts';
import type { OrderReader } from './order-facts.ts';
import type { RiderMoneyReader } from './rider-money.ts';
import type { StoredPayments } from './stored-payments.ts';

export type PaymentReaders = {
  payments: StoredPayments;
  orders: OrderReader;
  merchants: MerchantReader;
  codes: CodeReader;
  money: RiderMoneyReader;
  denials: DenialReader;
  fares: FareReader;
};

export class PaymentFactReader implements PaymentFacts {
  readonly #readers: PaymentReaders;

  constructor(readers: PaymentReaders) {
    this.#readers = readers;
  }

  codeOwners(presented: readonly Presented[]): (PassOf | null)[] {
    return presented.map((one) => {
      const code = this.#readers.codes.code(one);
      return code.way === 'PAYMENT_CODE' ? code.seed : code.code;
    });
  }

  pay(asked: readonly PayQuery[]): PayFacts[] {
    const nextId = this.#readers.payments.nextId();
    return asked.map((one, index) => ({ ...this.#pay(one), nextPaymentId: nextId + index }));
  }

  #pay({ request, owner }: PayQuery): Omit<PayFacts, 'nextPaymentId'> {
    const { issuer, payee, presented, nowMs } = request;
    const { payments, merchants, codes, fares } = this.#readers;
    const name = payeeName(payee);
    // Of a wrong password no more is read than of an unknown handle: it takes as long.
    const isWrong = presented.way === 'PAYMENT_CODE' && presented.timeStep === null;
    const isGate = payee.kind === 'gate';
    return {
      earlier: payments.find(name, payee.idempotencyKey),
      hasOrder: this.#hasOrder(payee),
      payeeFailures: codes.failuresOf(name, { way: presented.way, nowMs }),
      code: codes.code(presented),
      payer: isWrong ? null : owner && this.#payer(issuer, { of: owner, nowMs }),
      fare: isGate ? fares.read(payee.gate, payee.line) : null,
      merchant: isGate ? null : merchants.read(payee.merchant),
    };
  }

  refund({ merchant, idempotencyKey, reversalS, nowMs }: MerchantKey): GiveBackFacts {
    const { payments, merchants } = this.#readers;
    const payee = merchantAccountOf(merchant);
    const payment = payments.find(payee, idempotencyKey);
    return {
      refundedDayCents: payments.refundedSince(payee, { fromMs: nowMs - DAY_MS, reversalS }),
      payment,
      money: this.#moneyOf(payment),
      merchantName: merchants.read(merchant)?.name ?? null,
    };
  }

  reversal(of: MerchantKey): ReversalFacts {
    const { payments, orders } = this.#readers;
    return {
      ...this.refund(of),
      order: orders.byKey(of.merchant, of.idempotencyKey),
      nextPaymentId: payments.nextId(),
    };
  }

  newOrder({ merchant, idempotencyKey }: Omit<MerchantKey, 'nowMs' | 'reversalS'>): NewOrderFacts {
    const { payments, orders } = this.#readers;
    return {
      sameKey: orders.byKey(merchant, idempotencyKey),
      hasPayment: payments.find(merchantAccountOf(merchant), idempotencyKey) !== null,
    };
  }

  order(order: string): StoredOrder | null {
    return this.#readers.orders.byId(order);
  }

  confirmation({ issuer, order, account, serial, nowMs }: Confirmation): ConfirmationFacts {
    const { payments, orders, merchants } = this.#readers;
    const stored = orders.byId(order);
    const merchant = stored && merchants.read(stored.merchant);
    if (stored === null || merchant === null) return null;
    return {
      order: stored,
      earlier: payments.find(merchantAccountOf(stored.merchant), stored.key),
      payer: this.#payer(issuer, { of: { account, serial }, nowMs }),
      merchant,
      nextPaymentId: payments.nextId(),
    };
  }

  #hasOrder(payee: Payee): boolean {
    if (payee.kind === 'gate') return false;
    return this.#readers.orders.byKey(payee.merchant, payee.idempotencyKey) !== null;
  }

  #payer(issuer: number, { of, nowMs }: { of: PassOf; nowMs: number }): PayerFacts {
    const { money, denials, payments } = this.#readers;
    return {
      money: money.read(of.account),
      denials: denials.read(issuer, of),
      dayCents: payments.spentSince(of.account, nowMs - DAY_MS),
      offlineDayCents: payments.spentOfflineSince(of.account, nowMs - DAY_MS),
    };
  }

  #moneyOf(payment: StoredPayment | null) {
    const account = payment?.account ?? null;
    return account === null ? null : this.#readers.money.read(account);
  }
}
