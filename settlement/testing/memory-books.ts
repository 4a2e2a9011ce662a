/**
 * Books in memory: reads facts for the decisions about money and writes their changes, as a store does, so
 * that whole histories can be tried without a database. One rider, one kiosk; small on purpose.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { Change, Decision } from '../core/changes.ts';
import { balanceCents, kindOf, type Totals } from '../core/money/ledger.ts';
import type { OwedCharge, RiderMoneyFacts } from '../core/money/money-changes.ts';
import type { TopUpFacts } from '../core/money/top-up.ts';
import type { GiveBackFacts, ReversalFacts } from '../core/payments/give-back.ts';
import type { ConfirmationFacts, NewOrderFacts } from '../core/payments/order.ts';
import type { PayFacts, PaymentRequest } from '../core/payments/pay.ts';
import type { StoredOrder, StoredPayment } from '../core/payments/payment-changes.ts';
import { ACCOUNT, HANDLE, moneyFacts, payFacts, seedFacts } from './facts.ts';

export class MemoryBooks {
  readonly payments: StoredPayment[] = [];
  readonly orders = new Map<string, StoredOrder>();
  readonly topUps = new Map<string, number>();
  readonly transfers = new Set<string>();
  readonly #totals = new Map<string, Totals>();
  readonly #spent = new Set<number>();
  #charges: OwedCharge[];
  #paidCents = 0;
  #lastReceipt = 0;
  isDenied: boolean;

  /** `charges`: what the rider owes from the start, as rides have left it. */
  constructor(charges: readonly OwedCharge[]) {
    this.#charges = [...charges];
    this.isDenied = charges.length > 0;
    const debitsCents = charges.reduce((sum, { owedCents }) => sum + owedCents, 0);
    this.#totals.set(`receivable:${ACCOUNT}`, { debitsCents, creditsCents: 0 });
    this.#totals.set('revenue:M1', { debitsCents: 0, creditsCents: debitsCents });
  }

  /** Writes what was decided and answers what was said. */
  carryOut<Result>({ changes, result }: Decision<Result>): Result {
    for (const change of changes) this.#write(change);
    return result;
  }

  balanceCents(name: string): number {
    const totals = this.#totals.get(name) ?? { debitsCents: 0, creditsCents: 0 };
    return balanceCents(kindOf(name), totals);
  }

  get ledger(): ReadonlyMap<string, Totals> {
    return this.#totals;
  }

  get lastReceipt(): number {
    return this.#lastReceipt;
  }

  get money(): RiderMoneyFacts {
    const owing = this.#charges.filter(({ owedCents }) => owedCents > 0);
    return moneyFacts({ walletCents: this.balanceCents(`wallet:${ACCOUNT}`), owing });
  }

  topUpFacts(key: string): TopUpFacts {
    return { earlierCents: this.topUps.get(key) ?? null, money: this.money };
  }

  payFacts({ payee, presented }: PaymentRequest): PayFacts {
    const timeStep = presented.way === 'PAYMENT_CODE' ? (presented.timeStep ?? -1) : -1;
    return payFacts({
      earlier: this.#find(payee.idempotencyKey),
      hasOrder: this.#orderOf(payee.idempotencyKey) !== null,
      code: {
        way: 'PAYMENT_CODE',
        seed: seedFacts({ paidCents: this.#paidCents }),
        isSpent: this.#spent.has(timeStep),
        phoneHandles: [HANDLE],
      },
      payer: this.#payer,
      merchant: { name: 'Harbour Kiosk', lastReceipt: this.#lastReceipt },
      nextPaymentId: this.payments.length + 1,
    });
  }

  giveBackFacts(key: string): GiveBackFacts {
    const payment = this.#find(key);
    const money = payment?.account === ACCOUNT ? this.money : null;
    return { payment, money, merchantName: 'Harbour Kiosk', refundedDayCents: 0 };
  }

  reversalFacts(key: string): ReversalFacts {
    const nextPaymentId = this.payments.length + 1;
    return { ...this.giveBackFacts(key), order: this.#orderOf(key), nextPaymentId };
  }

  newOrderFacts(key: string): NewOrderFacts {
    return { sameKey: this.#orderOf(key), hasPayment: this.#find(key) !== null };
  }

  confirmationFacts(order: string): ConfirmationFacts {
    const stored = this.orders.get(order);
    if (stored === undefined) return null;
    return {
      order: stored,
      earlier: this.#find(stored.key),
      payer: this.#payer,
      merchant: { name: 'Harbour Kiosk', lastReceipt: this.#lastReceipt },
      nextPaymentId: this.payments.length + 1,
    };
  }

  get #payer() {
    const denials = this.isDenied ? [{ cause: 'DEBT', note: 'a fare is owed' } as const] : [];
    return { money: this.money, denials, dayCents: 0, offlineDayCents: 0 };
  }

  #find(key: string): StoredPayment | null {
    return this.payments.find((payment) => payment.key === key) ?? null;
  }

  #orderOf(key: string): StoredOrder | null {
    return [...this.orders.values()].find((order) => order.key === key) ?? null;
  }

  #write(change: Change): void {
    switch (change.kind) {
      case 'post':
        for (const { id } of change.transfers) {
          assert(!this.transfers.has(id), `${id} is posted once`);
          this.transfers.add(id);
        }
        for (const { name, debitsCents, creditsCents } of change.totals) {
          const before = this.#totals.get(name) ?? { debitsCents: 0, creditsCents: 0 };
          this.#totals.set(name, {
            debitsCents: before.debitsCents + debitsCents,
            creditsCents: before.creditsCents + creditsCents,
          });
        }
        break;
      case 'setOwed':
        this.#charges = this.#charges.map((charge) =>
          charge.use === change.use ? { ...charge, owedCents: change.owedCents } : charge,
        );
        break;
      case 'liftDenial':
        this.isDenied = false;
        break;
      case 'addPayment':
        assert(change.payment.id === this.payments.length + 1, 'ids count up');
        this.payments.push(change.payment);
        break;
      case 'addRefund':
        this.#refund(change);
        break;
      default:
        this.#writeRest(change);
    }
  }

  #refund({ payment, refundedCents, key, amountCents, atMs }: RefundChange): void {
    const at = payment - 1;
    const before = this.payments[at];
    assert(before !== undefined, 'what goes back was paid');
    const refunds = [...before.refunds, { idempotencyKey: key, amountCents, atMs }];
    this.payments[at] = { ...before, refundedCents, refunds };
  }

  #writeRest(change: Change): void {
    switch (change.kind) {
      case 'setReceipt':
        this.#lastReceipt = change.receipt;
        break;
      case 'addTopUp':
        this.topUps.set(change.key, change.amountCents);
        break;
      case 'spendTimeStep':
        this.#spent.add(change.timeStep);
        break;
      case 'setHandlePaid':
        this.#paidCents = change.paidCents;
        break;
      case 'addOrder':
        this.orders.set(change.order.order, change.order);
        break;
      case 'endOrder': {
        const order = this.orders.get(change.order);
        if (order !== undefined) this.orders.set(change.order, { ...order, state: change.state });
        break;
      }
      default:
        break;
    }
  }
}

type RefundChange = Extract<Change, { kind: 'addRefund' }>;
