/** Orders as they are stored. */
import type { StoredOrder } from '../../../core/payments/payment-changes.ts';
import { columnsOf } from '../changes/columns.ts';
import type { Session } from '../session.ts';

const ORDER = `SELECT order_id AS "order", purchase_order.merchant, name AS "merchantName", key,
    amount_cents AS "amountCents", note, state, purchase_order.created_at_ms AS "createdAtMs",
    expires_at_ms AS "expiresAtMs"
  FROM purchase_order JOIN merchant ON merchant.merchant = purchase_order.merchant`;
const BY_ID = `${ORDER} WHERE order_id = $1`;
const BY_KEY = `${ORDER} WHERE purchase_order.merchant = $1 AND key = $2`;
const KEYS = `SELECT purchase_order.merchant, purchase_order.key
  FROM unnest($1::text[], $2::text[]) AS asked (merchant, key)
  JOIN purchase_order ON purchase_order.merchant = asked.merchant AND purchase_order.key = asked.key`;
const MERCHANT_OF = 'SELECT merchant FROM purchase_order WHERE order_id = $1';

type OrderKey = { merchant: string; key: string };

/** A name for both together. */
export function orderKey(merchant: string, key: string): string {
  return JSON.stringify([merchant, key]);
}

export class OrderReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async byId(order: string): Promise<StoredOrder | null> {
    return (await this.#session.first<StoredOrder>(BY_ID, [order])) ?? null;
  }

  async byKey(merchant: string, key: string): Promise<StoredOrder | null> {
    return (await this.#session.first<StoredOrder>(BY_KEY, [merchant, key])) ?? null;
  }

  /** Which of these keys an order has; named as by `orderKey`. */
  async keysWithOrder(asked: readonly OrderKey[]): Promise<Set<string>> {
    if (asked.length === 0) return new Set();
    const columns = columnsOf(asked.map(({ merchant, key }) => [merchant, key]));
    const rows = await this.#session.all<OrderKey>(KEYS, columns);
    return new Set(rows.map(({ merchant, key }) => orderKey(merchant, key)));
  }

  /** Whose order it is, which never changes; null if there is none. */
  async merchantOf(order: string): Promise<string | null> {
    const row = await this.#session.first<{ merchant: string }>(MERCHANT_OF, [order]);
    return row?.merchant ?? null;
  }
}
