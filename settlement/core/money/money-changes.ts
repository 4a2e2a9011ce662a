/**
 * From a move of one rider's money to what is written for it: the posting, other charges that were paid on
 * the way, and the denial that stands as long as something is owed.
 */
import { denyId } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { Change, DatedTransfer, MoneyChange } from '../changes.ts';
import type { ChargeState } from '../rides/charge.ts';
import { kindOf, netTotals } from './ledger.ts';
import type { MoneyMove, Owing, RiderMoney } from './rider-money.ts';

/** A charge with something left to pay, as far as paying it needs to know it. */
export type OwedCharge = Owing & {
  rev: number;
  state: ChargeState;
  fareCents: number;
  record: number;
  riddenAtMs: number;
};

/** A rider's money as it is read: `owing` with the earliest ride first. */
export type RiderMoneyFacts = Omit<RiderMoney, 'owing'> & { owing: readonly OwedCharge[] };

export type MoveContext = { issuer: number; nowMs: number };

/** All that follows from money that moved at this instant. */
export function changesOfMove(
  before: RiderMoneyFacts,
  move: MoneyMove,
  { issuer, nowMs }: MoveContext,
): Change[] {
  const dated = move.transfers.map((transfer) => ({ ...transfer, happenedAtMs: nowMs }));
  return [
    ...postingOf(dated, nowMs),
    ...paidCharges(before, move, { own: new Set(), nowMs }),
    ...debtDenial(before, move.after, { issuer, nowMs }),
  ];
}

/** The same money behind a move that was about other charges than these. */
export function moneyAfter(before: RiderMoneyFacts, move: MoneyMove): RiderMoneyFacts {
  const owing = before.owing.flatMap((charge) => {
    const owedCents = move.owed.get(charge.use) ?? charge.owedCents;
    return owedCents > 0 ? [{ ...charge, owedCents }] : [];
  });
  return { account: before.account, walletCents: move.after.walletCents, owing };
}

/** Nothing if no money moved. */
export function postingOf(
  transfers: readonly DatedTransfer[],
  recordedAtMs: number,
): MoneyChange[] {
  if (transfers.length === 0) return [];
  const totals = [...netTotals(transfers)].map(([name, sums]) => ({
    name,
    kind: kindOf(name),
    ...sums,
  }));
  return [{ kind: 'post', transfers, totals, recordedAtMs }];
}

/** Charges of the account that were paid on the way; `own` are those that the move is about. */
export function paidCharges(
  before: RiderMoneyFacts,
  move: Pick<MoneyMove, 'owed'>,
  { own, nowMs }: { own: ReadonlySet<string>; nowMs: number },
): MoneyChange[] {
  return before.owing.flatMap((charge): MoneyChange[] => {
    const { use, rev, fareCents, record, riddenAtMs } = charge;
    const owedCents = move.owed.get(use);
    if (owedCents === undefined || owedCents === charge.owedCents || own.has(use)) return [];
    assert(owedCents < charge.owedCents, 'what is owed grows by its own change only');
    const state = owedCents === 0 ? 'RECOVERED' : charge.state;
    const paid: MoneyChange = { kind: 'setOwed', use, owedCents, state };
    if (owedCents > 0) return [paid];
    const event = { use, rev, state, fareCents, owedCents, record, reason: null, riddenAtMs };
    return [paid, { kind: 'addChargeEvent', event, recordedAtMs: nowMs }];
  });
}

/** Debt puts the account onto the deny list; none takes it off, unless a person denied it. */
export function debtDenial(
  before: Pick<RiderMoney, 'owing'>,
  after: RiderMoney,
  { issuer, nowMs }: MoveContext,
): Change[] {
  const isOwing = after.owing.length > 0;
  if (isOwing === before.owing.length > 0) return [];
  const id = denyId({ issuer, account: after.account, serial: 0 });
  const publish = { kind: 'requestPublish', atMs: nowMs } as const;
  if (!isOwing) return [{ kind: 'liftDenial', id, cause: 'DEBT', atMs: nowMs }, publish];
  return [{ kind: 'deny', id, cause: 'DEBT', note: 'a fare is owed', atMs: nowMs }, publish];
}
