/** Orders as they are stored. */

import type { StoredOrder } from '../../../core/payments/payment-changes.ts';
import type { Connection } from '../connection.ts';

const ORDER = `SELECT order_id AS "order", purchase_order.merchant, name AS merchantName, key,
    amount_cents AS amountCents, note, state, purchase_order.created_at_ms AS createdAtMs,
    expires_at_ms AS expiresAtMs
  FROM purchase_order JOIN merchant ON merchant.merchant = purchase_order.merchant`;

function prepare(db: Connection['db']) {
  return {
    byId: db.prepare(`${ORDER} WHERE order_id = ?`),
    byKey: db.prepare(`${ORDER} WHERE purchase_order.merchant = ? AND key = ?`),
  };
}

export class OrderReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  byId(order: string): StoredOrder | null {
    return (this.#sql.byId.get(order) as StoredOrder | undefined) ?? null;
  }

  byKey(merchant: string, key: string): StoredOrder | null {
    return (this.#sql.byKey.get(merchant, key) as StoredOrder | undefined) ?? null;
  }
}
