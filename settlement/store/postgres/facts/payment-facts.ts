/** The facts of each way that a payment is made or given back, put together from their readers. */
import { assert } from '@stile/protocol/fault.ts';
import { merchantAccountOf } from '../../../core/money/ledger.ts';
import type { GiveBackFacts, ReversalFacts } from '../../../core/payments/give-back.ts';
import type { PayerFacts } from '../../../core/payments/make-payment.ts';
import type {
  Confirmation,
  ConfirmationFacts,
  NewOrderFacts,
} from '../../../core/payments/order.ts';
import type { StoredOrder } from '../../../core/payments/payment-changes.ts';
import { DAY_MS } from '../../../core/payments/payment-rules.ts';
import type { MerchantKey, PaymentFacts } from '../../database.ts';
import type { PassOf } from '../../port.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';
import type { MerchantReader } from './merchant-facts.ts';
import type { OrderReader } from './order-facts.ts';
import { type PayerReaders, readPayers } from './pay/payers.ts';

export type PaymentReaders = PayerReaders & {
  orders: OrderReader;
  merchants: MerchantReader;
};

export class PaymentFactReader implements Omit<PaymentFacts, 'pay' | 'codeOwners'> {
  readonly #session: Session;
  readonly #readers: PaymentReaders;

  constructor(session: Session, readers: PaymentReaders) {
    this.#session = session;
    this.#readers = readers;
  }

  async refund(of: MerchantKey): Promise<GiveBackFacts> {
    await this.#lockPayment(of);
    return await this.#giveBack(of);
  }

  async reversal(of: MerchantKey): Promise<ReversalFacts> {
    const { payments, orders } = this.#readers;
    await this.#lockPayment(of);
    const [back, order, nextPaymentId] = await Promise.all([
      this.#giveBack(of),
      orders.byKey(of.merchant, of.idempotencyKey),
      payments.nextId(merchantAccountOf(of.merchant)),
    ]);
    return { ...back, order, nextPaymentId };
  }

  async newOrder(of: { merchant: string; idempotencyKey: string }): Promise<NewOrderFacts> {
    const { merchant, idempotencyKey } = of;
    const { payments, orders } = this.#readers;
    const [, sameKey, payment] = await Promise.all([
      lock(this.#session, { merchants: [merchant] }),
      orders.byKey(merchant, idempotencyKey),
      payments.find(merchantAccountOf(merchant), idempotencyKey),
    ]);
    return { sameKey, hasPayment: payment !== null };
  }

  async order(order: string): Promise<StoredOrder | null> {
    const { orders } = this.#readers;
    const merchant = await orders.merchantOf(order);
    if (merchant === null) return null;
    await lock(this.#session, { merchants: [merchant] });
    return await orders.byId(order);
  }

  async confirmation(confirmation: Confirmation): Promise<ConfirmationFacts> {
    const { issuer, order, account, serial, nowMs } = confirmation;
    const { payments, orders, merchants } = this.#readers;
    const name = await orders.merchantOf(order);
    if (name === null) return null;
    const payee = merchantAccountOf(name);
    const [, stored, merchant, payer, nextPaymentId] = await Promise.all([
      lock(this.#session, { merchants: [name], accounts: [account] }),
      orders.byId(order),
      merchants.read(name),
      this.#payer(issuer, { of: { account, serial }, nowMs }),
      payments.nextId(payee),
    ]);
    if (stored === null || merchant === null) return null;
    const earlier = await payments.find(payee, stored.key);
    return { order: stored, earlier, payer, merchant, nextPaymentId };
  }

  /** The merchant and whoever paid it. */
  async #lockPayment({ merchant, idempotencyKey }: MerchantKey): Promise<void> {
    const key = { payee: merchantAccountOf(merchant), key: idempotencyKey };
    // Behind the merchant no payment is made: who has paid is known.
    const [, accounts] = await Promise.all([
      lock(this.#session, { merchants: [merchant] }),
      this.#readers.payments.accountsOf([key]),
    ]);
    await lock(this.#session, { accounts });
  }

  async #giveBack({ merchant, idempotencyKey, reversalS, nowMs }: MerchantKey) {
    const { payments, merchants, money } = this.#readers;
    const payee = merchantAccountOf(merchant);
    const fromMs = nowMs - DAY_MS;
    const [payment, refundedDayCents, known] = await Promise.all([
      payments.find(payee, idempotencyKey),
      payments.refundedSince(payee, { fromMs, reversalS }),
      merchants.read(merchant),
    ]);
    const account = payment?.account ?? null;
    const payer = account === null ? null : await money.read(account);
    return { refundedDayCents, payment, money: payer, merchantName: known?.name ?? null };
  }

  async #payer(issuer: number, { of, nowMs }: { of: PassOf; nowMs: number }): Promise<PayerFacts> {
    const payers = await readPayers(this.#readers, [{ issuer, of, nowMs }]);
    const payer = payers.get(of.account);
    assert(payer !== undefined, 'what every payer has is read');
    return payer;
  }
}
