/**
 * Double entry in its smallest form: named accounts, immutable transfers between two of them, and the
 * arithmetic that says what a balance is. Amounts are integers in minor units and above zero; which
 * side of an account may not be overdrawn follows from its kind. It decides no transfer.
 */
import { assert } from '@stile/protocol/fault.ts';

/**
 * cash: what riders paid in · wallet: prepaid · receivable: debt · revenue: fares of a line · merchant:
 * what a merchant has been paid and not given back · loss: fares of rides that a person wrote off.
 */
export const LEDGER_KINDS = [
  'cash',
  'wallet',
  'receivable',
  'revenue',
  'merchant',
  'loss',
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

export const TRANSFER_CODES = [
  'TOP_UP',
  'RECOVER',
  'WITHHOLD',
  'DEBT',
  'REPRICE',
  'REFUND',
  'PAY',
  'WRITE_OFF',
] as const;
export type TransferCode = (typeof TRANSFER_CODES)[number];

export type Transfer = {
  /** Derived from what it is for, so that the same cause can never be posted twice. */
  id: string;
  debit: string;
  credit: string;
  amountCents: number;
  code: TransferCode;
};

export type Totals = { debitsCents: number; creditsCents: number };

export const CASH = 'cash';
export const LOSS = 'loss';

export function walletOf(account: string): string {
  return `wallet:${account}`;
}

export function receivableOf(account: string): string {
  return `receivable:${account}`;
}

export function revenueOf(line: string): string {
  return `revenue:${line}`;
}

/** A merchant's account, which is also the name it is paid under. */
export function merchantAccountOf(merchant: string): string {
  return `merchant:${merchant}`;
}

export function kindOf(name: string): LedgerKind {
  const kind = LEDGER_KINDS.find((known) => name === known || name.startsWith(`${known}:`));
  assert(kind !== undefined, `${name} is no ledger account`);
  return kind;
}

/** What an account holds, seen from its normal side; below zero means overdrawn. */
export function balanceCents(kind: LedgerKind, totals: Totals): number {
  const isDebitNormal = kind === 'cash' || kind === 'receivable' || kind === 'loss';
  return isDebitNormal
    ? totals.debitsCents - totals.creditsCents
    : totals.creditsCents - totals.debitsCents;
}

/** What a set of transfers adds to each account: one balance update an account, however many post. */
export function netTotals(transfers: Iterable<Transfer>): Map<string, Totals> {
  const net = new Map<string, Totals>();
  const at = (name: string) => {
    const totals = net.get(name) ?? { debitsCents: 0, creditsCents: 0 };
    net.set(name, totals);
    return totals;
  };
  for (const { debit, credit, amountCents } of transfers) {
    assert(Number.isSafeInteger(amountCents) && amountCents > 0, `a transfer of ${amountCents}`);
    assert(debit !== credit, `a transfer from ${debit} to itself`);
    at(debit).debitsCents += amountCents;
    at(credit).creditsCents += amountCents;
  }
  return net;
}
