/** Merchants as they are stored, and what ends with a merchant's access. */
import type { BlockFacts } from '../../../core/payments/merchant.ts';
import type { MerchantFacts } from '../../../core/payments/pay.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';

const MERCHANTS = `SELECT merchant, name, last_receipt AS "lastReceipt", blocked_at_ms AS "blockedAtMs"
  FROM merchant WHERE merchant = ANY($1::text[])`;
const OPEN_ORDERS = `SELECT order_id AS "order" FROM purchase_order
  WHERE merchant = $1 AND state = 'OPEN' ORDER BY order_id`;

type MerchantRow = MerchantFacts & { blockedAtMs: number | null };

export class MerchantReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(merchant: string): Promise<MerchantRow | null> {
    return (await this.readAll([merchant])).get(merchant) ?? null;
  }

  /** Those that there are. */
  async readAll(merchants: readonly string[]): Promise<Map<string, MerchantRow>> {
    if (merchants.length === 0) return new Map();
    type Row = MerchantRow & { merchant: string };
    const rows = await this.#session.all<Row>(MERCHANTS, [merchants]);
    return new Map(rows.map(({ merchant, ...row }) => [merchant, row]));
  }

  async block(merchant: string): Promise<BlockFacts> {
    await lock(this.#session, { merchants: [merchant] });
    const open = await this.#session.all<{ order: string }>(OPEN_ORDERS, [merchant]);
    return { merchant: await this.read(merchant), openOrders: open.map(({ order }) => order) };
  }
}
