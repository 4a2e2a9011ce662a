/** Compares a file of books with the database that they were copied into: rows, balances, and every chain to its end. */
import { toHex } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { checkBookSeal, checkResolutionSeal } from '../audit/money/seals.ts';
import type { AuditReader } from '../audit/port.ts';
import { runChecks } from '../audit/run.ts';
import { FIRST_LINK, type KeyedHash, MOVED_CHAIN } from '../core/money/book-seal.ts';
import { readInOneInstant } from '../store/postgres/audit/reader.ts';
import type { Connection } from '../store/sqlite/connection.ts';
import { type Copying, type CopyStep, countIn } from './copy.ts';

const ACCOUNTS = `SELECT name, kind, debits_cents AS debits, credits_cents AS credits
  FROM ledger_account ORDER BY name`;
const ACCOUNTS_THERE = `SELECT name, kind, sum(debits_cents)::int8 AS debits, sum(credits_cents)::int8 AS credits
  FROM ledger_account GROUP BY name, kind ORDER BY name`;
const LINK = `SELECT link FROM book_seal WHERE name = 'ledger'`;
const LINK_THERE = 'SELECT link FROM book_seal WHERE name = $1';

export type Compared = {
  rows: number;
  accounts: number;
  transfers: number;
  /** The last link of the chain that was in the file. */
  chainEnd: string;
};

/** @throws Fault STORE_CORRUPT with what differs. */
export async function compare(
  steps: readonly CopyStep[],
  { file, target, keyedHash }: Pick<Copying, 'file' | 'target' | 'keyedHash'>,
): Promise<Compared> {
  const { session, url } = target;
  const differs: string[] = [];
  let rows = 0;
  for (const step of steps) {
    if (step.isCounted === false) continue;
    const expected = countIn(file, step);
    const there = await session.first<{ rows: number }>(
      `SELECT count(*) AS rows FROM "${step.table}"`,
    );
    if (there?.rows !== expected) differs.push(`${step.table}: ${there?.rows} of ${expected} rows`);
    rows += expected;
  }
  type Account = { name: string };
  const accounts = file.db.prepare(ACCOUNTS).all() as Account[];
  const accountsThere = new Map(
    (await session.all<Account>(ACCOUNTS_THERE)).map((one) => [one.name, JSON.stringify(one)]),
  );
  for (const one of accounts) {
    if (accountsThere.get(one.name) !== JSON.stringify(one)) differs.push(`balance of ${one.name}`);
  }
  if (accountsThere.size !== accounts.length) differs.push('accounts of the ledger');
  const chainEnd = endOf(file);
  const end = await session.first<{ link: Uint8Array }>(LINK_THERE, [MOVED_CHAIN]);
  if (toHex(end?.link ?? FIRST_LINK) !== chainEnd) differs.push('the chain of the ledger');
  differs.push(...(await readInOneInstant(url, (reader) => wrongSeals(reader, keyedHash))));
  if (differs.length === 0) {
    return {
      rows,
      accounts: accounts.length,
      transfers: countIn(file, transfersOf(steps)),
      chainEnd,
    };
  }
  throw new Fault(
    'STORE_CORRUPT',
    `${target.place} is not as the file is (${differs.slice(0, 5).join('; ')}): nothing is switched; move again with --start-over`,
  );
}

/** The last link of the file's chain, in hex. */
export function endOf({ db }: Connection): string {
  const link = db.prepare(LINK).pluck().get();
  return toHex(link instanceof Uint8Array ? link : FIRST_LINK);
}

/** Words for what is not as it was sealed. */
export async function wrongSeals(reader: AuditReader, keyedHash: KeyedHash): Promise<string[]> {
  const checks = [checkBookSeal(keyedHash), checkResolutionSeal(keyedHash)];
  const results = await runChecks(reader, checks);
  return results.filter(({ ok }) => !ok).map(({ name, detail }) => `not so: ${name} (${detail})`);
}

function transfersOf(steps: readonly CopyStep[]): Pick<CopyStep, 'select'> {
  return steps.find(({ table }) => table === 'transfer') ?? { select: 'SELECT 1 WHERE false' };
}
