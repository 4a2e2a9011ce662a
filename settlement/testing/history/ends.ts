/** What people can read of a store, as text that is the same wherever the same has happened. */
import { toHex } from '@stile/protocol/bytes.ts';
import type { Store } from '../../store/port.ts';
import type { StatementItem } from '../../store/views.ts';
import { accountOf, ISSUER } from '../log.ts';
import { GATES, MERCHANTS, RIDERS } from './deeds.ts';

const ALL = 999;
/** Items of a statement that are read at a time, to see that pages lose none. */
const PAGE_ITEMS = 3;
/** How a database names a row is its own. */
const NAMES_OF_ROWS = new Set(['cursor', 'next']);

export function textOf(value: unknown): string {
  return JSON.stringify(
    value,
    (key, one: unknown) => {
      if (NAMES_OF_ROWS.has(key)) return undefined;
      return one instanceof Uint8Array ? toHex(one) : inOrder(one);
    },
    1,
  );
}

/** In which order a row has its columns nobody sees. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whole sentences about everybody: balances, statements, payments, how records ended, lists. */
export async function readEnds(store: Store, nowMs: number): Promise<string> {
  const riders = await readRiders(store);
  const page = { fromMs: 0, toMs: nowMs + 1, after: null, limit: ALL };
  const sales: unknown[] = [];
  for (const merchant of MERCHANTS) sales.push(await store.listPayments(merchant, page));
  return textOf({
    balances: await store.readTrialBalance(),
    riders,
    sales,
    gates: await store.listGates(),
    records: await readRecords(store),
    parked: sorted(await store.listParked(ALL)),
    resolutions: await store.listResolutions({ after: 0, limit: ALL }),
    work: await store.countWork(),
    lists: await readLists(store),
  });
}

async function readRiders(store: Store): Promise<unknown[]> {
  const riders: unknown[] = [];
  for (const letter of RIDERS) {
    const account = accountOf(letter);
    // Wrong codes end a seed although they are refused: that is what they are counted for.
    const { seeds: _seeds, ...rider } = (await store.readRider(ISSUER, account)) ?? { seeds: [] };
    riders.push({
      rider,
      statement: await readStatement(store, account),
      denials: await store.findDenials(ISSUER, { account, serial: 1 }),
    });
  }
  return riders;
}

async function readStatement(store: Store, account: string): Promise<StatementItem[]> {
  const items: StatementItem[] = [];
  for (let after: string | null = null; ; ) {
    const page = await store.listStatement(account, { after, limit: PAGE_ITEMS });
    items.push(...page);
    after = page.at(-1)?.cursor ?? null;
    if (page.length < PAGE_ITEMS) break;
  }
  return items.sort(byInstant);
}

/** The latest first; of one instant in an order that no name of a row has made. */
function byInstant(a: StatementItem, b: StatementItem): number {
  if (a.atMs !== b.atMs) return b.atMs - a.atMs;
  const [one, other] = [textOf(a), textOf(b)];
  return one < other ? -1 : Number(one > other);
}

async function readRecords(store: Store): Promise<unknown[]> {
  const records: unknown[] = [];
  for (const { gate } of GATES) {
    const taps = await store.listTaps({ gate, after: 0, limit: ALL });
    records.push(sorted(taps.map(({ id: _id, ...tap }) => tap)));
  }
  return records;
}

function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => textOf(row)).sort();
}

async function readLists(store: Store) {
  const tariff: unknown[] = [];
  for (const { line } of GATES) tariff.push(await store.listTariff(line));
  return { ...(await store.readListFacts()), tariff };
}
