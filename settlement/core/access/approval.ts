/**
 * An operator moves an account to the phone of who stands before them: a code for a quarter of an hour. With four
 * eyes a second named person has to confirm first that it may be done. Pure.
 */
import { type Change, type Decision, unchanged } from '../changes.ts';
import { ROOT } from './operators.ts';
import type { AccountAccess } from './recovery.ts';
import type { NewApproval } from './recovery-changes.ts';
import { decideNewCode } from './recovery-codes.ts';

/** How long a second person has to confirm, and the first to use it. */
export const APPROVAL_MS = 24 * 3_600_000;
export const MOVE_CODE_MS = 15 * 60_000;

export type StoredApproval = NewApproval & {
  id: number;
  approvedBy: string | null;
  usedAtMs: number | null;
};

export type MoveFacts = {
  isKnown: boolean;
  /** Of this account and by this person, the latest; null: none. */
  approval: StoredApproval | null;
  /** The number of the next one. */
  nextApproval: number;
  access: AccountAccess;
};

export type MoveRequest = {
  account: string;
  note: string;
  by: string;
  /** A second person has to confirm. */
  fourEyes: boolean;
  codeHash: string;
  quickHash: string | null;
  nowMs: number;
};

/** `unnamed`: four eyes are those of persons, and the token of the data directory is nobody's. */
export type MoveResult =
  | { kind: 'unknown' | 'unnamed' }
  | { kind: 'waits'; approval: number }
  | { kind: 'code'; expiresAtMs: number };

export function decideMove(facts: MoveFacts, request: MoveRequest): Decision<MoveResult> {
  const { account, note, by, fourEyes, codeHash, quickHash, nowMs } = request;
  if (!facts.isKnown) return unchanged({ kind: 'unknown' });
  const used: Change[] = [];
  if (fourEyes) {
    if (by === ROOT) return unchanged({ kind: 'unnamed' });
    const { approval } = facts;
    const isOpen = approval !== null && isOpenApproval(approval, nowMs);
    if (!isOpen) return ask({ account, note, by }, { id: facts.nextApproval, nowMs });
    if (approval.approvedBy === null) return unchanged({ kind: 'waits', approval: approval.id });
    used.push({ kind: 'useApproval', id: approval.id, atMs: nowMs });
  }
  const expiresAtMs = nowMs + MOVE_CODE_MS;
  const code = {
    codeHash,
    quickHash,
    account,
    kind: 'MOVE',
    drawnBy: null,
    madeAtMs: nowMs,
    expiresAtMs,
  } as const;
  const { changes } = decideNewCode({ ...facts.access, isDenied: false }, code);
  return { changes: [...used, ...changes], result: { kind: 'code', expiresAtMs } };
}

function ask(
  of: Pick<MoveRequest, 'account' | 'note' | 'by'>,
  { id, nowMs }: { id: number; nowMs: number },
): Decision<MoveResult> {
  const approval = { ...of, askedAtMs: nowMs, endsAtMs: nowMs + APPROVAL_MS };
  return {
    changes: [{ kind: 'addApproval', id, approval }],
    result: { kind: 'waits', approval: id },
  };
}

export function isOpenApproval(
  { usedAtMs, endsAtMs }: Pick<StoredApproval, 'usedAtMs' | 'endsAtMs'>,
  nowMs: number,
): boolean {
  return usedAtMs === null && endsAtMs > nowMs;
}

export type ApprovalResult = 'approved' | 'unknown' | 'samePerson' | 'unnamed' | 'over';

/** Whoever asked does not confirm it; nor does the token of the data directory, which is nobody's. */
export function decideApproval(
  approval: StoredApproval | null,
  { by, nowMs }: { by: string; nowMs: number },
): Decision<ApprovalResult> {
  if (approval === null) return unchanged('unknown');
  if (by === ROOT) return unchanged('unnamed');
  if (approval.by === by) return unchanged('samePerson');
  // Once more: it was confirmed, and served its purpose.
  if (approval.approvedBy === by && approval.usedAtMs !== null) return unchanged('approved');
  if (!isOpenApproval(approval, nowMs)) return unchanged('over');
  if (approval.approvedBy !== null) return unchanged('approved');
  return {
    changes: [{ kind: 'setApproved', id: approval.id, by, atMs: nowMs }],
    result: 'approved',
  };
}
