/** Payments, refunds, receipts, top-ups, orders and merchants, written as the changes say. */
import type {
  CodeChange,
  PaymentChange,
  StoredPayment,
} from '../../../core/payments/payment-changes.ts';
import type { WriteSession } from '../session.ts';
import type { CodeRows } from './code-rows.ts';
import { columnsOf, lastOfEach } from './columns.ts';

const ADD_PAYMENTS = `INSERT INTO payment (id, payee, key, request_hash, outcome, reason, way, account,
    serial, handle, line, note, order_id, amount_cents, refunded_cents, receipt, at_ms)
  SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::int8[], $10::text[], $11::text[], $12::text[], $13::text[],
    $14::int8[], $15::int8[], $16::int8[], $17::int8[])`;
/** Numbered within the payment, which its payee's row guards. */
const ADD_REFUND = `INSERT INTO payment_refund (payment, payee, key, number, amount_cents, why, at_ms)
  SELECT id, payee, $2::text, (SELECT coalesce(max(number), 0) + 1 FROM payment_refund
      WHERE payment_refund.payment = payment.id AND payment_refund.payee = payment.payee),
    $3::int8, $4::text, $5::int8
  FROM payment WHERE id = $1`;
const SET_REFUNDED = 'UPDATE payment SET refunded_cents = $1 WHERE id = $2';
const SET_RECEIPTS = `UPDATE merchant SET last_receipt = new.receipt
  FROM unnest($1::text[], $2::int8[]) AS new (merchant, receipt)
  WHERE merchant.merchant = new.merchant`;
const ADD_TOP_UP = `INSERT INTO top_up (account, key, number, amount_cents, at_ms)
  SELECT $1::text, $2::text, coalesce(max(number), 0) + 1, $3::int8, $4::int8
  FROM top_up WHERE account = $1`;
const SAVE_INTENT = `INSERT INTO top_up_intent (account, key, amount_cents, state, begun_at_ms,
    changed_at_ms, attempts, due_at_ms)
  VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
  ON CONFLICT (account, key) DO UPDATE SET state = excluded.state,
    changed_at_ms = excluded.changed_at_ms, attempts = excluded.attempts,
    due_at_ms = excluded.due_at_ms`;
const ADD_ORDER = `INSERT INTO purchase_order (order_id, merchant, key, amount_cents, note, state,
    created_at_ms, expires_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;
const END_ORDER = 'UPDATE purchase_order SET state = $1 WHERE order_id = $2';
const SET_MERCHANT = `INSERT INTO merchant (merchant, name, token_hash, manager_token_hash, last_receipt,
    created_at_ms)
  VALUES ($1, $2, $3, $4, 0, $5)
  ON CONFLICT (merchant) DO UPDATE SET name = excluded.name, token_hash = excluded.token_hash,
    manager_token_hash = excluded.manager_token_hash, blocked_at_ms = NULL`;
const BLOCK_MERCHANT = 'UPDATE merchant SET blocked_at_ms = $1 WHERE merchant = $2';

type Of<Kind extends PaymentChange['kind']> = Extract<PaymentChange, { kind: Kind }>;
type SingleChange =
  | Exclude<PaymentChange, CodeChange | Of<'addPayment' | 'setReceipt'>>
  | Parameters<CodeRows['write']>[0];

export class PaymentRows {
  readonly #session: WriteSession;
  readonly #codes: CodeRows;

  constructor(session: WriteSession, codes: CodeRows) {
    this.#session = session;
    this.#codes = codes;
  }

  async add(changes: readonly Of<'addPayment'>[]): Promise<void> {
    const rows = changes.map(({ payment }) => columns(payment));
    await this.#session.run(ADD_PAYMENTS, columnsOf(rows));
  }

  async setReceipts(changes: readonly Of<'setReceipt'>[]): Promise<void> {
    const last = lastOfEach(changes, ({ merchant }) => merchant);
    const rows = last.map(({ merchant, receipt }) => [merchant, receipt]);
    await this.#session.run(SET_RECEIPTS, columnsOf(rows));
  }

  async write(change: SingleChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'addRefund': {
        const { payment, key, amountCents, why, atMs, refundedCents } = change;
        await run(ADD_REFUND, [payment, key, amountCents, why, atMs]);
        await run(SET_REFUNDED, [refundedCents, payment]);
        break;
      }
      case 'addTopUp':
        await run(ADD_TOP_UP, [change.account, change.key, change.amountCents, change.atMs]);
        break;
      case 'saveTopUpIntent': {
        const { account, key, amountCents, state, atMs, attempts, dueAtMs } = change;
        await run(SAVE_INTENT, [account, key, amountCents, state, atMs, attempts, dueAtMs]);
        break;
      }
      case 'addOrder': {
        const { order, merchant, key, amountCents, note, state, ...times } = change.order;
        const row = [order, merchant, key, amountCents, note, state];
        await run(ADD_ORDER, [...row, times.createdAtMs, times.expiresAtMs]);
        break;
      }
      case 'endOrder':
        await run(END_ORDER, [change.state, change.order]);
        break;
      case 'setMerchant': {
        const { merchant, name, tokenHash, managerTokenHash, atMs } = change;
        await run(SET_MERCHANT, [merchant, name, tokenHash, managerTokenHash, atMs]);
        break;
      }
      case 'blockMerchant':
        await run(BLOCK_MERCHANT, [change.atMs, change.merchant]);
        break;
      default:
        await this.#codes.write(change);
    }
  }
}

function columns(payment: StoredPayment): unknown[] {
  return [
    payment.id,
    payment.payee,
    payment.key,
    payment.requestHash,
    payment.outcome,
    payment.reason,
    payment.way,
    payment.account,
    payment.serial,
    payment.handle,
    payment.line,
    payment.note,
    payment.order,
    payment.amountCents,
    payment.refundedCents,
    payment.receipt,
    payment.atMs,
  ];
}
