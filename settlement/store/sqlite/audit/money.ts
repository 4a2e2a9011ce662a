/** What the audit reads of the ledger, of charges and of who is denied, on SQLite. It only reads. */
import type { AuditReader } from '../../../audit/port.ts';
import type { Connection } from '../connection.ts';
import { rowsOf } from './pages.ts';

type MoneyTable =
  | 'ledgerAccounts'
  | 'transfers'
  | 'topUps'
  | 'denials'
  | 'riderAccounts'
  | 'charges'
  | 'chargeEvents'
  | 'work';

export function readMoneyTables({ db }: Connection): Pick<AuditReader, MoneyTable> {
  return {
    ledgerAccounts: () =>
      rowsOf(db, {
        sql: `SELECT name, kind, debits_cents AS debitsCents, credits_cents AS creditsCents
              FROM ledger_account ORDER BY name`,
      }),
    transfers: () =>
      rowsOf(db, {
        sql: `SELECT id, debit, credit, amount_cents AS amountCents, code
              FROM transfer ORDER BY number`,
      }),
    topUps: () => rowsOf(db, { sql: 'SELECT amount_cents AS amountCents FROM top_up' }),
    denials: () => rowsOf(db, { sql: 'SELECT id, cause, lifted_at_ms AS liftedAtMs FROM denial' }),
    riderAccounts: () => rowsOf(db, { sql: 'SELECT account FROM account ORDER BY account' }),
    charges: () =>
      rowsOf(db, {
        sql: `SELECT account, line, fare_cents AS fareCents, owed_cents AS owedCents FROM charge`,
      }),
    chargeEvents: () =>
      rowsOf(db, { sql: 'SELECT use, state FROM charge_event ORDER BY use, number' }),
    work: () => rowsOf(db, { sql: 'SELECT failed FROM outbox' }),
  };
}
