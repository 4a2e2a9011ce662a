/** What the audit reads of merchants, orders, seeds and payments, on PostgreSQL. It only reads. */
import type { AuditReader, OrderRow } from '../../../audit/port.ts';
import type { Session } from '../session.ts';
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
  SELECT purchase_order.order_id AS "order", merchant, purchase_order.amount_cents AS "amountCents", state,
    outcome, payment.order_id AS "paidOrder", payment.amount_cents AS "paidCents"
  FROM purchase_order LEFT JOIN payment
    ON payee = 'merchant:' || merchant AND payment.key = purchase_order.key
  ORDER BY purchase_order.order_id`;
type StoredOrder = Omit<OrderRow, 'payment'> & {
  outcome: string | null;
  paidOrder: string | null;
  paidCents: number;
};

/** Each with its refunds and transfers. `;` is the character behind `:`, so a range is every id that begins so. */
const PAYMENTS = `
  SELECT id, NULL AS number, payee, outcome, way AS method, account, handle, line, order_id AS "order",
    order_id IS NOT NULL AND EXISTS (
      SELECT 1 FROM purchase_order WHERE purchase_order.order_id = payment.order_id
    ) AS "isOrderKnown",
    amount_cents AS "amountCents", refunded_cents AS "refundedCents", receipt, at_ms AS "atMs",
    line IS NOT NULL AND EXISTS (
      SELECT 1 FROM record
      WHERE kind = 'answer' AND use = 'ask/' || substr(payee, 6) || '/' || key
    ) AS "isAnswered",
    (SELECT coalesce(json_agg(json_build_object(
        'id', refund.number, 'key', refund.key, 'amountCents', refund.amount_cents) ORDER BY refund.number), '[]')
     FROM payment_refund AS refund
     WHERE refund.payment = payment.id AND refund.payee = payment.payee) AS refunds,
    (SELECT coalesce(json_agg(json_build_object(
        'id', transfer.id, 'debit', debit, 'credit', credit, 'amountCents', transfer.amount_cents,
        'code', code) ORDER BY transfer.id), '[]')
     FROM transfer WHERE transfer.id >= 'payment:' || payment.id || ':'
       AND transfer.id < 'payment:' || payment.id || ';') AS transfers
  FROM payment ORDER BY id`;

export function readPaymentTables(session: Session): Pick<AuditReader, PaymentTable> {
  return {
    merchants: () =>
      rowsOf(session, {
        sql: 'SELECT merchant, last_receipt AS "lastReceipt" FROM merchant ORDER BY merchant',
      }),
    orders: () =>
      mappedRowsOf<StoredOrder, OrderRow>(session, {
        sql: ORDERS,
        toRows: (page) => page.map(toOrder),
      }),
    seeds: () =>
      rowsOf(session, {
        sql: `SELECT handle, account, serial, created_at_ms AS "createdAtMs",
                paid_cents AS "paidCents"
              FROM payment_seed ORDER BY handle`,
      }),
    spentTimeSteps: () =>
      rowsOf(session, {
        sql: 'SELECT handle, step AS "timeStep" FROM spent_step ORDER BY handle, step',
      }),
    payments: () => rowsOf(session, { sql: PAYMENTS }),
    refusedKeys: () => rowsOf(session, { sql: 'SELECT payee, key FROM refused_key' }),
    gatePayments: (gate) =>
      rowsOf(session, {
        sql: `SELECT key, outcome, amount_cents AS "amountCents", refunded_cents AS "refundedCents"
              FROM payment WHERE payee = 'gate:' || $1
              UNION ALL SELECT key, 'REFUSED', 0, 0 FROM refused_key WHERE payee = 'gate:' || $1`,
        values: [gate],
      }),
  };
}

function toOrder({ outcome, paidOrder, paidCents, ...order }: StoredOrder): OrderRow {
  const payment = outcome === null ? null : { outcome, order: paidOrder, amountCents: paidCents };
  return { ...order, payment };
}
