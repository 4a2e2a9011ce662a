/** Payments with their refunds as they lie in their tables, one by one and in pages. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { cutPayment, type RefusedKey } from '../../../core/payments/cut-payment.ts';
import type { StoredPayment } from '../../../core/payments/payment-changes.ts';
import type { Connection } from '../connection.ts';

type Row = Omit<StoredPayment, 'refunds'>;

const COLUMNS = `id, payee, key, request_hash AS requestHash, outcome, reason, way, account, serial, handle,
  line, note, order_id AS "order", amount_cents AS amountCents, refunded_cents AS refundedCents,
  receipt, at_ms AS atMs`;

function prepare(db: Connection['db']) {
  return {
    find: db.prepare(`SELECT ${COLUMNS} FROM payment WHERE payee = ? AND key = ?`),
    refusedKey: db.prepare(
      'SELECT payee, key, reason, at_ms AS atMs FROM refused_key WHERE payee = ? AND key = ?',
    ),
    refunds: db.prepare(
      `SELECT key AS idempotencyKey, amount_cents AS amountCents, at_ms AS atMs FROM payment_refund
       WHERE payment = ? ORDER BY id`,
    ),
    nextId: db.prepare('SELECT coalesce(max(id), 0) + 1 FROM payment').pluck(),
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
    refundedSince: db
      .prepare(
        `SELECT coalesce(sum(payment_refund.amount_cents), 0)
         FROM payment_refund JOIN payment ON payment.id = payment
         WHERE payment_refund.at_ms > @fromMs AND payee = @payee
           AND NOT (why = 'REVERSED' AND payment_refund.at_ms - payment.at_ms <= @reversalMs)`,
      )
      .pluck(),
    spentOffline: db
      .prepare(
        `SELECT coalesce(sum(amount_cents - refunded_cents), 0) FROM payment
         WHERE account = @account AND outcome = 'PAID' AND at_ms > @fromMs AND way = 'PAYMENT_CODE'`,
      )
      .pluck(),
    spent: db
      .prepare(
        `SELECT (SELECT coalesce(sum(fare_cents), 0) FROM charge
                 WHERE account = @account AND ridden_at_ms > @fromMs)
              + (SELECT coalesce(sum(amount_cents - refunded_cents), 0) FROM payment
                 WHERE account = @account AND outcome = 'PAID' AND at_ms > @fromMs)`,
      )
      .pluck(),
  };
}

export type PageQuery = {
  payee: string;
  fromMs: number;
  toMs: number;
  /** The page begins behind this payment. */
  atMs: number;
  id: number;
  limit: number;
};
export type PaymentTotals = { payments: number; paidCents: number; refundedCents: number };

export class StoredPayments {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  find(payee: string, key: string): StoredPayment | null {
    const row = this.#sql.find.get(payee, key) as Row | undefined;
    if (row !== undefined) return this.#withRefunds(row);
    const cut = this.#sql.refusedKey.get(payee, key) as RefusedKey | undefined;
    return cut === undefined ? null : cutPayment(cut);
  }

  /** Ids count up without a gap: the last payment is never removed. */
  nextId(): number {
    return this.#sql.nextId.get() as number;
  }

  /** The latest first. */
  page(query: PageQuery): StoredPayment[] {
    return (this.#sql.page.all(query) as Row[]).map((row) => this.#withRefunds(row));
  }

  totals(payee: string, { fromMs, toMs }: { fromMs: number; toMs: number }): PaymentTotals {
    return this.#sql.totals.get(payee, fromMs, toMs) as PaymentTotals;
  }

  /** What a payee has given back since then. */
  /** What went back since then; sales that were taken back within `reversalS` were none. */
  refundedSince(payee: string, since: { fromMs: number; reversalS: number }): number {
    const { fromMs, reversalS } = since;
    const reversalMs = reversalS * 1000;
    return this.#sql.refundedSince.get({ payee, fromMs, reversalMs }) as number;
  }

  /** What an account has spent since then, rides included, refunds taken off. */
  spentSince(account: string, fromMs: number): number {
    return this.#sql.spent.get({ account, fromMs }) as number;
  }

  /** The same, by payment codes only. */
  spentOfflineSince(account: string, fromMs: number): number {
    return this.#sql.spentOffline.get({ account, fromMs }) as number;
  }

  #withRefunds(row: Row): StoredPayment {
    const refunds = row.refundedCents > 0 ? this.#sql.refunds.all(row.id) : [];
    return { ...row, refunds: refunds as Payment['refunds'] };
  }
}
