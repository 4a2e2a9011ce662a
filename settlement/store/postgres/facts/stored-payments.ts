/** Payments with their refunds as they lie in their tables, one by one, many at once, and in pages. */
import { assert } from '@stile/protocol/fault.ts';
import { cutPayment, type RefusedKey } from '../../../core/payments/cut-payment.ts';
import type { StoredPayment } from '../../../core/payments/payment-changes.ts';
import { rowRange, slotOf } from '../ids.ts';
import type { Session } from '../session.ts';

const PAYMENT = `id, payment.payee, payment.key, request_hash AS "requestHash", outcome,
  payment.reason, way, account, serial, handle, line, note, order_id AS "order",
  amount_cents AS "amountCents", refunded_cents AS "refundedCents", receipt, payment.at_ms AS "atMs",
  (SELECT coalesce(json_agg(json_build_object('idempotencyKey', payment_refund.key,
       'amountCents', payment_refund.amount_cents, 'atMs', payment_refund.at_ms)
     ORDER BY payment_refund.number), '[]')
   FROM payment_refund
   WHERE payment_refund.payee = payment.payee AND payment_refund.payment = payment.id) AS refunds`;
const FIND = `SELECT ${PAYMENT} FROM unnest($1::text[], $2::text[]) AS asked (payee, key)
  JOIN payment ON payment.payee = asked.payee AND payment.key = asked.key`;
const REFUSED_KEYS = `SELECT refused_key.payee, refused_key.key, reason, at_ms AS "atMs"
  FROM unnest($1::text[], $2::text[]) AS asked (payee, key)
  JOIN refused_key ON refused_key.payee = asked.payee AND refused_key.key = asked.key`;
const ACCOUNTS = `SELECT DISTINCT account FROM unnest($1::text[], $2::text[]) AS asked (payee, key)
  JOIN payment ON payment.payee = asked.payee AND payment.key = asked.key
  WHERE account IS NOT NULL`;
const NEXT_NUMBERS = `SELECT nextval('payment_number') AS number FROM generate_series(1, $1::int)`;
const PAGE = `SELECT ${PAYMENT} FROM payment
  WHERE payment.payee = $1 AND at_ms >= $2 AND at_ms < $3 AND (at_ms < $4 OR (at_ms = $4 AND id < $5))
  ORDER BY at_ms DESC, id DESC LIMIT $6`;
const TOTALS = `SELECT count(*) AS payments, coalesce(sum(amount_cents), 0)::int8 AS "paidCents",
    coalesce(sum(refunded_cents), 0)::int8 AS "refundedCents"
  FROM payment WHERE payee = $1 AND at_ms >= $2 AND at_ms < $3 AND outcome = 'PAID'`;
const REFUNDED = `SELECT coalesce(sum(payment_refund.amount_cents), 0)::int8 AS cents
  FROM payment_refund
  JOIN payment ON payment.payee = payment_refund.payee AND payment.id = payment_refund.payment
  WHERE payment_refund.payee = $1 AND payment_refund.at_ms > $2
    AND NOT (why = 'REVERSED' AND payment_refund.at_ms - payment.at_ms <= $3)`;
const SPENT = `SELECT asked.account,
    (SELECT coalesce(sum(fare_cents), 0)::int8 FROM charge
     WHERE charge.account = asked.account AND ridden_at_ms > asked.from_ms) AS "rideCents",
    paid.*
  FROM unnest($1::text[], $2::int8[]) AS asked (account, from_ms) CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount_cents - refunded_cents), 0)::int8 AS "paidCents",
      coalesce(sum(amount_cents - refunded_cents) FILTER (WHERE way = 'PAYMENT_CODE'), 0)::int8
        AS "offlineCents"
    FROM payment
    WHERE payment.account = asked.account AND outcome = 'PAID' AND at_ms > asked.from_ms) AS paid`;

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
export type PaymentKey = { payee: string; key: string };
type SpentRow = { account: string; rideCents: number; paidCents: number; offlineCents: number };

const NO_PAYMENTS: PaymentTotals = { payments: 0, paidCents: 0, refundedCents: 0 };

export class StoredPayments {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async find(payee: string, key: string): Promise<StoredPayment | null> {
    const [found] = await this.findAll([{ payee, key }]);
    return found ?? null;
  }

  /** One for each key, in their order; null: nothing is known under it. */
  async findAll(keys: readonly PaymentKey[]): Promise<(StoredPayment | null)[]> {
    if (keys.length === 0) return [];
    const asked = columnsOf(keys);
    const [stored, cut] = await Promise.all([
      this.#session.all<StoredPayment>(FIND, asked),
      this.#session.all<RefusedKey>(REFUSED_KEYS, asked),
    ]);
    const found = new Map(cut.map((refused) => [nameOf(refused), cutPayment(refused)]));
    for (const payment of stored) found.set(nameOf(payment), payment);
    return keys.map((key) => found.get(nameOf(key)) ?? null);
  }

  /** Who paid what is known under these keys; of a payment that never changes. */
  async accountsOf(keys: readonly PaymentKey[]): Promise<string[]> {
    if (keys.length === 0) return [];
    const rows = await this.#session.all<{ account: string }>(ACCOUNTS, columnsOf(keys));
    return rows.map(({ account }) => account);
  }

  /**
   * In the slot of whoever is paid, counting up with gaps: nobody waits for it. It may be counted on from there for the
   * other payments of one piece of work: the sequence takes larger steps than a piece has records.
   */
  async nextId(payee: string): Promise<number> {
    const [id] = await this.nextIds([payee]);
    assert(id !== undefined, 'a sequence has a next number');
    return id;
  }

  /** The same for each of many. */
  async nextIds(payees: readonly string[]): Promise<number[]> {
    const rows = await this.#session.all<{ number: number }>(NEXT_NUMBERS, [payees.length]);
    return rows.map(({ number }, index) => {
      const [above, below] = rowRange(slotOf(payees[index] ?? ''));
      assert(above + number < below, 'a slot has room for another payment');
      return above + number;
    });
  }

  /** The latest first. */
  async page({ payee, fromMs, toMs, atMs, id, limit }: PageQuery): Promise<StoredPayment[]> {
    return await this.#session.all<StoredPayment>(PAGE, [payee, fromMs, toMs, atMs, id, limit]);
  }

  async totals(
    payee: string,
    { fromMs, toMs }: { fromMs: number; toMs: number },
  ): Promise<PaymentTotals> {
    const row = await this.#session.first<PaymentTotals>(TOTALS, [payee, fromMs, toMs]);
    return row ?? NO_PAYMENTS;
  }

  /** What went back since then; sales that were taken back within `reversalS` were none. */
  async refundedSince(
    payee: string,
    { fromMs, reversalS }: { fromMs: number; reversalS: number },
  ): Promise<number> {
    const of = [payee, fromMs, reversalS * 1000];
    const row = await this.#session.first<{ cents: number }>(REFUNDED, of);
    return row?.cents ?? 0;
  }

  /** What accounts have spent since then, rides included, refunds taken off; `offline`: by payment codes only. */
  async spentSince(
    asked: readonly { account: string; fromMs: number }[],
  ): Promise<Map<string, { cents: number; offline: number }>> {
    const columns = [asked.map(({ account }) => account), asked.map(({ fromMs }) => fromMs)];
    const rows = await this.#session.all<SpentRow>(SPENT, columns);
    return new Map(
      rows.map(({ account, rideCents, paidCents, offlineCents }) => [
        account,
        { cents: rideCents + paidCents, offline: offlineCents },
      ]),
    );
  }
}

function columnsOf(keys: readonly PaymentKey[]): [payees: string[], keys: string[]] {
  return [keys.map(({ payee }) => payee), keys.map(({ key }) => key)];
}

function nameOf({ payee, key }: PaymentKey): string {
  return JSON.stringify([payee, key]);
}
