/**
 * Work that follows from a commit: an outbox row is written in the same transaction, and a drain does
 * the work later, in transactions of its own. A row names an account, not a message: doing it twice
 * changes nothing, and a crash in between loses nothing.
 */

import { denyIdHex } from '@stile/protocol/deny-list.ts';
import type { Kysely } from 'kysely';
import { type AccountStanding, type MoneyStep, recover, withhold } from '../core/charge.ts';
import { balanceOf, receivableOf, walletOf } from '../core/ledger.ts';
import { setDebtCauses } from './deny-store.ts';
import { inPieces, readBalances, readOpenCharges, writeSteps } from './money.ts';
import type { Db, Tables } from './schema.ts';

/** Accounts settled in one transaction. */
const ACCOUNTS_PER_DRAIN = 200;

export async function enqueue(
  db: Db,
  job: 'settle' | 'publish',
  refs: readonly string[],
  atMs: number,
): Promise<void> {
  await inPieces(refs, (piece) =>
    db
      .insertInto('outbox')
      .values(piece.map((ref) => ({ job, ref, created_at_ms: atMs })))
      .onConflict((conflict) => conflict.columns(['job', 'ref']).doNothing())
      .execute(),
  );
}

export async function countOutbox(db: Db): Promise<number> {
  const row = await db
    .selectFrom('outbox')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return row.n;
}

/** Settles up to ACCOUNTS_PER_DRAIN accounts; answers whether there may be more. */
export async function drainSettles(
  db: Kysely<Tables>,
  issuer: number,
  atMs: number,
): Promise<{ settled: number; more: boolean }> {
  return await db.transaction().execute(async (tx) => {
    const jobs = await tx
      .selectFrom('outbox')
      .select(['id', 'ref'])
      .where('job', '=', 'settle')
      .orderBy('id')
      .limit(ACCOUNTS_PER_DRAIN)
      .execute();
    const accounts = jobs.map(({ ref }) => ref);
    await settleAccounts(tx, accounts, issuer, atMs);
    const ids = jobs.map(({ id }) => id);
    await inPieces(ids, (piece) => tx.deleteFrom('outbox').where('id', 'in', piece).execute());
    return { settled: jobs.length, more: jobs.length === ACCOUNTS_PER_DRAIN };
  });
}

/**
 * Verifies each account and withholds what it owes. A debt that stays puts the account onto the deny
 * list, a debt that is paid takes it off. Inside the caller's transaction.
 */
export async function settleAccounts(
  db: Db,
  accounts: readonly string[],
  issuer: number,
  atMs: number,
): Promise<void> {
  const standings = await readStandings(db, accounts);
  const open = await readOpenCharges(db, accounts);
  let balances = await readBalances(
    db,
    accounts.flatMap((account) => [walletOf(account), receivableOf(account)]),
  );
  const steps: MoneyStep[] = [];
  for (const charge of open) {
    const standing = standings.get(charge.account);
    const step =
      charge.state === 'POSTED'
        ? withhold(charge, standing, balances)
        : standing === 'active'
          ? recover(charge, balances, atMs)
          : null;
    if (step === null) continue;
    balances = step.balances;
    steps.push(step);
  }
  if (steps.length > 0) await writeSteps(db, steps, atMs);
  const owing = new Set(
    accounts.filter((account) => {
      const name = receivableOf(account);
      return balanceOf(name, balances.get(name)) > 0;
    }),
  );
  const entries = accounts.map((account) => ({ account, id: denyIdHex(issuer, account, 0) }));
  const changed = await setDebtCauses(db, entries, owing, atMs);
  if (changed) await enqueue(db, 'publish', [''], atMs);
}

async function readStandings(db: Db, accounts: readonly string[]) {
  const standings = new Map<string, AccountStanding>();
  await inPieces(accounts, async (piece) => {
    const rows = await db
      .selectFrom('account')
      .select(['account', 'status'])
      .where('account', 'in', piece)
      .execute();
    for (const { account, status } of rows) standings.set(account, status);
  });
  return standings;
}
