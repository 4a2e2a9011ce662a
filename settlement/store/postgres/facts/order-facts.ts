/** Orders as they are stored. */
import type { StoredOrder } from '../../../core/payments/payment-changes.ts';
import type { Session } from '../session.ts';

const ORDER = `SELECT order_id AS "order", purchase_order.merchant, name AS "merchantName", key,
    amount_cents AS "amountCents", note, state, purchase_order.created_at_ms AS "createdAtMs",
    expires_at_ms AS "expiresAtMs"
  FROM purchase_order JOIN merchant ON merchant.merchant = purchase_order.merchant`;
const BY_ID = `${ORDER} WHERE order_id = $1`;
const BY_KEY = `${ORDER} WHERE purchase_order.merchant = $1 AND key = $2`;
const MERCHANT_OF = 'SELECT merchant FROM purchase_order WHERE order_id = $1';

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

  /** Whose order it is, which never changes; null if there is none. */
  async merchantOf(order: string): Promise<string | null> {
    const row = await this.#session.first<{ merchant: string }>(MERCHANT_OF, [order]);
    return row?.merchant ?? null;
  }
}
