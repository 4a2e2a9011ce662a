/** What the audit reads of the ledger, of charges and of who is denied, on PostgreSQL. It only reads. */
import { readTransferCause, type TransferCause } from '../../../audit/money/transfer-cause.ts';
import type {
  AuditReader,
  ChargeEventRow,
  PostedTransferRow,
  TopUpRow,
} from '../../../audit/port.ts';
import { PARTS } from '../ids.ts';
import type { Session } from '../session.ts';
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

/** Every chain of the ledger has one from the start. */
const BOOK_SEALS = `
  SELECT name, link
  FROM (SELECT 'ledger:' || chain AS name FROM generate_series(0, ${PARTS - 1}) AS chain) AS chains
    FULL JOIN book_seal USING (name) ORDER BY name`;

/** An account lies in parts; a name that has two kinds is shown as two accounts, which no check lets pass. */
const LEDGER_ACCOUNTS = `
  SELECT name, kind, sum(debits_cents)::bigint AS "debitsCents", sum(credits_cents)::bigint AS "creditsCents"
  FROM ledger_account GROUP BY name, kind ORDER BY name`;

const TRANSFERS = `
  SELECT 'ledger:' || chain AS chain, number, id, debit, credit, amount_cents AS "amountCents", code,
    happened_at_ms AS "happenedAtMs", recorded_at_ms AS "recordedAtMs"
  FROM transfer ORDER BY transfer.chain, number`;
const MOVED_TRANSFERS = `
  SELECT moved_number AS number, id, debit, credit, amount_cents AS "amountCents", code,
    happened_at_ms AS "happenedAtMs", recorded_at_ms AS "recordedAtMs"
  FROM transfer WHERE moved_number IS NOT NULL ORDER BY moved_number`;
type StoredTransfer = Omit<PostedTransferRow, 'cause'>;

/** Which of these causes are stored, by where they stand in the arrays. */
const CAUSES = `
  SELECT at FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    AS cause (at, kind, name, key, number)
  WHERE (cause.kind = 'charge' AND EXISTS (
      SELECT 1 FROM charge WHERE use = cause.name AND rev >= cause.number))
    OR (cause.kind = 'topUp' AND EXISTS (
      SELECT 1 FROM top_up WHERE account = cause.name AND top_up.key = cause.key))
    OR (cause.kind = 'payment' AND EXISTS (SELECT 1 FROM payment WHERE id = cause.number))
    OR (cause.kind = 'writeOff' AND EXISTS (
      SELECT 1 FROM resolution WHERE resolution.number = cause.number AND how = 'WRITE_OFF'))`;

const TOP_UPS = `
  SELECT top_up.account, top_up.key, top_up.amount_cents AS "amountCents", debit, credit,
    transfer.amount_cents AS "postedCents", code
  FROM top_up LEFT JOIN transfer ON id = 'topUp:' || top_up.account || ':' || top_up.key || ':in'
  ORDER BY top_up.account, top_up.number`;
type StoredTopUp = Omit<TopUpRow, 'posting'> & {
  debit: string | null;
  credit: string;
  postedCents: number;
  code: string;
};

/** `;` is the character behind `:`, so the range is every id that begins with `charge:USE:`. */
const CHARGES = `
  SELECT charge.use, charge.account, record.use AS "recordUse", charge.line,
    charge.fare_cents AS "fareCents", charge.owed_cents AS "owedCents",
    (SELECT coalesce(json_agg(json_build_object(
        'id', id, 'debit', debit, 'credit', credit, 'amountCents', amount_cents, 'code', code)
        ORDER BY id), '[]')
     FROM transfer WHERE id >= 'charge:' || charge.use || ':' AND id < 'charge:' || charge.use || ';'
    ) AS transfers
  FROM charge LEFT JOIN record ON record.id = charge.record ORDER BY charge.use`;

const CHARGE_EVENTS = `
  SELECT event.use, event.rev, event.state, event.fare_cents AS "fareCents", event.record,
    charge.rev AS "chargeRev", charge.state AS "chargeState", charge.fare_cents AS "chargeFareCents",
    charge.record AS "chargeRecord"
  FROM charge_event AS event LEFT JOIN charge ON charge.use = event.use
  ORDER BY event.use, event.number`;
type StoredEvent = Omit<ChargeEventRow, 'charge'> & {
  chargeRev: number | null;
  chargeState: string;
  chargeFareCents: number;
  chargeRecord: number;
};

export function readMoneyTables(session: Session): Pick<AuditReader, MoneyTable> {
  return {
    ledgerAccounts: () => rowsOf(session, { sql: LEDGER_ACCOUNTS }),
    transfers: () =>
      mappedRowsOf<StoredTransfer, PostedTransferRow>(session, {
        sql: TRANSFERS,
        toRows: (page) => withCauses(session, page),
      }),
    movedTransfers: () => rowsOf(session, { sql: MOVED_TRANSFERS }),
    topUps: () =>
      mappedRowsOf<StoredTopUp, TopUpRow>(session, {
        sql: TOP_UPS,
        toRows: (page) => page.map(toTopUp),
      }),
    denials: () =>
      rowsOf(session, {
        sql: `SELECT slot AS series, number - (slot::bigint << 45) AS number, id, cause,
                lifted_at_ms AS "liftedAtMs"
              FROM denial`,
      }),
    approvals: () => rowsOf(session, { sql: 'SELECT id AS number FROM approval' }),
    riderAccounts: () => rowsOf(session, { sql: 'SELECT account FROM account ORDER BY account' }),
    charges: () => rowsOf(session, { sql: CHARGES }),
    chargeEvents: () =>
      mappedRowsOf<StoredEvent, ChargeEventRow>(session, {
        sql: CHARGE_EVENTS,
        toRows: (page) => page.map(toEvent),
      }),
    bookSeal: () => rowsOf(session, { sql: BOOK_SEALS }),
    work: () => rowsOf(session, { sql: 'SELECT failed FROM outbox' }),
  };
}

async function withCauses(
  session: Session,
  page: readonly StoredTransfer[],
): Promise<PostedTransferRow[]> {
  const causes = page.map(({ id }) => readTransferCause(id));
  const keys = causes.map(causeKeys);
  const stored = await session.all<{ at: number }>(CAUSES, [
    keys.map((_, at) => at),
    causes.map((cause) => cause?.kind ?? null),
    keys.map(({ name }) => name),
    keys.map(({ key }) => key),
    keys.map(({ number }) => number),
  ]);
  const found = new Set(stored.map(({ at }) => at));
  return page.map((transfer, at) => ({ ...transfer, cause: found.has(at) }));
}

type CauseKeys = { name: string | null; key: string | null; number: number | null };

function causeKeys(cause: TransferCause | null): CauseKeys {
  const none = { name: null, key: null, number: null };
  switch (cause?.kind) {
    case 'charge':
      return { ...none, name: cause.use, number: cause.rev };
    case 'topUp':
      return { ...none, name: cause.account, key: cause.key };
    case 'payment':
      return { ...none, number: cause.id };
    case 'writeOff':
      return { ...none, number: cause.number };
    default:
      return none;
  }
}

function toTopUp({ debit, credit, postedCents, code, ...topUp }: StoredTopUp): TopUpRow {
  const posting = debit === null ? null : { debit, credit, amountCents: postedCents, code };
  return { ...topUp, posting };
}

function toEvent(stored: StoredEvent): ChargeEventRow {
  const { chargeRev, chargeState, chargeFareCents, chargeRecord, ...event } = stored;
  const stand = { state: chargeState, fareCents: chargeFareCents, record: chargeRecord };
  return { ...event, charge: chargeRev === null ? null : { rev: chargeRev, ...stand } };
}
