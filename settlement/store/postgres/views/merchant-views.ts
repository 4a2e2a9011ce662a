/** What merchants and their tills read on PostgreSQL: who they are, their payments in pages. */
import type { Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { merchantAccountOf } from '../../../core/money/ledger.ts';
import type { StoredOrder } from '../../../core/payments/payment-changes.ts';
import { merchantView } from '../../../core/payments/payment-view.ts';
import type { PaymentPage } from '../../port.ts';
import type { MerchantByToken, MerchantView } from '../../views.ts';
import type { OrderReader } from '../facts/order-facts.ts';
import type { StoredPayments } from '../facts/stored-payments.ts';
import type { Session } from '../session.ts';

const MERCHANTS = `
  SELECT merchant, name, blocked_at_ms AS "blockedAtMs" FROM merchant ORDER BY merchant`;
const BY_TOKENS = `
  SELECT token_hash AS "tokenHash", merchant, name, blocked_at_ms AS "blockedAtMs", 'TILL' AS role
  FROM merchant WHERE token_hash = ANY($1::text[])
  UNION ALL
  SELECT manager_token_hash, merchant, name, blocked_at_ms, 'MANAGER'
  FROM merchant WHERE manager_token_hash = ANY($1::text[])`;

export class MerchantViews {
  readonly #session: Session;
  readonly #payments: StoredPayments;
  readonly #orders: OrderReader;

  constructor(session: Session, readers: { payments: StoredPayments; orders: OrderReader }) {
    this.#session = session;
    this.#payments = readers.payments;
    this.#orders = readers.orders;
  }

  /** By the hashes of their tokens. */
  async findMerchants(tokenHashes: readonly string[]): Promise<Map<string, MerchantByToken>> {
    type Row = MerchantByToken & { tokenHash: string };
    const rows = await this.#session.all<Row>(BY_TOKENS, [tokenHashes]);
    return new Map(rows.map(({ tokenHash, ...merchant }) => [tokenHash, merchant]));
  }

  async listMerchants(): Promise<MerchantView[]> {
    return await this.#session.all<MerchantView>(MERCHANTS);
  }

  async findOrder(order: string): Promise<StoredOrder | null> {
    return await this.#orders.byId(order);
  }

  async findPayment(merchant: string, idempotencyKey: string): Promise<Payment | undefined> {
    const stored = await this.#payments.find(merchantAccountOf(merchant), idempotencyKey);
    return stored === null ? undefined : merchantView(stored);
  }

  async listPayments(merchant: string, page: PaymentPage): Promise<PaymentList> {
    const { fromMs, toMs, after, limit } = page;
    const payee = merchantAccountOf(merchant);
    const [atMs = Number.MAX_SAFE_INTEGER, id = 0] = after?.split('.').map(Number) ?? [];
    // One more than asked for tells whether this page is the last.
    const query = { payee, fromMs, toMs, atMs, id, limit: limit + 1 };
    const found = await this.#payments.page(query);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map(merchantView),
      next: found.length > limit && last !== undefined ? `${last.atMs}.${last.id}` : null,
      totals: await this.#payments.totals(payee, { fromMs, toMs }),
    };
  }
}
