/** Reads and writes of ledger and charges: facts in, decided steps out, always inside one transaction. */
import { assert } from '@stile/protocol/fault.ts';
import type { Charge, ChargeEvent, MoneyStep } from '../core/charge.ts';
import { type Balances, balanceOf, receivableOf, type Transfer, walletOf } from '../core/ledger.ts';
import type { Db, NewRow, Row } from './schema.ts';

/** Parameters of one statement stay well below SQLite's limit of 32,766. */
export const ROWS_PER_STATEMENT = 500;

/** Runs `work` on pieces of a list that are short enough for one statement. */
export async function inPieces<T>(
  list: readonly T[],
  work: (piece: T[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < list.length; at += ROWS_PER_STATEMENT) {
    await work(list.slice(at, at + ROWS_PER_STATEMENT));
  }
}

export async function readBalances(db: Db, names: Iterable<string>): Promise<Balances> {
  const balances: Balances = new Map();
  await inPieces([...new Set(names)], async (piece) => {
    const rows = await db
      .selectFrom('ledger_account')
      .selectAll()
      .where('name', 'in', piece)
      .execute();
    for (const row of rows) {
      balances.set(row.name, { debitsCents: row.debits_cents, creditsCents: row.credits_cents });
    }
  });
  return balances;
}

export async function readMoney(
  db: Db,
  account: string,
): Promise<{ balanceCents: number; debtCents: number }> {
  const [wallet, receivable] = [walletOf(account), receivableOf(account)];
  const balances = await readBalances(db, [wallet, receivable]);
  return {
    balanceCents: balanceOf(wallet, balances.get(wallet)),
    debtCents: balanceOf(receivable, balances.get(receivable)),
  };
}

/** Writes transfers and, netted, what they do to the accounts. */
export async function writeTransfers(
  db: Db,
  transfers: readonly Transfer[],
  recordedAtMs: number,
): Promise<void> {
  if (transfers.length === 0) return;
  const net = new Map<string, { debits: number; credits: number }>();
  const sumsOf = (name: string) => {
    const sums = net.get(name) ?? { debits: 0, credits: 0 };
    net.set(name, sums);
    return sums;
  };
  const rows: NewRow<'transfer'>[] = transfers.map((transfer) => {
    sumsOf(transfer.debit).debits += transfer.amountCents;
    sumsOf(transfer.credit).credits += transfer.amountCents;
    const { id, debit, credit, code, ref } = transfer;
    return {
      id,
      debit,
      credit,
      amount_cents: transfer.amountCents,
      code,
      ref,
      event_at_ms: transfer.eventAtMs,
      recorded_at_ms: recordedAtMs,
    };
  });
  await inPieces(rows, (piece) => db.insertInto('transfer').values(piece).execute());
  // A new account begins at zero, then every account grows by its net: no balance is ever read stale.
  const names = [...net.keys()].sort();
  await inPieces(names, (piece) =>
    db
      .insertInto('ledger_account')
      .values(
        piece.map((name) => ({
          name,
          debits_cents: net.get(name)?.debits ?? 0,
          credits_cents: net.get(name)?.credits ?? 0,
        })),
      )
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet((eb) => ({
          debits_cents: eb('ledger_account.debits_cents', '+', eb.ref('excluded.debits_cents')),
          credits_cents: eb('ledger_account.credits_cents', '+', eb.ref('excluded.credits_cents')),
        })),
      )
      .execute(),
  );
}

export async function readCharges(db: Db, uses: readonly string[]): Promise<Map<string, Charge>> {
  const charges = new Map<string, Charge>();
  await inPieces(uses, async (piece) => {
    const rows = await db.selectFrom('charge').selectAll().where('use_key', 'in', piece).execute();
    for (const row of rows) charges.set(row.use_key, chargeOf(row));
  });
  return charges;
}

/** The charges of these accounts that wait for the wallet, oldest ride first. */
export async function readOpenCharges(db: Db, accounts: readonly string[]): Promise<Charge[]> {
  const charges: Charge[] = [];
  await inPieces(accounts, async (piece) => {
    const rows = await db
      .selectFrom('charge')
      .selectAll()
      .where('account', 'in', piece)
      .where('state', 'in', ['POSTED', 'DEBT'])
      .orderBy('ridden_at_ms')
      .orderBy('use_key')
      .execute();
    charges.push(...rows.map(chargeOf));
  });
  return charges;
}

/** Writes what steps have decided: transfers, the charges as they now stand, and their history. */
export async function writeSteps(
  db: Db,
  steps: readonly MoneyStep[],
  recordedAtMs: number,
): Promise<void> {
  await writeTransfers(
    db,
    steps.flatMap((step) => step.transfers),
    recordedAtMs,
  );
  const latest = new Map(steps.map(({ charge }) => [charge.use, charge]));
  await inPieces([...latest.values()], (piece) =>
    db
      .insertInto('charge')
      .values(piece.map((charge) => rowOf(charge, recordedAtMs)))
      .onConflict((conflict) =>
        conflict.column('use_key').doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          gate: eb.ref('excluded.gate'),
          epoch: eb.ref('excluded.epoch'),
          seq: eb.ref('excluded.seq'),
          line: eb.ref('excluded.line'),
          fare_cents: eb.ref('excluded.fare_cents'),
          ridden_at_ms: eb.ref('excluded.ridden_at_ms'),
          withheld_cents: eb.ref('excluded.withheld_cents'),
          revision: eb.ref('excluded.revision'),
        })),
      )
      .execute(),
  );
  const events = steps.flatMap((step) => step.events);
  await inPieces(events, (piece) =>
    db
      .insertInto('charge_event')
      .values(piece.map((event) => eventRow(event, recordedAtMs)))
      .execute(),
  );
}

function eventRow({ use, state, atMs, cause }: ChargeEvent, recordedAtMs: number) {
  return { use_key: use, state, at_ms: atMs, recorded_at_ms: recordedAtMs, cause };
}

function chargeOf(row: Row<'charge'>): Charge {
  const { gate, epoch, seq, line, ridden_at_ms: atMs } = row;
  const carried = gate !== null && epoch !== null && seq !== null && line !== null;
  assert(!carried || atMs !== null, 'a charge that a tap carries has its time');
  return {
    use: row.use_key,
    account: row.account,
    state: row.state,
    tap: carried ? { gate, epoch, seq, line, fareCents: row.fare_cents, atMs: atMs ?? 0 } : null,
    withheldCents: row.withheld_cents,
    revision: row.revision,
  };
}

function rowOf(charge: Charge, chargedAtMs: number): NewRow<'charge'> {
  const { tap } = charge;
  return {
    use_key: charge.use,
    account: charge.account,
    state: charge.state,
    gate: tap?.gate ?? null,
    epoch: tap?.epoch ?? null,
    seq: tap?.seq ?? null,
    line: tap?.line ?? null,
    fare_cents: tap?.fareCents ?? 0,
    ridden_at_ms: tap?.atMs ?? null,
    charged_at_ms: chargedAtMs,
    withheld_cents: charge.withheldCents,
    revision: charge.revision,
  };
}
