/**
 * One rider's money: what the wallet holds and which charges are still owed. Every change of a charge
 * and every top-up becomes transfers here. The wallet pays what it has and the rest is debt, money
 * that comes in pays the oldest debt first; so wallet and debt are never both above zero, and the end
 * does not depend on the order of what happened.
 */
import { assert } from '@stile/protocol/fault.ts';
import { CASH, receivableOf, revenueOf, type Transfer, walletOf } from './ledger.ts';

export type Owing = { use: string; owedCents: number };

export type Position = {
  account: string;
  walletCents: number;
  /** Charges with something left to pay, the earliest ride first. */
  owing: readonly Owing[];
};

/** What a charge is to become: posted, moved to another fare or line, or given back. */
export type ChargeChange = {
  use: string;
  /** Counts the changes of this charge; part of every transfer's id. */
  rev: number;
  before: { line: string; fareCents: number } | null;
  after: { line: string; fareCents: number } | null;
};

export type Moved = {
  position: Position;
  transfers: readonly Transfer[];
  /** What is left to pay of each charge that was touched, others' included. */
  owed: ReadonlyMap<string, number>;
};

export function debtCents(position: Pick<Position, 'owing'>): number {
  return position.owing.reduce((sum, { owedCents }) => sum + owedCents, 0);
}

/** Withholds, moves or gives back fares, in the order given. */
export function applyCharges(position: Position, changes: readonly ChargeChange[]): Moved {
  const purse = openPurse(position);
  for (const { use, rev, before, after } of changes) {
    const id = `charge:${use}:${rev}`;
    const beforeCents = before?.fareCents ?? 0;
    const afterCents = after?.fareCents ?? 0;
    purse.touch(use);
    if (before && after && before.line !== after.line) {
      const movedCents = Math.min(beforeCents, afterCents);
      const [debit, credit] = [revenueOf(before.line), revenueOf(after.line)];
      purse.post({ id: `${id}:move`, debit, credit, amountCents: movedCents, code: 'REPRICE' });
    }
    if (after && afterCents > beforeCents) {
      purse.withhold(id, use, after.line, afterCents - beforeCents, before !== null);
    } else if (before && afterCents < beforeCents) {
      purse.giveBack(id, use, before.line, beforeCents - afterCents, after !== null);
    }
  }
  return purse.close();
}

/** Money paid in: into the wallet, and at once from there to what is owed. */
export function applyTopUp(position: Position, id: string, amountCents: number): Moved {
  const purse = openPurse(position);
  const { account } = position;
  const wallet = walletOf(account);
  purse.post({ id: `${id}:in`, debit: CASH, credit: wallet, amountCents, code: 'TOP_UP' });
  const recoveredCents = purse.payDebts(amountCents);
  const credit = receivableOf(account);
  const recover = { debit: wallet, credit, amountCents: recoveredCents, code: 'RECOVER' } as const;
  purse.post({ id: `${id}:recover`, ...recover });
  purse.fill(amountCents - recoveredCents);
  return purse.close();
}

/** Money that leaves the wallet at once, as a whole. The caller has seen that it is there. */
export function applyPayment(
  position: Position,
  id: string,
  credit: string,
  amountCents: number,
): Moved {
  const purse = openPurse(position);
  assert(amountCents <= position.walletCents, 'a payment is never more than the wallet holds');
  const debit = walletOf(position.account);
  purse.post({ id: `${id}:pay`, debit, credit, amountCents, code: 'PAY' });
  purse.fill(-amountCents);
  return purse.close();
}

/** Money of a payment that comes back from whoever has it: debts first, then the wallet. */
export function applyRefund(
  position: Position,
  id: string,
  debit: string,
  amountCents: number,
): Moved {
  const purse = openPurse(position);
  const { account } = position;
  const forgivenCents = purse.payDebts(amountCents);
  const returnedCents = amountCents - forgivenCents;
  const debt = { debit, credit: receivableOf(account), amountCents: forgivenCents } as const;
  const rest = { debit, credit: walletOf(account), amountCents: returnedCents } as const;
  purse.post({ id: `${id}:forgive`, ...debt, code: 'REFUND' });
  purse.post({ id: `${id}:return`, ...rest, code: 'REFUND' });
  purse.fill(returnedCents);
  return purse.close();
}

function openPurse(position: Position) {
  const { account } = position;
  let { walletCents } = position;
  const owed = new Map(position.owing.map(({ use, owedCents }) => [use, owedCents]));
  const transfers: Transfer[] = [];

  function post(transfer: Transfer): void {
    if (transfer.amountCents > 0) transfers.push(transfer);
  }

  /** Pays the oldest debts with up to this much; returns how much was needed. */
  function payDebts(amountCents: number): number {
    let leftCents = amountCents;
    for (const [use, owedCents] of owed) {
      const paidCents = Math.min(owedCents, leftCents);
      if (paidCents === 0) continue;
      owed.set(use, owedCents - paidCents);
      leftCents -= paidCents;
    }
    return amountCents - leftCents;
  }

  return {
    post,
    payDebts,
    touch(use: string): void {
      owed.set(use, owed.get(use) ?? 0);
    },
    fill(amountCents: number): void {
      walletCents += amountCents;
    },
    withhold(id: string, use: string, line: string, amountCents: number, isReprice: boolean): void {
      const takenCents = Math.min(walletCents, amountCents);
      const debtCentsNew = amountCents - takenCents;
      walletCents -= takenCents;
      owed.set(use, (owed.get(use) ?? 0) + debtCentsNew);
      const credit = revenueOf(line);
      const taken = { debit: walletOf(account), credit, amountCents: takenCents };
      const debt = { debit: receivableOf(account), credit, amountCents: debtCentsNew };
      post({ id: `${id}:withhold`, ...taken, code: isReprice ? 'REPRICE' : 'WITHHOLD' });
      post({ id: `${id}:debt`, ...debt, code: isReprice ? 'REPRICE' : 'DEBT' });
    },
    giveBack(id: string, use: string, line: string, amountCents: number, isReprice: boolean): void {
      const own = Math.min(owed.get(use) ?? 0, amountCents);
      owed.set(use, (owed.get(use) ?? 0) - own);
      const forgivenCents = own + payDebts(amountCents - own);
      const returnedCents = amountCents - forgivenCents;
      walletCents += returnedCents;
      const debit = revenueOf(line);
      const code = isReprice ? 'REPRICE' : 'REFUND';
      const credit = receivableOf(account);
      post({ id: `${id}:forgive`, debit, credit, amountCents: forgivenCents, code });
      const wallet = walletOf(account);
      post({ id: `${id}:return`, debit, credit: wallet, amountCents: returnedCents, code });
    },
    close(): Moved {
      const owing = [...owed].filter(([, cents]) => cents > 0);
      assert(walletCents >= 0, 'no wallet is overdrawn');
      assert(walletCents === 0 || owing.length === 0, 'wallet and debt are never both above zero');
      return {
        position: {
          account,
          walletCents,
          owing: owing.map(([use, owedCents]) => ({ use, owedCents })),
        },
        transfers,
        owed,
      };
    },
  };
}
