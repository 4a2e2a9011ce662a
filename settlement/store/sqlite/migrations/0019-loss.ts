/** The ledger has an account for what was written off; foreign keys are off while migrations run. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const LOSS_ACCOUNT: DurableMigration = {
  name: '0019-loss',
  statements: [
    `CREATE TABLE ledger_account_next (
       name TEXT PRIMARY KEY,
       kind TEXT NOT NULL CHECK (kind IN ('cash', 'wallet', 'receivable', 'revenue', 'merchant', 'loss')),
       debits_cents INTEGER NOT NULL CHECK (debits_cents >= 0),
       credits_cents INTEGER NOT NULL CHECK (credits_cents >= 0),
       CHECK (CASE WHEN kind IN ('cash', 'receivable', 'loss') THEN debits_cents >= credits_cents
              ELSE credits_cents >= debits_cents END)) STRICT, WITHOUT ROWID`,
    `INSERT INTO ledger_account_next SELECT * FROM ledger_account`,
    `DROP TABLE ledger_account`,
    `ALTER TABLE ledger_account_next RENAME TO ledger_account`,
  ],
};
