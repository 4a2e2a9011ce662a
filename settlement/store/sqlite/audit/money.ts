/** What the audit reads of the ledger, of charges and of who is denied, on SQLite. It only reads. */
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
  | 'topUps'
  | 'denials'
  | 'riderAccounts'
  | 'charges'
  | 'chargeEvents'
  | 'bookSeal'
  | 'work';

const POSTING = 'debit, credit, amount_cents AS amountCents, code';
const TOP_UPS = 'SELECT account, key, amount_cents AS amountCents FROM top_up ORDER BY number';
const CHARGES = `
  SELECT charge.use, charge.account, record.use AS recordUse, charge.line, charge.fare_cents AS fareCents,
    charge.owed_cents AS owedCents
  FROM charge LEFT JOIN record ON record.id = charge.record ORDER BY charge.use`;
const STAND = 'rev, state, fare_cents AS fareCents, record';
const CHARGE_EVENTS = `SELECT use, ${STAND} FROM charge_event ORDER BY use, number`;

/** Ids are `charge:USE:REV:…`, `topUp:ACCOUNT:KEY:…`, `payment:ID:…` and `writeOff:NUMBER:loss`; no part but a key may hold a colon. */
function withCause(db: Connection['db']) {
  const charge = db.prepare('SELECT 1 FROM charge WHERE use = ? AND rev >= ?').pluck();
  const topUp = db.prepare('SELECT 1 FROM top_up WHERE account = ? AND key = ?').pluck();
  const payment = db.prepare('SELECT 1 FROM payment WHERE id = ?').pluck();
  const writeOff = db
    .prepare(`SELECT 1 FROM resolution WHERE number = ? AND how = 'WRITE_OFF'`)
    .pluck();
  const isCaused = (id: string): boolean => {
    const [kind = '', first = '', ...rest] = id.split(':');
    if (kind === 'charge') return charge.get(first, Number(rest[0])) !== undefined;
    if (kind === 'topUp') return topUp.get(first, rest.slice(0, -1).join(':')) !== undefined;
    if (kind === 'writeOff') return writeOff.get(Number(first)) !== undefined;
    return kind === 'payment' && payment.get(Number(first)) !== undefined;
  };
  return (transfer: Omit<PostedTransferRow, 'cause'>): PostedTransferRow => ({
    ...transfer,
    cause: isCaused(transfer.id),
  });
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
    topUps: () => mappedRowsOf(db, { sql: TOP_UPS, toRow: withPosting(db) }),
    denials: () =>
      rowsOf(db, { sql: 'SELECT number, id, cause, lifted_at_ms AS liftedAtMs FROM denial' }),
    riderAccounts: () => rowsOf(db, { sql: 'SELECT account FROM account ORDER BY account' }),
    charges: () => mappedRowsOf(db, { sql: CHARGES, toRow: withTransfers(db) }),
    chargeEvents: () => mappedRowsOf(db, { sql: CHARGE_EVENTS, toRow: withCharge(db) }),
    bookSeal: () => rowsOf(db, { sql: 'SELECT name, link FROM book_seal' }),
    work: () => rowsOf(db, { sql: 'SELECT failed FROM outbox' }),
  };
}
