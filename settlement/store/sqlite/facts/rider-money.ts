/** A rider's wallet and what is still owed, as they stand in the ledger and the charges. */
import { receivableOf, walletOf } from '../../../core/money/ledger.ts';
import type { OwedCharge, RiderMoneyFacts } from '../../../core/money/money-changes.ts';
import type { Connection } from '../connection.ts';

type Totals = { debits: number; credits: number };

function prepare(db: Connection['db']) {
  return {
    balance: db.prepare(
      'SELECT debits_cents AS debits, credits_cents AS credits FROM ledger_account WHERE name = ?',
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
