/** Payments as they lie in their table, and as their merchant sees them. It decides nothing. */
import { assert } from '@stile/protocol/fault.ts';
import type { Payment, PaymentReason, Way } from '@stile/protocol/payment.ts';
import type { Connection } from './connection.ts';

export type PaymentRow = {
  id: number;
  payee: string;
  key: string;
  requestHash: string;
  outcome: 'PAID' | 'REFUSED';
  reason: PaymentReason | null;
  way: Way | null;
  account: string | null;
  serial: number | null;
  handle: string | null;
  line: string | null;
  note: string | null;
  order: string | null;
  amountCents: number;
  refundedCents: number;
  receipt: number | null;
  atMs: number;
};
export type NewPaymentRow = Omit<PaymentRow, 'id' | 'refundedCents'>;

const COLUMNS = `id, payee, key, request_hash AS requestHash, outcome, reason, way, account, serial, handle,
  line, note, order_id AS "order", amount_cents AS amountCents, refunded_cents AS refundedCents,
  receipt, at_ms AS atMs`;

function prepare(db: Connection['db']) {
  return {
    find: db.prepare(`SELECT ${COLUMNS} FROM payment WHERE payee = ? AND key = ?`),
    page: db.prepare(
      `SELECT ${COLUMNS} FROM payment
       WHERE payee = @payee AND at_ms >= @fromMs AND at_ms < @toMs
         AND (at_ms < @atMs OR (at_ms = @atMs AND id < @id))
       ORDER BY at_ms DESC, id DESC LIMIT @limit`,
    ),
    totals: db.prepare(
      `SELECT count(*) AS payments, coalesce(sum(amount_cents), 0) AS paidCents,
         coalesce(sum(refunded_cents), 0) AS refundedCents
       FROM payment WHERE payee = ? AND at_ms >= ? AND at_ms < ? AND outcome = 'PAID'`,
    ),
    add: db.prepare(
      `INSERT INTO payment (payee, key, request_hash, outcome, reason, way, account, serial, handle, line,
         note, order_id, amount_cents, refunded_cents, receipt, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
    ),
    refund: db.prepare('UPDATE payment SET refunded_cents = refunded_cents + ? WHERE id = ?'),
    addRefund: db.prepare(
      'INSERT INTO payment_refund (payment, key, amount_cents, why, at_ms) VALUES (?, ?, ?, ?, ?)',
    ),
    refunds: db.prepare(
      `SELECT key AS idempotencyKey, amount_cents AS amountCents, at_ms AS atMs FROM payment_refund
       WHERE payment = ? ORDER BY id`,
    ),
    daySum: db
      .prepare(
        `SELECT (SELECT coalesce(sum(fare_cents), 0) FROM charge
                 WHERE account = @account AND ridden_at_ms > @fromMs)
              + (SELECT coalesce(sum(amount_cents - refunded_cents), 0) FROM payment
                 WHERE account = @account AND outcome = 'PAID' AND at_ms > @fromMs)`,
      )
      .pluck(),
    takeReceipt: db
      .prepare(
        'UPDATE merchant SET last_receipt = last_receipt + 1 WHERE merchant = ? RETURNING last_receipt',
      )
      .pluck(),
  };
}

export class PaymentRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  find(payee: string, key: string): PaymentRow | undefined {
    return this.#sql.find.get(payee, key) as PaymentRow | undefined;
  }

  add(row: NewPaymentRow): PaymentRow {
    const { payee, key, requestHash, outcome, reason, way, account, serial, handle } = row;
    const { line, note, order, amountCents, receipt, atMs } = row;
    const added = this.#sql.add.run(
      ...[payee, key, requestHash, outcome, reason, way, account, serial, handle],
      ...[line, note, order, amountCents, receipt, atMs],
    );
    return { ...row, id: Number(added.lastInsertRowid), refundedCents: 0 };
  }

  /** The next number of this merchant's receipts. */
  takeReceipt(merchant: string): number {
    const receipt = this.#sql.takeReceipt.get(merchant) as number | undefined;
    assert(receipt !== undefined, 'only a merchant that was set up is paid');
    return receipt;
  }

  addRefund(id: number, key: string, amountCents: number, why: string, nowMs: number): void {
    this.#sql.addRefund.run(id, key, amountCents, why, nowMs);
    this.#sql.refund.run(amountCents, id);
  }

  refundsOf(id: number): Payment['refunds'] {
    return this.#sql.refunds.all(id) as Payment['refunds'];
  }

  /** What an account has spent since then, rides included. */
  spentSince(account: string, fromMs: number): number {
    return this.#sql.daySum.get({ account, fromMs }) as number;
  }

  page(query: {
    payee: string;
    fromMs: number;
    toMs: number;
    atMs: number;
    id: number;
    limit: number;
  }): PaymentRow[] {
    return this.#sql.page.all(query) as PaymentRow[];
  }

  totals(payee: string, fromMs: number, toMs: number) {
    return this.#sql.totals.get(payee, fromMs, toMs) as {
      payments: number;
      paidCents: number;
      refundedCents: number;
    };
  }

  viewOf(row: PaymentRow): Payment {
    const { key, outcome, reason, way, amountCents, refundedCents, note, receipt, order } = row;
    return {
      ...{ idempotencyKey: key, outcome, reason, way, amountCents, refundedCents },
      ...{ note, receipt, order, atMs: row.atMs },
      refunds: refundedCents > 0 ? this.refundsOf(row.id) : [],
    };
  }
}
