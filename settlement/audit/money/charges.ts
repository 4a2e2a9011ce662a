/**
 * The charges' checks against the ledger: debts, the revenue of each line, who is denied for a debt,
 * and that no charge skipped a state. They hold a number an account in debt and one a line.
 */
import { toHex } from '@stile/protocol/bytes.ts';
import { receivableOf, revenueOf } from '../../core/money/ledger.ts';
import { type Check, checkOf } from '../check.ts';

const DENY_ID_ACCOUNT = [2, 10] as const;

/** What each receivable account holds is the sum of what its rider's charges are still owed. */
export function checkDebts(): Check {
  const debts = new Map<string, number>();
  const owed = new Map<string, number>();
  return {
    ledgerAccount: ({ name, kind, debitsCents, creditsCents }) => {
      if (kind === 'receivable') debts.set(name, debitsCents - creditsCents);
    },
    charge: ({ account, owedCents }) => {
      if (owedCents !== 0) add(owed, { name: receivableOf(account), cents: owedCents });
    },
    results: () => {
      const wrong = [...debts].filter(([name, cents]) => cents !== (owed.get(name) ?? 0));
      const names = wrong.map(([name]) => name);
      return [checkOf('every debt is what charges are owed', { wrong: names, good: 'all' })];
    },
  };
}

/**
 * What each revenue account holds is the sum of its line's fares, and of what was paid online for
 * rides there less what was given back, and of fares that were written off. A line without an account must have earned nothing.
 */
export function checkRevenue(): Check {
  const balances = new Map<string, number>();
  const earned = new Map<string, number>();
  return {
    ledgerAccount: ({ name, kind, debitsCents, creditsCents }) => {
      if (kind === 'revenue') balances.set(name, creditsCents - debitsCents);
    },
    charge: ({ line, fareCents }) => add(earned, { name: line, cents: fareCents }),
    payment: ({ outcome, line, amountCents, refundedCents }) => {
      if (outcome === 'PAID' && line !== null)
        add(earned, { name: line, cents: amountCents - refundedCents });
    },
    resolution: ({ line, fareCents }) => {
      if (line !== null && fareCents !== null) add(earned, { name: line, cents: fareCents });
    },
    results: () => {
      const earnedIn = new Map([...earned].map(([line, cents]) => [revenueOf(line), cents]));
      const unequal = [...balances].filter(([name, cents]) => cents !== (earnedIn.get(name) ?? 0));
      const homeless = [...earned].filter(
        ([line, cents]) => cents !== 0 && !balances.has(revenueOf(line)),
      );
      const wrong = [...unequal.map(([name]) => name), ...homeless.map(([line]) => line).sort()];
      return [checkOf("every line's revenue is the sum of its charges", { wrong, good: 'all' })];
    },
  };
}

/** A rider who owes has a denial for debt that is not lifted, and nobody else has one. */
export function checkDenials(): Check {
  const isInDebt = new Map<string, boolean>();
  const denied = new Set<string>();
  const wrong: string[] = [];
  return {
    ledgerAccount: ({ name, debitsCents, creditsCents }) => {
      isInDebt.set(name, debitsCents > creditsCents);
    },
    denial: ({ id, cause, liftedAtMs }) => {
      if (cause !== 'DEBT' || liftedAtMs !== null) return;
      denied.add(toHex(id.subarray(...DENY_ID_ACCOUNT)));
    },
    riderAccount: ({ account }) => {
      // Who has never owed has no such account, and is not looked at.
      const isOwing = isInDebt.get(receivableOf(account));
      if (isOwing !== undefined && isOwing !== denied.has(account)) wrong.push(account);
    },
    results: () => [checkOf('exactly those in debt are denied for it', { wrong, good: 'all' })],
  };
}

/** No charge may be withheld or owed but directly behind VERIFYING. */
export function checkStates(): Check {
  const wrong: string[] = [];
  let before: { use: string; state: string } | null = null;
  return {
    chargeEvent: (event) => {
      const { use, state } = event;
      const isSettled = state === 'WITHHELD' || state === 'DEBT';
      const isVerified = before?.use === use && before.state === 'VERIFYING';
      if (isSettled && !isVerified) wrong.push(use);
      before = event;
    },
    results: () => [
      checkOf('no charge skipped the verification of its account', { wrong, good: 'none' }),
    ],
  };
}

function add(sums: Map<string, number>, { name, cents }: { name: string; cents: number }): void {
  sums.set(name, (sums.get(name) ?? 0) + cents);
}
