/**
 * Every table of the file, and what becomes of its rows in PostgreSQL. Most are copied as they are; rows of gates get
 * other names, and what points at them follows. In the order in which one points at another.
 */
import { assert } from '@stile/protocol/fault.ts';
import { accountOfUse } from '../core/logs/code-use.ts';
import type { KeyedHash } from '../core/money/book-seal.ts';
import { epochSeal } from '../core/money/book-seal.ts';
import { partOf, rowRange, slotOf, slotOfEpoch, slotOfRecord } from '../store/postgres/ids.ts';
import type { NewIds } from './new-ids.ts';

export type Row = Record<string, unknown>;
export type TableCopy = {
  table: string;
  /** From the file, in an order that is always the same. */
  select: string;
  /** What is written; default: the row as it was read. */
  toRow?: (row: Row) => Row;
  /** For rows that are large. */
  pageRows?: number;
  /** What is there already stays as it is, and is not counted. */
  isCounted?: false;
};

export type RowParts = { ids: NewIds; keyedHash: KeyedHash };

const LISTS_ROWS = 8;

/** A row that has the same columns there. */
function asItIs(table: string, order: string): TableCopy {
  return { table, select: `SELECT * FROM ${table} ORDER BY ${order}` };
}

export function tablesToCopy(parts: RowParts): TableCopy[] {
  return [...LISTS, ...RIDERS, ...PAYEES, ...gateTables(parts), ...chargeTables(parts.ids)];
}

const LISTS: TableCopy[] = [
  {
    table: 'meta',
    select: `SELECT * FROM meta WHERE key <> 'opened' AND key <> 'bookKeyCheck' ORDER BY key`,
    // How far the move is stands there too.
    isCounted: false,
  },
  // Nobody leads: settlement rests.
  { ...asItIs('lease', 'number'), toRow: (row) => ({ ...row, holder: null }) },
  asItIs('issuer_key', 'issuer, key_id'),
  asItIs('tariff_line', 'version'),
  asItIs('list_rules', 'version'),
  { ...asItIs('trust_list', 'version'), pageRows: LISTS_ROWS },
  asItIs('deny_version', 'version'),
  asItIs('deny_entry', 'id, added_in'),
  asItIs('deny_dirty', 'id'),
  {
    table: 'denial',
    // Numbered anew within their slots; what was cut is missing before the last one, and counted there by the audit.
    select: `SELECT *, row_number() OVER (PARTITION BY substr(id, 1, 1) ORDER BY number) AS place,
        iif(number = max(number) OVER (), number - count(*) OVER (), 0) AS missing
      FROM denial ORDER BY number`,
    toRow: ({ place, missing, ...row }) => {
      const slot = (row.id as Uint8Array)[0] ?? 0;
      return { ...row, slot, number: rowRange(slot)[0] + Number(place) + Number(missing) };
    },
  },
  asItIs('cut', 'kind'),
  asItIs('operator', 'name'),
  asItIs('operator_token', 'token_hash'),
  asItIs('act', 'number'),
  asItIs('act_status', 'number'),
];

const RIDERS: TableCopy[] = [
  asItIs('account', 'account'),
  asItIs('pass', 'account, serial'),
  { table: 'pass_key', select: 'SELECT public_key, account FROM pass ORDER BY account, serial' },
  asItIs('pass_issue', 'number'),
  asItIs('session', 'token_hash'),
  asItIs('recovery_code', 'code_hash'),
  asItIs('approval', 'id'),
  asItIs('invite', 'token_hash'),
  asItIs('enrolment', 'number'),
  asItIs('top_up', 'number'),
  asItIs('top_up_intent', 'account, key'),
  asItIs('payment_seed', 'handle'),
  { table: 'seed_handle', select: 'SELECT handle, account FROM payment_seed ORDER BY handle' },
  {
    table: 'spent_step',
    // What is left of a seed that is gone is asked for by nobody.
    select: `SELECT handle, step, account FROM spent_step JOIN payment_seed USING (handle)
      ORDER BY handle, step`,
  },
  asItIs('online_code', 'code_hash'),
  asItIs('used_challenge', 'challenge'),
  asItIs('rider_event', 'account, number'),
];

const PAYEES: TableCopy[] = [
  asItIs('merchant', 'merchant'),
  asItIs('merchant_event', 'merchant, number'),
  asItIs('purchase_order', 'order_id'),
  asItIs('payment', 'id'),
  {
    table: 'payment_refund',
    select: `SELECT payment, payee, payment_refund.key, payment_refund.id AS number,
        payment_refund.amount_cents, why, payment_refund.at_ms
      FROM payment_refund JOIN payment ON payment.id = payment ORDER BY payment_refund.id`,
  },
  asItIs('refused_key', 'payee, key'),
  asItIs('payee_failure', 'number'),
];

function gateTables({ ids, keyedHash }: RowParts): TableCopy[] {
  const withSlot = (row: Row) => ({ ...row, slot: slotOf(String(row.gate)) });
  return [
    { ...asItIs('gate', 'gate'), toRow: withSlot },
    { ...asItIs('gate_line', 'number'), toRow: withSlot },
    { ...asItIs('gate_token', 'token_hash'), toRow: withSlot },
    {
      ...asItIs('gate_key', 'id'),
      toRow: (row) => withSlot({ ...row, id: ids.gateKey(Number(row.id)) }),
    },
    { ...asItIs('gate_epoch', 'id'), toRow: (row) => epochRow(row, { ids, keyedHash }) },
    ...logTables(ids),
  ];
}

function epochRow(row: Row, { ids, keyedHash }: RowParts): Row {
  const id = ids.epoch(Number(row.id));
  const {
    gate,
    epoch,
    last_seq: lastSeq,
    head,
  } = row as Row & {
    gate: string;
    epoch: string;
    last_seq: number;
    head: Uint8Array;
  };
  return {
    ...row,
    id,
    slot: slotOfEpoch(id),
    gate_key_id: mapped(row.gate_key_id, ids.gateKey),
    branch_of: mapped(row.branch_of, ids.epoch),
    seal: epochSeal({ id, gate, epoch, lastSeq, head }, keyedHash),
  };
}

function logTables(ids: NewIds): TableCopy[] {
  const inEpoch = (row: Row, id: unknown) => ids.inEpoch(Number(row.epoch_id), Number(id));
  return [
    {
      ...asItIs('batch', 'id'),
      toRow: (row) => {
        const id = inEpoch(row, row.id);
        const gateKey = ids.gateKey(Number(row.gate_key_id));
        const epoch = ids.epoch(Number(row.epoch_id));
        return { ...row, id, slot: slotOfRecord(id), epoch_id: epoch, gate_key_id: gateKey };
      },
    },
    {
      ...asItIs('record', 'id'),
      toRow: (row) => {
        const id = ids.record(Number(row.epoch_id), Number(row.seq));
        const places = {
          epoch_id: ids.epoch(Number(row.epoch_id)),
          batch_id: inEpoch(row, row.batch_id),
        };
        return { ...row, id, slot: slotOfRecord(id), ...places };
      },
    },
    {
      ...asItIs('odd_line', 'id'),
      toRow: (row) => {
        const id = inEpoch(row, row.id);
        const places = {
          epoch_id: ids.epoch(Number(row.epoch_id)),
          batch_id: inEpoch(row, row.batch_id),
        };
        return { ...row, id, slot: slotOfRecord(id), ...places };
      },
    },
    {
      table: 'unjudged',
      select: withRecord('unjudged', 'record'),
      toRow: (row) => {
        const moved = atRecord(row, ids);
        return { ...moved, slot: slotOfRecord(Number(moved.record)) };
      },
    },
  ];
}

/** Rows with the place of the record that they name. */
function withRecord(table: string, order: string): string {
  return `SELECT ${table}.*, record.epoch_id AS record_epoch, record.seq AS record_seq
    FROM ${table} LEFT JOIN record ON record.id = ${table}.record ORDER BY ${table}.${order}`;
}

function atRecord({ record_epoch, record_seq, ...row }: Row, ids: NewIds): Row {
  assert(record_epoch !== null, `the file has record ${row.record}`);
  return { ...row, record: ids.record(Number(record_epoch), Number(record_seq)) };
}

function chargeTables(ids: NewIds): TableCopy[] {
  return [
    { table: 'charge', select: withRecord('charge', 'use'), toRow: (row) => atRecord(row, ids) },
    {
      table: 'charge_event',
      select: withRecord('charge_event', 'number'),
      toRow: (row) => ({ ...atRecord(row, ids), account: accountOfUse(String(row.use)) }),
    },
    {
      table: 'ledger_account',
      select: 'SELECT name, kind FROM ledger_account ORDER BY name',
      toRow: ({ name, kind }) => {
        const [, account = String(name)] = /^(?:wallet|receivable):(.*)$/.exec(String(name)) ?? [];
        return { name, kind, part: partOf(account), debits_cents: 0, credits_cents: 0 };
      },
      isCounted: false,
    },
  ];
}

function mapped(id: unknown, to: (id: number) => number): number | null {
  return id === null ? null : to(Number(id));
}
