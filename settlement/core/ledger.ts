/**
 * The double-entry ledger as arithmetic: immutable transfers between named accounts, integers only.
 * A transfer debits one account and credits another by the same amount, so debits equal credits by
 * construction; this file decides which transfers are allowed and what balances they leave.
 */
import { assert } from '@stile/protocol/fault.ts';

export type TransferCode =
  | 'TOP_UP'
  | 'FARE'
  | 'FARE_BACK'
  | 'MOVE'
  | 'WITHHOLD'
  | 'RECOVER'
  | 'REFUND';

/** One posting. `id` is derived from what it is for, so that the same work posts once. */
export type Transfer = {
  id: string;
  debit: string;
  credit: string;
  amountCents: number;
  code: TransferCode;
  /** The code use or top-up that it belongs to. */
  ref: string;
  /** When it happened (gate or rider), unix ms. */
  eventAtMs: number;
};

/** Sums over all transfers of one account. */
export type Sums = { debitsCents: number; creditsCents: number };
export type Balances = Map<string, Sums>;

/** Money that the sandbox provider holds for us. */
export const CASH = 'cash';
export const walletOf = (account: string) => `wallet:${account}`;
export const receivableOf = (account: string) => `receivable:${account}`;
export const revenueOf = (line: string) => `revenue:${line}`;

/** What the account stands at, positive on its own side: assets by debits, the rest by credits. */
export function balanceOf(name: string, sums: Sums | undefined): number {
  if (sums === undefined) return 0;
  const { debitsCents, creditsCents } = sums;
  const isAsset = name === CASH || name.startsWith('receivable:');
  return isAsset ? debitsCents - creditsCents : creditsCents - debitsCents;
}

/** Accounts that may never stand below zero: a wallet cannot lend, nobody owes less than nothing. */
export function isBounded(name: string): boolean {
  return name.startsWith('wallet:') || name.startsWith('receivable:');
}

/**
 * Posts transfers onto balances, all or none. A transfer that the rules forbid is our own bug: the
 * callers compute amounts from these very balances.
 */
export function post(balances: Balances, transfers: readonly Transfer[]): Balances {
  const next = new Map(balances);
  for (const { id, debit, credit, amountCents } of transfers) {
    assert(
      Number.isSafeInteger(amountCents) && amountCents > 0,
      `transfer ${id} has a whole amount`,
    );
    assert(debit !== credit, `transfer ${id} has two sides`);
    next.set(debit, add(next.get(debit), amountCents, 0));
    next.set(credit, add(next.get(credit), 0, amountCents));
    for (const name of [debit, credit]) {
      const balance = balanceOf(name, next.get(name));
      assert(!isBounded(name) || balance >= 0, `transfer ${id} leaves ${name} at ${balance}`);
    }
  }
  return next;
}

function add(sums: Sums | undefined, debitCents: number, creditCents: number): Sums {
  return {
    debitsCents: (sums?.debitsCents ?? 0) + debitCents,
    creditsCents: (sums?.creditsCents ?? 0) + creditCents,
  };
}
