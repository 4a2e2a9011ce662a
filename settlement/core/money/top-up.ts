/** Money that a rider pays in: once for each key, never more than a wallet may hold, debts first. */
import { type Decision, unchanged } from '../changes.ts';
import { changesOfMove, type RiderMoneyFacts } from './money-changes.ts';
import { applyTopUp, debtCents } from './rider-money.ts';

/** A wallet is for rides, not for savings. */
export const WALLET_CENTS_MAX = 100_000_000;

export type TopUpRequest = {
  issuer: number;
  account: string;
  key: string;
  amountCents: number;
  nowMs: number;
};

export type TopUpFacts = {
  /** What was paid in under this key already; null if nothing was. */
  earlierCents: number | null;
  money: RiderMoneyFacts;
};

export type TopUpResult =
  | { kind: 'done' | 'repeated'; balanceCents: number; debtCents: number }
  | { kind: 'conflict' }
  | { kind: 'tooMuch' };

export function decideTopUp(
  { earlierCents, money }: TopUpFacts,
  request: TopUpRequest,
): Decision<TopUpResult> {
  const { issuer, account, key, amountCents, nowMs } = request;
  if (earlierCents !== null) {
    if (earlierCents !== amountCents) return unchanged({ kind: 'conflict' });
    const balanceCents = money.walletCents;
    return unchanged({ kind: 'repeated', balanceCents, debtCents: debtCents(money) });
  }
  if (money.walletCents + amountCents > WALLET_CENTS_MAX) return unchanged({ kind: 'tooMuch' });
  const move = applyTopUp(money, { id: `topUp:${account}:${key}`, amountCents });
  return {
    changes: [
      { kind: 'addTopUp', account, key, amountCents, atMs: nowMs },
      {
        kind: 'saveTopUpIntent',
        account,
        key,
        amountCents,
        state: 'PAID',
        attempts: 0,
        dueAtMs: nowMs,
        atMs: nowMs,
      },
      ...changesOfMove(money, move, { issuer, nowMs }),
    ],
    result: {
      kind: 'done',
      balanceCents: move.after.walletCents,
      debtCents: debtCents(move.after),
    },
  };
}
