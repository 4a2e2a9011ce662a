/** A rider's wallet and what is still owed, as they stand in the ledger and the charges. */
import { receivableOf, walletOf } from '../../../core/money/ledger.ts';
import type { OwedCharge, RiderMoneyFacts } from '../../../core/money/money-changes.ts';
import type { Connection } from '../connection.ts';

type Totals = { debits: number; credits: number };
/** `at`: of which of those that were asked for. */
type Placed<Row> = Row & { at: number };

function prepare(db: Connection['db']) {
  return {
    balance: db.prepare(
      'SELECT debits_cents AS debits, credits_cents AS credits FROM ledger_account WHERE name = ?',
    ),
    balances: db.prepare(
      `SELECT wanted.key AS at, debits_cents AS debits, credits_cents AS credits
       FROM json_each(?) AS wanted CROSS JOIN ledger_account ON name = wanted.value`,
    ),
    owingOf: db.prepare(
      `SELECT wanted.key AS at, use, owed_cents AS owedCents, rev, state, fare_cents AS fareCents, record,
         ridden_at_ms AS riddenAtMs
       FROM json_each(?) AS wanted CROSS JOIN charge ON account = wanted.value
       WHERE owed_cents > 0 ORDER BY ridden_at_ms, use`,
    ),
    owing: db.prepare(
      `SELECT use, owed_cents AS owedCents, rev, state, fare_cents AS fareCents, record,
         ridden_at_ms AS riddenAtMs
       FROM charge WHERE account = ? AND owed_cents > 0 ORDER BY ridden_at_ms, use`,
    ),
  };
}

export class RiderMoneyReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  read(account: string): RiderMoneyFacts {
    return {
      account,
      walletCents: this.walletCents(account),
      owing: this.#sql.owing.all(account) as OwedCharge[],
    };
  }

  /** Of many accounts at once; all of them are in it. */
  readAll(accounts: readonly string[]): Map<string, RiderMoneyFacts> {
    const found = accounts.map((account) => ({
      account,
      walletCents: 0,
      owing: [] as OwedCharge[],
    }));
    const wallets = JSON.stringify(accounts.map(walletOf));
    for (const { at, debits, credits } of this.#sql.balances.all(wallets) as Placed<Totals>[]) {
      const one = found[at];
      if (one !== undefined) one.walletCents = credits - debits;
    }
    const owing = this.#sql.owingOf.all(JSON.stringify(accounts)) as Placed<OwedCharge>[];
    for (const { at, ...charge } of owing) found[at]?.owing.push(charge);
    return new Map(found.map((one) => [one.account, one]));
  }

  walletCents(account: string): number {
    const { debits, credits } = this.#totals(walletOf(account));
    return credits - debits;
  }

  debtCents(account: string): number {
    const { debits, credits } = this.#totals(receivableOf(account));
    return debits - credits;
  }

  #totals(name: string): Totals {
    const row = this.#sql.balance.get(name) as Totals | undefined;
    return row ?? { debits: 0, credits: 0 };
  }
}
