/** What merchants and their tills read: who they are, their payments in pages. */
import type { Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { merchantAccountOf } from '../../../core/money/ledger.ts';
import type { StoredOrder } from '../../../core/payments/payment-changes.ts';
import { merchantView } from '../../../core/payments/payment-view.ts';
import type { PaymentPage } from '../../port.ts';
import type { MerchantByToken, MerchantView } from '../../views.ts';
import type { Connection } from '../connection.ts';
import type { OrderReader } from '../facts/order-facts.ts';
import type { StoredPayments } from '../facts/stored-payments.ts';

const MERCHANT = 'SELECT merchant, name, blocked_at_ms AS blockedAtMs FROM merchant';

function prepare(db: Connection['db']) {
  return {
    byToken: db.prepare(
      `SELECT merchant, name, blocked_at_ms AS blockedAtMs, 'TILL' AS role FROM merchant
         WHERE token_hash = @tokenHash
       UNION ALL
       SELECT merchant, name, blocked_at_ms, 'MANAGER' FROM merchant
         WHERE manager_token_hash = @tokenHash`,
    ),
    list: db.prepare(`${MERCHANT} ORDER BY merchant`),
  };
}

export class MerchantViews {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #payments: StoredPayments;
  readonly #orders: OrderReader;

  constructor({ db }: Connection, readers: { payments: StoredPayments; orders: OrderReader }) {
    this.#sql = prepare(db);
    this.#payments = readers.payments;
    this.#orders = readers.orders;
  }

  findMerchant(tokenHash: string): MerchantByToken | undefined {
    return this.#sql.byToken.get({ tokenHash }) as MerchantByToken | undefined;
  }

  listMerchants(): MerchantView[] {
    return this.#sql.list.all() as MerchantView[];
  }

  findOrder(order: string): StoredOrder | null {
    return this.#orders.byId(order);
  }

  findPayment(merchant: string, idempotencyKey: string): Payment | undefined {
    const stored = this.#payments.find(merchantAccountOf(merchant), idempotencyKey);
    return stored === null ? undefined : merchantView(stored);
  }

  listPayments(merchant: string, { fromMs, toMs, after, limit }: PaymentPage): PaymentList {
    const payee = merchantAccountOf(merchant);
    const [atMs = Number.MAX_SAFE_INTEGER, id = 0] = after?.split('.').map(Number) ?? [];
    // One more than asked for tells whether this page is the last.
    const query = { payee, fromMs, toMs, atMs, id, limit: limit + 1 };
    const found = this.#payments.page(query);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map(merchantView),
      next: found.length > limit && last !== undefined ? `${last.atMs}.${last.id}` : null,
      totals: this.#payments.totals(payee, { fromMs, toMs }),
    };
  }
}
