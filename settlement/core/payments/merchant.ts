/** Who may take payments, and what ends with a merchant's access. */
import { type Decision, unchanged } from '../changes.ts';
import { kindOf, merchantAccountOf } from '../money/ledger.ts';

export type NewMerchant = {
  merchant: string;
  name: string;
  /** Of its tills. */
  tokenHash: string;
  managerTokenHash: string;
  nowMs: number;
};

/** New, or renamed and given another token; lifts a block. */
export function decideMerchant(request: NewMerchant): Decision<void> {
  const { merchant, nowMs, ...named } = request;
  const account = merchantAccountOf(merchant);
  return {
    changes: [
      { kind: 'setMerchant', merchant, ...named, atMs: nowMs },
      { kind: 'openLedgerAccount', name: account, ledgerKind: kindOf(account) },
    ],
    result: undefined,
  };
}

/** Whether its token opens anything. */
export function isActiveMerchant({ blockedAtMs }: { blockedAtMs: number | null }): boolean {
  return blockedAtMs === null;
}

export type BlockFacts = {
  /** Null: there is no such merchant. */
  merchant: { blockedAtMs: number | null } | null;
  openOrders: readonly string[];
};

/** Takes its open orders back too: nobody pays a merchant who is blocked. False if there is no such merchant. */
export function decideBlock(
  { merchant: stored, openOrders }: BlockFacts,
  { merchant, nowMs }: { merchant: string; nowMs: number },
): Decision<boolean> {
  if (stored === null) return unchanged(false);
  if (!isActiveMerchant(stored)) return unchanged(true);
  return {
    changes: [
      { kind: 'blockMerchant', merchant, atMs: nowMs },
      ...openOrders.map((order) => ({ kind: 'endOrder', order, state: 'CANCELLED' }) as const),
    ],
    result: true,
  };
}
