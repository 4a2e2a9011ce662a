/**
 * Merchants and their orders on SQLite. An order that is paid becomes a payment under its own key; one
 * that could not be paid stays open, because its rider may top up and confirm again. Every function runs
 * inside its caller's transaction.
 */
import type { PaymentReason, RiderPayment } from '@stile/protocol/payment.ts';
import { merchantAccountOf } from '../../core/ledger.ts';
import { type OrderState, orderStateAt } from '../../core/payment-rules.ts';
import type { MerchantRow, NewOrder, Offer, OrderRow, PaymentStore } from '../payment-port.ts';
import type { Connection } from './connection.ts';
import type { Money } from './money.ts';
import type { KnownPayer, Payments } from './payments.ts';

type Stored = {
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
type Confirmation = Parameters<PaymentStore['payOrder']>[0];
type Confirmed = Awaited<ReturnType<PaymentStore['payOrder']>>;

const ORDER = `SELECT order_id AS "order", purchase_order.merchant, name AS merchantName, key,
    amount_cents AS amountCents, note, state, purchase_order.created_at_ms AS createdAtMs,
    expires_at_ms AS expiresAtMs
  FROM purchase_order JOIN merchant ON merchant.merchant = purchase_order.merchant`;

const MERCHANT = 'SELECT merchant, name, blocked_at_ms AS blockedAtMs FROM merchant';

function prepare(db: Connection['db']) {
  return {
    set: db.prepare(
      `INSERT INTO merchant (merchant, name, token_hash, last_receipt, created_at_ms)
       VALUES (?, ?, ?, 0, ?)
       ON CONFLICT (merchant) DO UPDATE SET name = excluded.name, token_hash = excluded.token_hash,
         blocked_at_ms = NULL`,
    ),
    block: db.prepare(
      'UPDATE merchant SET blocked_at_ms = ? WHERE merchant = ? AND blocked_at_ms IS NULL',
    ),
    byToken: db.prepare(`${MERCHANT} WHERE token_hash = ? AND blocked_at_ms IS NULL`),
    list: db.prepare(`${MERCHANT} ORDER BY merchant`),
    add: db.prepare(
      `INSERT INTO purchase_order (order_id, merchant, key, amount_cents, note, state, created_at_ms,
         expires_at_ms) VALUES (?, ?, ?, ?, ?, 'OPEN', ?, ?)`,
    ),
    byId: db.prepare(`${ORDER} WHERE order_id = ?`),
    byKey: db.prepare(`${ORDER} WHERE purchase_order.merchant = ? AND key = ?`),
    end: db.prepare(`UPDATE purchase_order SET state = ? WHERE order_id = ? AND state = 'OPEN'`),
    endAll: db.prepare(
      `UPDATE purchase_order SET state = 'CANCELLED' WHERE merchant = ? AND state = 'OPEN'`,
    ),
  };
}

export class Merchants {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #payments: Payments;
  readonly #money: Money;

  constructor({ db }: Connection, payments: Payments, money: Money) {
    this.#sql = prepare(db);
    this.#payments = payments;
    this.#money = money;
  }

  set(row: { merchant: string; name: string; tokenHash: string; nowMs: number }): void {
    this.#sql.set.run(row.merchant, row.name, row.tokenHash, row.nowMs);
    this.#money.openAccount(merchantAccountOf(row.merchant));
  }

  /** Takes its open orders back too: nobody pays a merchant who is blocked. */
  block(merchant: string, nowMs: number): boolean {
    if (this.#sql.block.run(nowMs, merchant).changes === 0) return false;
    this.#sql.endAll.run(merchant);
    return true;
  }

  findByToken(tokenHash: string): MerchantRow | undefined {
    return this.#sql.byToken.get(tokenHash) as MerchantRow | undefined;
  }

  list(): MerchantRow[] {
    return this.#sql.list.all() as MerchantRow[];
  }

  addOrder(order: NewOrder): OrderRow | { kind: 'conflict' } {
    const { merchant, idempotencyKey, amountCents, note, nowMs, expiresAtMs } = order;
    const known = this.#sql.byKey.get(merchant, idempotencyKey) as Stored | undefined;
    if (known !== undefined) {
      const isSame = known.amountCents === amountCents && known.note === note;
      return isSame ? viewOf(known, nowMs) : { kind: 'conflict' };
    }
    if (this.#payments.rows.find(merchantAccountOf(merchant), idempotencyKey) !== undefined) {
      return { kind: 'conflict' };
    }
    this.#sql.add.run(
      ...[order.order, merchant, idempotencyKey, amountCents, note, nowMs, expiresAtMs],
    );
    return viewOf(this.#sql.byId.get(order.order) as Stored, nowMs);
  }

  findOrder(merchant: string, order: string, nowMs: number): OrderRow | undefined {
    const row = this.#find(order);
    return row?.merchant === merchant ? viewOf(row, nowMs) : undefined;
  }

  cancelOrder(merchant: string, order: string, nowMs: number): OrderRow | undefined {
    const row = this.#find(order);
    if (row?.merchant !== merchant) return undefined;
    if (orderStateAt(row, nowMs) === 'OPEN') this.#sql.end.run('CANCELLED', order);
    return this.findOrder(merchant, order, nowMs);
  }

  /** An order under this key is a request as any other: a payment may not use the same key. */
  hasOrder(merchant: string, key: string): boolean {
    return this.#sql.byKey.get(merchant, key) !== undefined;
  }

  /** Closes what is still open under a key that is taken back. */
  cancelKey(merchant: string, key: string): void {
    const row = this.#sql.byKey.get(merchant, key) as Stored | undefined;
    if (row !== undefined) this.#sql.end.run('CANCELLED', row.order);
  }

  findOffer(order: string, nowMs: number): Offer | undefined {
    const row = this.#find(order);
    if (row === undefined) return undefined;
    const { state, amountCents, note, expiresAtS } = viewOf(row, nowMs);
    return { order, state, merchantName: row.merchantName, amountCents, note, expiresAtS };
  }

  payOrder(confirmation: Confirmation): Confirmed {
    const { order, account, serial, amountCents, nowMs } = confirmation;
    const row = this.#find(order);
    if (row === undefined) return { kind: 'unknown' };
    if (row.amountCents !== amountCents) return { kind: 'conflict' };
    const paid = this.#payments.rows.find(merchantAccountOf(row.merchant), row.key);
    if (paid?.outcome === 'PAID' && paid.account === account) {
      const rider = this.#payments.riderViewOf(paid);
      const payment = this.#payments.rows.viewOf(paid);
      const { merchant } = row;
      if (rider !== null) {
        return { kind: 'repeated', merchant, order: viewOf(row, nowMs), payment, rider };
      }
    }
    const payer = { account, serial, handle: null, handleCents: 0 };
    return this.#confirm(confirmation, row, { way: 'ORDER', payer });
  }

  #confirm({ issuer, nowMs }: Confirmation, row: Stored, known: KnownPayer): Confirmed {
    const { merchant, key, amountCents, note, order } = row;
    const position = this.#money.readMoney(known.payer.account);
    const reason =
      REFUSED_STATES[orderStateAt(row, nowMs)] ??
      this.#payments.judge(issuer, amountCents, known, position, nowMs);
    if (reason !== null) {
      const rider = { outcome: 'REFUSED', reason, way: 'ORDER', payee: row.merchantName } as const;
      return this.#refused(row, { ...rider, amountCents, atMs: nowMs }, nowMs);
    }
    const payee = { kind: 'merchant', merchant, idempotencyKey: key, amountCents } as const;
    const requestHash = `order:${order}`;
    const request = { issuer, payee, amountCents, note, order, requestHash, nowMs };
    const paid = this.#payments.decide(request, known, null);
    this.#sql.end.run('PAID', order);
    const payment = this.#payments.rows.viewOf(paid);
    const rider = { outcome: 'PAID', reason: null, way: 'ORDER', payee: row.merchantName } as const;
    return {
      kind: 'decided',
      merchant,
      order: viewOf({ ...row, state: 'PAID' }, nowMs),
      payment,
      rider: { ...rider, amountCents, atMs: nowMs },
    };
  }

  /** Nothing is stored: the order stays as it is, and may be confirmed again. */
  #refused(row: Stored, rider: RiderPayment, nowMs: number): Confirmed {
    const { key, amountCents, note, order, merchant } = row;
    const { outcome, reason, way } = rider;
    const payment = {
      ...{ idempotencyKey: key, outcome, reason, way, amountCents, refundedCents: 0, note },
      ...{ receipt: null, order, atMs: nowMs, refunds: [] },
    };
    return { kind: 'declined', merchant, order: viewOf(row, nowMs), payment, rider };
  }

  #find(order: string): Stored | undefined {
    return this.#sql.byId.get(order) as Stored | undefined;
  }
}

const REFUSED_STATES: Readonly<Record<OrderState, PaymentReason | null>> = {
  OPEN: null,
  // Somebody else has: what was shown is used up.
  PAID: 'CODE_USED',
  CANCELLED: 'ORDER_CANCELLED',
  EXPIRED: 'ORDER_EXPIRED',
};

function viewOf(row: Stored, nowMs: number): OrderRow {
  const { order, key, amountCents, note, createdAtMs, expiresAtMs } = row;
  return {
    ...{ order, idempotencyKey: key, state: orderStateAt(row, nowMs), amountCents, note },
    ...{ createdAtMs, expiresAtS: Math.floor(expiresAtMs / 1000) },
  };
}
