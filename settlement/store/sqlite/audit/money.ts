/** What the audit reads of the ledger, of charges and of who is denied, on SQLite. It only reads. */
import { readTransferCause, type TransferCause } from '../../../audit/money/transfer-cause.ts';
import type {
  AuditReader,
  ChargeEventRow,
  ChargeRow,
  PostedTransferRow,
  TopUpRow,
} from '../../../audit/port.ts';
import type { Connection } from '../connection.ts';
import { TRANSFERS } from '../seals.ts';
import { mappedRowsOf, rowsOf } from './pages.ts';

type MoneyTable =
  | 'ledgerAccounts'
  | 'transfers'
  | 'movedTransfers'
  | 'topUps'
  | 'denials'
  | 'approvals'
  | 'riderAccounts'
  | 'charges'
  | 'chargeEvents'
  | 'bookSeal'
  | 'work';

/** All transfers are one chain here. */
const LEDGER = 'ledger';
const POSTING = 'debit, credit, amount_cents AS amountCents, code';
const TOP_UPS = 'SELECT account, key, amount_cents AS amountCents FROM top_up ORDER BY number';
const CHARGES = `
  SELECT charge.use, charge.account, record.use AS recordUse, charge.line, charge.fare_cents AS fareCents,
    charge.owed_cents AS owedCents
  FROM charge LEFT JOIN record ON record.id = charge.record ORDER BY charge.use`;
const STAND = 'rev, state, fare_cents AS fareCents, record';
const CHARGE_EVENTS = `SELECT use, ${STAND} FROM charge_event ORDER BY use, number`;

function withCause(db: Connection['db']) {
  const charge = db.prepare('SELECT 1 FROM charge WHERE use = ? AND rev >= ?').pluck();
  const topUp = db.prepare('SELECT 1 FROM top_up WHERE account = ? AND key = ?').pluck();
  const payment = db.prepare('SELECT 1 FROM payment WHERE id = ?').pluck();
  const writeOff = db
    .prepare(`SELECT 1 FROM resolution WHERE number = ? AND how = 'WRITE_OFF'`)
    .pluck();
  const isStored = (cause: TransferCause): boolean => {
    switch (cause.kind) {
      case 'charge':
        return charge.get(cause.use, cause.rev) !== undefined;
      case 'topUp':
        return topUp.get(cause.account, cause.key) !== undefined;
      case 'writeOff':
        return writeOff.get(cause.number) !== undefined;
      case 'payment':
        return payment.get(cause.id) !== undefined;
    }
  };
  type Stored = Omit<PostedTransferRow, 'cause' | 'chain'>;
  return (transfer: Stored): PostedTransferRow => {
    const cause = readTransferCause(transfer.id);
    return { ...transfer, chain: LEDGER, cause: cause !== null && isStored(cause) };
  };
}

function withPosting(db: Connection['db']) {
  const posting = db.prepare(`SELECT ${POSTING} FROM transfer WHERE id = ?`);
  return (topUp: Omit<TopUpRow, 'posting'>): TopUpRow => {
    const found = posting.get(`topUp:${topUp.account}:${topUp.key}:in`);
    return { ...topUp, posting: (found as TopUpRow['posting'] | undefined) ?? null };
  };
}

function withTransfers(db: Connection['db']) {
  // `;` is the character behind `:`, so this is every id that begins with `charge:USE:`.
  const transfers = db.prepare(
    `SELECT id, ${POSTING} FROM transfer
     WHERE id >= 'charge:' || @use || ':' AND id < 'charge:' || @use || ';'`,
  );
  return (charge: Omit<ChargeRow, 'transfers'>): ChargeRow => ({
    ...charge,
    transfers: transfers.all({ use: charge.use }) as ChargeRow['transfers'],
  });
}

function withCharge(db: Connection['db']) {
  const charge = db.prepare(`SELECT ${STAND} FROM charge WHERE use = ?`);
  return (event: Omit<ChargeEventRow, 'charge'>): ChargeEventRow => ({
    ...event,
    charge: (charge.get(event.use) as ChargeEventRow['charge'] | undefined) ?? null,
  });
}

export function readMoneyTables({ db }: Connection): Pick<AuditReader, MoneyTable> {
  return {
    ledgerAccounts: () =>
      rowsOf(db, {
        sql: `SELECT name, kind, debits_cents AS debitsCents, credits_cents AS creditsCents
              FROM ledger_account ORDER BY name`,
      }),
    transfers: () => mappedRowsOf(db, { sql: TRANSFERS, toRow: withCause(db) }),
    // Books are moved out of a file, never into one.
    movedTransfers: () => rowsOf(db, { sql: 'SELECT * FROM transfer WHERE false' }),
    topUps: () => mappedRowsOf(db, { sql: TOP_UPS, toRow: withPosting(db) }),
    denials: () =>
      rowsOf(db, {
        sql: 'SELECT 0 AS series, number, id, cause, lifted_at_ms AS liftedAtMs FROM denial',
      }),
    approvals: () => rowsOf(db, { sql: 'SELECT id AS number FROM approval' }),
    riderAccounts: () => rowsOf(db, { sql: 'SELECT account FROM account ORDER BY account' }),
    charges: () => mappedRowsOf(db, { sql: CHARGES, toRow: withTransfers(db) }),
    chargeEvents: () => mappedRowsOf(db, { sql: CHARGE_EVENTS, toRow: withCharge(db) }),
    bookSeal: () => rowsOf(db, { sql: 'SELECT name, link FROM book_seal' }),
    work: () => rowsOf(db, { sql: 'SELECT failed FROM outbox' }),
  };
}
