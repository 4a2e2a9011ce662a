/** Riders' wallets and what they still owe, as they stand in the ledger and the charges. */
import { receivableOf, walletOf } from '../../../core/money/ledger.ts';
import type { RiderMoneyFacts } from '../../../core/money/money-changes.ts';
import type { Session } from '../session.ts';

const MONEY = `SELECT asked.account,
    (SELECT coalesce(sum(credits_cents - debits_cents), 0)::int8 FROM ledger_account
     WHERE name = asked.wallet) AS "walletCents",
    (SELECT coalesce(json_agg(json_build_object('use', use, 'owedCents', owed_cents, 'rev', rev,
         'state', state, 'fareCents', fare_cents, 'record', record, 'riddenAtMs', ridden_at_ms)
       ORDER BY ridden_at_ms, use), '[]')
     FROM charge WHERE charge.account = asked.account AND owed_cents > 0) AS owing
  FROM unnest($1::text[], $2::text[]) AS asked (account, wallet)`;
/** An account may have its sums in several rows. */
const SUMS = `SELECT coalesce(sum(debits_cents), 0)::int8 AS debits,
    coalesce(sum(credits_cents), 0)::int8 AS credits
  FROM ledger_account WHERE name = $1`;

type Totals = { debits: number; credits: number };

export class RiderMoneyReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(account: string): Promise<RiderMoneyFacts> {
    const found = await this.readAll([account]);
    return found.get(account) ?? { account, walletCents: 0, owing: [] };
  }

  /** Of many accounts at once; all of them are in it. */
  async readAll(accounts: readonly string[]): Promise<Map<string, RiderMoneyFacts>> {
    if (accounts.length === 0) return new Map();
    const rows = await this.#session.all<RiderMoneyFacts>(MONEY, [
      accounts,
      accounts.map(walletOf),
    ]);
    return new Map(rows.map((row) => [row.account, row]));
  }

  async walletCents(account: string): Promise<number> {
    const { debits, credits } = await this.#totals(walletOf(account));
    return credits - debits;
  }

  async debtCents(account: string): Promise<number> {
    const { debits, credits } = await this.#totals(receivableOf(account));
    return debits - credits;
  }

  async #totals(name: string): Promise<Totals> {
    const row = await this.#session.first<Totals>(SUMS, [name]);
    return row ?? { debits: 0, credits: 0 };
  }
}
