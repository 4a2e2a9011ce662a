/**
 * The ledger against what it was posted for, both ways: each charge, and each top-up, has transfers over exactly
 * its money between its own rider's accounts and its own line's, and each transfer has a cause that is stored.
 */
import { accountOfUse } from '../../core/logs/code-use.ts';
import { CASH, receivableOf, revenueOf, walletOf } from '../../core/money/ledger.ts';
import { CHARGE_GRAPH, type ChargeState } from '../../core/rides/charge.ts';
import { type Check, checkOf } from '../check.ts';
import type { ChargeEventRow, ChargeRow, TopUpRow, TransferRow } from '../port.ts';

export function checkCharges(): Check {
  const wrong: string[] = [];
  let count = 0;
  return {
    charge: (charge) => {
      count += 1;
      if (!isCharge(charge)) wrong.push(charge.use);
    },
    results: () => {
      const name = "every charge is its own rider's, of a tap that is there, and posted as it says";
      return [checkOf(name, { wrong, good: `${count} charges` })];
    },
  };
}

function isCharge(charge: ChargeRow): boolean {
  const { use, account, recordUse, line, fareCents, owedCents, transfers } = charge;
  if (account !== accountOfUse(use) || recordUse !== use) return false;
  const mine = [walletOf(account), receivableOf(account)];
  const earned = new Map<string, number>();
  for (const transfer of transfers) {
    if (!isBetween(transfer, mine)) return false;
    add(earned, { name: transfer.credit, cents: transfer.amountCents });
    add(earned, { name: transfer.debit, cents: -transfer.amountCents });
  }
  for (const [name, cents] of earned) {
    const isLine = name === revenueOf(line);
    if (!mine.includes(name) && cents !== (isLine ? fareCents : 0)) return false;
  }
  return owedCents <= fareCents && (fareCents === 0 || earned.has(revenueOf(line)));
}

/** From the rider to a line, back, or from one line to another. */
function isBetween({ debit, credit }: TransferRow, mine: readonly string[]): boolean {
  return [debit, credit].every((name) => mine.includes(name) || name.startsWith(revenueOf('')));
}

/** The events of a charge walk the edges that there are, and the last one is where the charge stands. */
export function checkEvents(): Check {
  const wrong = new Set<string>();
  let before: ChargeEventRow | null = null;
  const end = (last: ChargeEventRow | null) => {
    if (last !== null && !isLast(last)) wrong.add(last.use);
  };
  return {
    chargeEvent: (event) => {
      const isFirst = before?.use !== event.use;
      if (isFirst) end(before);
      const isEdge = isFirst ? event.state === 'POSTED' : isEdgeOf(before?.state, event.state);
      if (!isEdge) wrong.add(event.use);
      before = event;
    },
    results: () => {
      end(before);
      const name = 'the history of every charge leads to where it stands';
      return [checkOf(name, { wrong: [...wrong], good: 'all' })];
    },
  };
}

function isEdgeOf(from: string | undefined, to: string): boolean {
  const edges = CHARGE_GRAPH[from as ChargeState] as readonly string[] | undefined;
  return edges?.includes(to) ?? false;
}

function isLast({ charge, ...event }: ChargeEventRow): boolean {
  if (charge === null) return false;
  const { rev, state, fareCents, record } = charge;
  const { rev: ofEvent, fareCents: cents } = event;
  return rev === ofEvent && state === event.state && fareCents === cents && record === event.record;
}

export function checkTopUps(): Check {
  const wrong: string[] = [];
  let count = 0;
  return {
    topUp: (topUp) => {
      count += 1;
      if (!isPaidIn(topUp)) wrong.push(`top-up ${topUp.key}`);
    },
    results: () => [checkOf('every top-up has its posting', { wrong, good: `${count} top-ups` })],
  };
}

function isPaidIn({ account, amountCents, posting }: TopUpRow): boolean {
  if (posting === null) return false;
  const { debit, credit, code } = posting;
  const isPlace = debit === CASH && credit === walletOf(account) && code === 'TOP_UP';
  return isPlace && posting.amountCents === amountCents;
}

/** Those of payments are another check's matter. */
export function checkCauses(): Check {
  const wrong: string[] = [];
  return {
    transfer: ({ id, cause }) => {
      if (!cause) wrong.push(`transfer ${id}`);
    },
    results: () => [checkOf('every transfer has a cause', { wrong, good: 'all' })],
  };
}

function add(sums: Map<string, number>, { name, cents }: { name: string; cents: number }): void {
  sums.set(name, (sums.get(name) ?? 0) + cents);
}
