/**
 * One rider's money: what the wallet holds and which charges are still owed. Every change of a charge
 * and every top-up becomes transfers here. The wallet pays what it has and the rest is debt, money
 * that comes in pays the oldest debt first; so wallet and debt are never both above zero, and the end
 * does not depend on the order of what happened.
 */
import { assert } from '@stile/protocol/fault.ts';
import { CASH, receivableOf, revenueOf, type Transfer, walletOf } from './ledger.ts';

export type Owing = { use: string; owedCents: number };

export type RiderMoney = {
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

export type MoneyMove = {
  after: RiderMoney;
  transfers: readonly Transfer[];
  /** What is left to pay of each charge that was notice, others' included. */
  owed: ReadonlyMap<string, number>;
};

export function debtCents(money: Pick<RiderMoney, 'owing'>): number {
  return money.owing.reduce((sum, { owedCents }) => sum + owedCents, 0);
}

/** Withholds, moves or gives back fares, in the order given. */
export function applyCharges(money: RiderMoney, changes: readonly ChargeChange[]): MoneyMove {
  const move = new Mover(money);
  for (const { use, rev, before, after } of changes) {
    const id = `charge:${use}:${rev}`;
    const beforeCents = before?.fareCents ?? 0;
    const afterCents = after?.fareCents ?? 0;
    move.touch(use);
    if (before && after && before.line !== after.line) {
      const movedCents = Math.min(beforeCents, afterCents);
      const [debit, credit] = [revenueOf(before.line), revenueOf(after.line)];
      move.post({ id: `${id}:move`, debit, credit, amountCents: movedCents, code: 'REPRICE' });
    }
    if (after && afterCents > beforeCents) {
      const amountCents = afterCents - beforeCents;
      move.withhold({ id, use, line: after.line, amountCents, isReprice: before !== null });
    } else if (before && afterCents < beforeCents) {
      const amountCents = beforeCents - afterCents;
      move.giveBack({ id, use, line: before.line, amountCents, isReprice: after !== null });
    }
  }
  return move.end();
}

/** Money paid in: into the wallet, and at once from there to what is owed. */
export function applyTopUp(
  money: RiderMoney,
  { id, amountCents }: { id: string; amountCents: number },
): MoneyMove {
  const move = new Mover(money);
  const wallet = walletOf(money.account);
  const credit = receivableOf(money.account);
  move.post({ id: `${id}:in`, debit: CASH, credit: wallet, amountCents, code: 'TOP_UP' });
  const recoveredCents = move.payDebts(amountCents);
  const recover = { debit: wallet, credit, amountCents: recoveredCents, code: 'RECOVER' } as const;
  move.post({ id: `${id}:recover`, ...recover });
  move.fill(amountCents - recoveredCents);
  return move.end();
}

/** Money that leaves the wallet at once, as a whole. The caller has seen that it is there. */
export function applyPayment(
  money: RiderMoney,
  { id, credit, amountCents }: { id: string; credit: string; amountCents: number },
): MoneyMove {
  const move = new Mover(money);
  assert(amountCents <= money.walletCents, 'a payment is never more than the wallet holds');
  const debit = walletOf(money.account);
  move.post({ id: `${id}:pay`, debit, credit, amountCents, code: 'PAY' });
  move.fill(-amountCents);
  return move.end();
}

/** Money of a payment that comes back from whoever has it: debts first, then the wallet. */
export function applyRefund(
  money: RiderMoney,
  { id, debit, amountCents }: { id: string; debit: string; amountCents: number },
): MoneyMove {
  const move = new Mover(money);
  const forgivenCents = move.payDebts(amountCents);
  const returnedCents = amountCents - forgivenCents;
  const debt = { debit, credit: receivableOf(money.account), amountCents: forgivenCents } as const;
  const rest = { debit, credit: walletOf(money.account), amountCents: returnedCents } as const;
  move.post({ id: `${id}:forgive`, ...debt, code: 'REFUND' });
  move.post({ id: `${id}:return`, ...rest, code: 'REFUND' });
  move.fill(returnedCents);
  return move.end();
}

type FareMove = {
  id: string;
  use: string;
  line: string;
  amountCents: number;
  /** A fare that moved, not one that is new or taken back as a whole. */
  isReprice: boolean;
};

/** Wallet and debts while several fares move, and the transfers that say so. */
class Mover {
  readonly #account: string;
  readonly #owed: Map<string, number>;
  readonly #transfers: Transfer[] = [];
  #walletCents: number;

  constructor({ account, walletCents, owing }: RiderMoney) {
    this.#account = account;
    this.#walletCents = walletCents;
    this.#owed = new Map(owing.map(({ use, owedCents }) => [use, owedCents]));
  }

  post(transfer: Transfer): void {
    if (transfer.amountCents > 0) this.#transfers.push(transfer);
  }

  touch(use: string): void {
    this.#owed.set(use, this.#owed.get(use) ?? 0);
  }

  fill(amountCents: number): void {
    this.#walletCents += amountCents;
  }

  /** Pays the oldest debts with up to this much; returns how much was needed. */
  payDebts(amountCents: number): number {
    let leftCents = amountCents;
    for (const [use, owedCents] of this.#owed) {
      const paidCents = Math.min(owedCents, leftCents);
      if (paidCents === 0) continue;
      this.#owed.set(use, owedCents - paidCents);
      leftCents -= paidCents;
    }
    return amountCents - leftCents;
  }

  withhold({ id, use, line, amountCents, isReprice }: FareMove): void {
    const takenCents = Math.min(this.#walletCents, amountCents);
    const newDebtCents = amountCents - takenCents;
    this.#walletCents -= takenCents;
    this.#owed.set(use, (this.#owed.get(use) ?? 0) + newDebtCents);
    const credit = revenueOf(line);
    const taken = { debit: walletOf(this.#account), credit, amountCents: takenCents };
    const debt = { debit: receivableOf(this.#account), credit, amountCents: newDebtCents };
    this.post({ id: `${id}:withhold`, ...taken, code: isReprice ? 'REPRICE' : 'WITHHOLD' });
    this.post({ id: `${id}:debt`, ...debt, code: isReprice ? 'REPRICE' : 'DEBT' });
  }

  giveBack({ id, use, line, amountCents, isReprice }: FareMove): void {
    const ownCents = Math.min(this.#owed.get(use) ?? 0, amountCents);
    this.#owed.set(use, (this.#owed.get(use) ?? 0) - ownCents);
    const forgivenCents = ownCents + this.payDebts(amountCents - ownCents);
    const returnedCents = amountCents - forgivenCents;
    this.#walletCents += returnedCents;
    const debit = revenueOf(line);
    const code = isReprice ? 'REPRICE' : 'REFUND';
    const credit = receivableOf(this.#account);
    this.post({ id: `${id}:forgive`, debit, credit, amountCents: forgivenCents, code });
    const wallet = walletOf(this.#account);
    this.post({ id: `${id}:return`, debit, credit: wallet, amountCents: returnedCents, code });
  }

  end(): MoneyMove {
    const owing = [...this.#owed].filter(([, cents]) => cents > 0);
    const [account, walletCents] = [this.#account, this.#walletCents];
    assert(walletCents >= 0, 'no wallet is overdrawn');
    assert(walletCents === 0 || owing.length === 0, 'wallet and debt are never both above zero');
    return {
      after: {
        account,
        walletCents,
        owing: owing.map(([use, owedCents]) => ({ use, owedCents })),
      },
      transfers: this.#transfers,
      owed: this.#owed,
    };
  }
}
