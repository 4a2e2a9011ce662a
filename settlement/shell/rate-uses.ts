/** Brings the charges of some code uses to what all their taps say now; queues what has to be withheld. */
import { type CarrierTap, isSameTap, type MoneyStep, rate } from '../core/charge.ts';
import { receivableOf, walletOf } from '../core/ledger.ts';
import { inPieces, readBalances, readCharges, writeSteps } from './money.ts';
import { enqueue } from './outbox.ts';
import type { Db } from './schema.ts';

export type TapRuling = {
  tap: CarrierTap;
  ruling: 'accepted' | 'rejected';
  reason: 'EXTRA_USE' | null;
};

type UseTaps = { account: string; taps: (CarrierTap & { ruling: string })[] };

/** Inside the caller's transaction. Answers which taps are ruled otherwise than they were. */
export async function rateUses(
  db: Db,
  uses: readonly string[],
  atMs: number,
): Promise<{ changed: TapRuling[]; settles: boolean }> {
  if (uses.length === 0) return { changed: [], settles: false };
  const byUse = await readTaps(db, uses);
  const charges = await readCharges(db, uses);
  const accounts = new Set([...byUse.values()].map(({ account }) => account));
  for (const charge of charges.values()) accounts.add(charge.account);
  let balances = await readBalances(
    db,
    [...accounts].flatMap((account) => [walletOf(account), receivableOf(account)]),
  );
  const steps: MoneyStep[] = [];
  const changed: TapRuling[] = [];
  for (const use of uses) {
    const charge = charges.get(use);
    const { account = charge?.account ?? '', taps = [] } = byUse.get(use) ?? {};
    const step = rate(charge, use, account, taps, balances);
    if (step !== null) {
      balances = step.balances;
      steps.push(step);
    }
    changed.push(...changedRulings(taps, step?.charge.tap ?? charge?.tap ?? null));
  }
  if (steps.length > 0) await writeSteps(db, steps, atMs);
  await writeRulings(db, changed);
  const touched = new Set(steps.map(({ charge }) => charge.account));
  await enqueue(db, 'settle', [...touched], atMs);
  return { changed, settles: touched.size > 0 };
}

/** The opened, verified taps of each code use that no void has taken back. */
async function readTaps(db: Db, uses: readonly string[]): Promise<Map<string, UseTaps>> {
  const byUse = new Map<string, UseTaps>();
  await inPieces(uses, async (piece) => {
    const rows = await db
      .selectFrom('record')
      .select([
        'use_key',
        'account',
        'gate',
        'epoch',
        'seq',
        'line_name',
        'fare_cents',
        'at_ms',
        'ruling',
      ])
      .where('use_key', 'in', piece)
      .where('voided_by_seq', 'is', null)
      .execute();
    for (const row of rows) {
      const use = byUse.get(row.use_key ?? '') ?? { account: row.account ?? '', taps: [] };
      const { gate, epoch, seq, ruling } = row;
      const line = row.line_name ?? '';
      const fareCents = row.fare_cents ?? 0;
      use.taps.push({ gate, epoch, seq, line, fareCents, atMs: row.at_ms ?? 0, ruling });
      byUse.set(row.use_key ?? '', use);
    }
  });
  return byUse;
}

function changedRulings(
  taps: readonly (CarrierTap & { ruling: string })[],
  carrier: CarrierTap | null,
): TapRuling[] {
  return taps.flatMap((tap): TapRuling[] => {
    const carries = isSameTap(tap, carrier);
    const ruling = carries ? 'accepted' : 'rejected';
    if (ruling === tap.ruling) return [];
    return [{ tap, ruling, reason: carries ? null : 'EXTRA_USE' }];
  });
}

async function writeRulings(db: Db, changed: readonly TapRuling[]): Promise<void> {
  for (const { tap, ruling, reason } of changed) {
    await db
      .updateTable('record')
      .set({ ruling, ruling_reason: reason })
      .where('gate', '=', tap.gate)
      .where('epoch', '=', tap.epoch)
      .where('seq', '=', tap.seq)
      .execute();
  }
}
