/**
 * The ledger's checks: everything stored twice must agree, and nothing may be below zero. They hold
 * one small row an account.
 */
import { balanceCents, LEDGER_KINDS, type LedgerKind } from '../../core/money/ledger.ts';
import { type Check, checkOf } from '../check.ts';
import type { LedgerAccountRow } from '../port.ts';

/** The sums of both sides over all accounts are one number, which is the sum of all transfers. */
export function checkTotals(): Check {
  let debits = 0n;
  let credits = 0n;
  let count = 0;
  let postedCents = 0;
  return {
    ledgerAccount: ({ debitsCents, creditsCents }) => {
      debits += BigInt(debitsCents);
      credits += BigInt(creditsCents);
    },
    transfer: ({ amountCents }) => {
      count += 1;
      postedCents += amountCents;
    },
    results: () => {
      const ok = debits === credits && debits === BigInt(postedCents);
      const detail = `${count} transfers, ${debits} debits, ${credits} credits`;
      return [{ name: 'debits equal credits', ok, detail }];
    },
  };
}

/** Of each account that there is, both sides are the sums of the transfers that name it. */
export function checkBalances(): Check {
  const accounts: LedgerAccountRow[] = [];
  const posted = new Map<string, { debitsCents: number; creditsCents: number }>();
  const sumsOf = (name: string) => {
    const known = posted.get(name);
    if (known !== undefined) return known;
    const sums = { debitsCents: 0, creditsCents: 0 };
    posted.set(name, sums);
    return sums;
  };
  return {
    ledgerAccount: (row) => {
      accounts.push(row);
    },
    transfer: ({ debit, credit, amountCents }) => {
      sumsOf(debit).debitsCents += amountCents;
      sumsOf(credit).creditsCents += amountCents;
    },
    results: () => {
      const wrong = accounts.filter(({ name, debitsCents, creditsCents }) => {
        const sums = sumsOf(name);
        return sums.debitsCents !== debitsCents || sums.creditsCents !== creditsCents;
      });
      const names = wrong.map(({ name }) => name);
      const good = `${accounts.length} accounts`;
      return [checkOf('stored balances are the sums of their transfers', { wrong: names, good })];
    },
  };
}

/**
 * Every account is of a known kind and not below zero on its normal side; nobody has money in the
 * wallet and owes some.
 */
export function checkBounds(): Check {
  const balances = new Map<string, number>();
  const wrong: string[] = [];
  return {
    ledgerAccount: (row) => {
      const kind = row.kind as LedgerKind;
      const cents = balanceCents(kind, row);
      if (!LEDGER_KINDS.includes(kind) || cents < 0) wrong.push(row.name);
      balances.set(row.name, cents);
    },
    results: () => {
      const both: string[] = [];
      for (const [name, cents] of balances) {
        const debtCents = balances.get(name.replace('wallet:', 'receivable:')) ?? 0;
        if (name.startsWith('wallet:') && cents > 0 && debtCents > 0) both.push(name);
      }
      const name = 'no account is overdrawn, none has both wallet and debt';
      return [checkOf(name, { wrong: [...wrong, ...both], good: 'none' })];
    },
  };
}

/** What lies in the accounts of kind cash is the sum of all top-ups. */
export function checkCash(): Check {
  let heldCents = 0;
  let paidCents = 0;
  return {
    ledgerAccount: ({ kind, debitsCents, creditsCents }) => {
      if (kind === 'cash') heldCents += debitsCents - creditsCents;
    },
    topUp: ({ amountCents }) => {
      paidCents += amountCents;
    },
    results: () => {
      const detail = `${heldCents} of ${paidCents}`;
      return [{ name: 'cash is what was paid in', ok: paidCents === heldCents, detail }];
    },
  };
}
