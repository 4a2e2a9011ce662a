/** What the audit reads of merchants, orders, seeds and payments, on SQLite. It only reads. */
import type { AuditReader, OrderRow, PaymentRow } from '../../../audit/port.ts';
import type { Connection } from '../connection.ts';
import { mappedRowsOf, rowsOf } from './pages.ts';

type PaymentTable =
  | 'merchants'
  | 'orders'
  | 'seeds'
  | 'spentTimeSteps'
  | 'payments'
  | 'refusedKeys'
  | 'gatePayments';

const ORDERS = `
  SELECT purchase_order.order_id AS "order", merchant, purchase_order.amount_cents AS amountCents, state,
    outcome, payment.order_id AS paidOrder, payment.amount_cents AS paidCents
  FROM purchase_order LEFT JOIN payment
    ON payee = 'merchant:' || merchant AND payment.key = purchase_order.key
  ORDER BY purchase_order.order_id`;
type StoredOrder = Omit<OrderRow, 'payment'> & {
  outcome: string | null;
  paidOrder: string | null;
  paidCents: number;
};

const PAYMENTS = `
  SELECT id, id AS number, payee, outcome, way AS method, account, handle, line, order_id AS "order",
    order_id IN (SELECT order_id FROM purchase_order) AS isOrderKnown,
    amount_cents AS amountCents, refunded_cents AS refundedCents, receipt, at_ms AS atMs,
    line IS NOT NULL AND EXISTS (SELECT 1 FROM record
      WHERE kind = 'answer' AND use = 'ask/' || substr(payee, 6) || '/' || key) AS isAnswered
  FROM payment ORDER BY id`;
type StoredPayment = Omit<PaymentRow, 'isOrderKnown' | 'isAnswered' | 'refunds' | 'transfers'> & {
  isOrderKnown: number | null;
  isAnswered: number;
};

export function readPaymentTables({ db }: Connection): Pick<AuditReader, PaymentTable> {
  return {
    merchants: () =>
      rowsOf(db, {
        sql: 'SELECT merchant, last_receipt AS lastReceipt FROM merchant ORDER BY merchant',
      }),
    orders: () => mappedRowsOf(db, { sql: ORDERS, toRow: toOrder }),
    seeds: () =>
      rowsOf(db, {
        sql: `SELECT handle, account, serial, created_at_ms AS createdAtMs, paid_cents AS paidCents
              FROM payment_seed ORDER BY handle`,
      }),
    spentTimeSteps: () =>
      rowsOf(db, { sql: 'SELECT handle, step AS timeStep FROM spent_step ORDER BY handle, step' }),
    payments: () => readPayments(db),
    refusedKeys: () => rowsOf(db, { sql: 'SELECT payee, key FROM refused_key' }),
    gatePayments: (gate) =>
      rowsOf(db, {
        sql: `SELECT key, outcome, amount_cents AS amountCents, refunded_cents AS refundedCents
              FROM payment WHERE payee = 'gate:' || ?
              UNION ALL SELECT key, 'REFUSED', 0, 0 FROM refused_key WHERE payee = 'gate:' || ?`,
        parameters: [gate, gate],
      }),
  };
}

function toOrder({ outcome, paidOrder, paidCents, ...order }: StoredOrder): OrderRow {
  const payment = outcome === null ? null : { outcome, order: paidOrder, amountCents: paidCents };
  return { ...order, payment };
}

/** Each with its refunds and transfers, which are looked up by their keys. */
function readPayments(db: Connection['db']) {
  const refundsOf = db.prepare(
    `SELECT id, key, amount_cents AS amountCents FROM payment_refund WHERE payment = ? ORDER BY id`,
  );
  // `;` is the character behind `:`, so this is every id that begins with `payment:ID:`.
  const transfersOf = db.prepare(
    `SELECT id, debit, credit, amount_cents AS amountCents, code FROM transfer
     WHERE id >= 'payment:' || @id || ':' AND id < 'payment:' || @id || ';'`,
  );
  const toPayment = (payment: StoredPayment): PaymentRow => ({
    ...payment,
    isOrderKnown: payment.isOrderKnown === 1,
    isAnswered: payment.isAnswered === 1,
    refunds: refundsOf.all(payment.id) as PaymentRow['refunds'],
    // As a whole number: others would be written with a decimal point.
    transfers: transfersOf.all({ id: BigInt(payment.id) }) as PaymentRow['transfers'],
  });
  return mappedRowsOf(db, { sql: PAYMENTS, toRow: toPayment });
}
