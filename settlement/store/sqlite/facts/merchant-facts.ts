/** Merchants as they are stored, and what ends with a merchant's access. */

import type { BlockFacts } from '../../../core/payments/merchant.ts';
import type { MerchantFacts } from '../../../core/payments/pay.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    merchant: db.prepare(
      `SELECT name, last_receipt AS lastReceipt, blocked_at_ms AS blockedAtMs FROM merchant
       WHERE merchant = ?`,
    ),
    openOrders: db
      .prepare(`SELECT order_id FROM purchase_order WHERE merchant = ? AND state = 'OPEN'`)
      .pluck(),
  };
}

type MerchantRow = MerchantFacts & { blockedAtMs: number | null };

export class MerchantReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  read(merchant: string): MerchantRow | null {
    return (this.#sql.merchant.get(merchant) as MerchantRow | undefined) ?? null;
  }

  block(merchant: string): BlockFacts {
    return {
      merchant: this.read(merchant),
      openOrders: this.#sql.openOrders.all(merchant) as string[],
    };
  }
}
