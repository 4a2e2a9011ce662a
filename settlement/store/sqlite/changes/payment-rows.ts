/** Payments, refunds, receipts, top-ups, orders and merchants, written as the changes say. */
import type { PaymentChange } from '../../../core/payments/payment-changes.ts';
import type { Connection } from '../connection.ts';
import type { CodeRows } from './code-rows.ts';

function prepare(db: Connection['db']) {
  return {
    addPayment: db.prepare(
      `INSERT INTO payment (id, payee, key, request_hash, outcome, reason, way, account, serial, handle,
         line, note, order_id, amount_cents, refunded_cents, receipt, at_ms)
       VALUES (@id, @payee, @key, @requestHash, @outcome, @reason, @way, @account, @serial, @handle,
         @line, @note, @order, @amountCents, @refundedCents, @receipt, @atMs)`,
    ),
    addRefund: db.prepare(
      'INSERT INTO payment_refund (payment, key, amount_cents, why, at_ms) VALUES (?, ?, ?, ?, ?)',
    ),
    setRefunded: db.prepare('UPDATE payment SET refunded_cents = ? WHERE id = ?'),
    setReceipt: db.prepare('UPDATE merchant SET last_receipt = ? WHERE merchant = ?'),
    addTopUp: db.prepare(
      'INSERT INTO top_up (account, key, amount_cents, at_ms) VALUES (?, ?, ?, ?)',
    ),
    saveTopUpIntent: db.prepare(
      `INSERT INTO top_up_intent (account, key, amount_cents, state, begun_at_ms, changed_at_ms, attempts,
         due_at_ms)
       VALUES (@account, @key, @amountCents, @state, @atMs, @atMs, @attempts, @dueAtMs)
       ON CONFLICT DO UPDATE SET state = excluded.state, changed_at_ms = excluded.changed_at_ms,
         attempts = excluded.attempts, due_at_ms = excluded.due_at_ms`,
    ),
    addOrder: db.prepare(
      `INSERT INTO purchase_order (order_id, merchant, key, amount_cents, note, state, created_at_ms,
         expires_at_ms)
       VALUES (@order, @merchant, @key, @amountCents, @note, @state, @createdAtMs, @expiresAtMs)`,
    ),
    endOrder: db.prepare('UPDATE purchase_order SET state = ? WHERE order_id = ?'),
    setMerchant: db.prepare(
      `INSERT INTO merchant (merchant, name, token_hash, manager_token_hash, last_receipt, created_at_ms)
       VALUES (@merchant, @name, @tokenHash, @managerTokenHash, 0, @atMs)
       ON CONFLICT (merchant) DO UPDATE SET name = excluded.name, token_hash = excluded.token_hash,
         manager_token_hash = excluded.manager_token_hash,
         blocked_at_ms = NULL`,
    ),
    blockMerchant: db.prepare('UPDATE merchant SET blocked_at_ms = ? WHERE merchant = ?'),
  };
}

export class PaymentRows {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #codes: CodeRows;

  constructor({ db }: Connection, codes: CodeRows) {
    this.#sql = prepare(db);
    this.#codes = codes;
  }

  write(change: PaymentChange): void {
    switch (change.kind) {
      case 'addPayment':
        this.#sql.addPayment.run(change.payment);
        break;
      case 'addRefund':
        this.#sql.addRefund.run(
          change.payment,
          change.key,
          change.amountCents,
          change.why,
          change.atMs,
        );
        this.#sql.setRefunded.run(change.refundedCents, change.payment);
        break;
      case 'setReceipt':
        this.#sql.setReceipt.run(change.receipt, change.merchant);
        break;
      case 'addTopUp':
        this.#sql.addTopUp.run(change.account, change.key, change.amountCents, change.atMs);
        break;
      case 'saveTopUpIntent': {
        const { kind: _kind, ...intent } = change;
        this.#sql.saveTopUpIntent.run(intent);
        break;
      }
      case 'addOrder':
        this.#sql.addOrder.run(change.order);
        break;
      case 'endOrder':
        this.#sql.endOrder.run(change.state, change.order);
        break;
      case 'setMerchant': {
        const { kind, ...merchant } = change;
        this.#sql.setMerchant.run(merchant);
        break;
      }
      case 'blockMerchant':
        this.#sql.blockMerchant.run(change.atMs, change.merchant);
        break;
      default:
        this.#codes.write(change);
    }
  }
}
