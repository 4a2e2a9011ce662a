/**
 * What settlement keeps for a time only, and what of it goes now: trust lists, refused payments, the deny list's
 * history, codes that bring an account to another phone, approvals of moves. Each row that goes is chained into a digest, so that a copy of what was cut can be held against it,
 * and is counted, so that the audit misses what went without a word. What has to live as long as the money stays:
 * the key of a refused payment, and of each trust list what rulings need (list-rules.ts).
 */
import { concatBytes, type Sha256, utf8 } from '@stile/protocol/bytes.ts';
import type { StoredApproval } from '../access/approval.ts';
import type { Decision } from '../changes.ts';
import type { CutChange, CutKind, CutTotal } from './cut-changes.ts';

/** Rows of one transaction: some ten milliseconds, most of it pages all over the file. A trust list may be half a megabyte. */
export const CUT_ROWS_MAX: Readonly<Record<CutKind, number>> = {
  trustList: 2,
  refusedPayment: 40,
  denyVersion: 200,
  denyEntry: 60,
  denial: 60,
  recoveryCode: 60,
  approval: 60,
};

export type Retention = {
  trustLists: number;
  refusedPaymentDays: number;
  denyHistoryDays: number;
  recoveryDays: number;
};

/** By which setting a kind goes. */
const DAYS_OF: Readonly<
  Record<Exclude<CutKind, 'trustList'>, Exclude<keyof Retention, 'trustLists'>>
> = {
  refusedPayment: 'refusedPaymentDays',
  denyVersion: 'denyHistoryDays',
  denyEntry: 'denyHistoryDays',
  denial: 'denyHistoryDays',
  recoveryCode: 'recoveryDays',
  approval: 'recoveryDays',
};

/** Whose rows are read: those before the instant, or all but so many of the newest. */
export type CutBounds = { beforeMs: number; newestKept: number; rowsMax: number };

const DAY_MS = 86_400_000;

export function boundsOf(
  kind: CutKind,
  { retention, nowMs }: { retention: Retention; nowMs: number },
): CutBounds {
  const days = kind === 'trustList' ? 0 : retention[DAYS_OF[kind]];
  return {
    beforeMs: nowMs - days * DAY_MS,
    newestKept: retention.trustLists,
    rowsMax: CUT_ROWS_MAX[kind],
  };
}

export const NOTHING_CUT: CutTotal = { rows: 0, link: new Uint8Array(32) };

export type OldPayment = {
  id: number;
  payee: string;
  key: string;
  reason: string;
  atMs: number;
  /** Whatever else was stored of it, for the digest. */
  rest: string;
};

export type OldRecoveryCode = {
  codeHash: string;
  account: string;
  kind: string;
  madeAtMs: number;
  /** When it was used or replaced, or when its time was over. */
  endedAtMs: number;
  usedSerial: number | null;
};

/** The oldest rows of a kind, oldest first, and what is in force. */
export type CutFacts = { total: CutTotal } & (
  | {
      kind: 'trustList';
      rows: readonly { version: number; listSha256: Uint8Array }[];
      inForce: number;
    }
  /** `lastId`: of the payment that came last. */
  | { kind: 'refusedPayment'; rows: readonly OldPayment[]; lastId: number }
  | {
      kind: 'denyVersion';
      rows: readonly { version: number; count: number; setDigest: string; madeAtMs: number }[];
      published: number;
    }
  | {
      kind: 'denyEntry';
      rows: readonly { id: string; addedIn: number; removedIn: number }[];
      oldestVersion: number;
    }
  | {
      kind: 'denial';
      rows: readonly {
        number: number;
        id: string;
        cause: string;
        note: string;
        sinceMs: number;
        liftedAtMs: number;
      }[];
      /** Those from which the next numbers are counted. */
      lastNumbers: ReadonlySet<number>;
    }
  /** Codes that do nothing any more. */
  | { kind: 'recoveryCode'; rows: readonly OldRecoveryCode[] }
  /** `lastId`: from which the next ones are counted. */
  | { kind: 'approval'; rows: readonly StoredApproval[]; lastId: number }
);

/** True if there may be more to cut. */
export function decideCut(
  facts: CutFacts,
  { bounds, sha256 }: { bounds: CutBounds; sha256: Sha256 },
): Decision<boolean> {
  const cuts = cutsOf(facts, bounds);
  if (cuts.length === 0) return { changes: [], result: false };
  const { kind, total } = facts;
  let { rows, link } = total;
  for (const { row } of cuts) {
    link = sha256(concatBytes(link, utf8(JSON.stringify([kind, row]))));
    rows += 1;
  }
  return {
    changes: [
      ...cuts.map(({ change }) => change),
      { kind: 'noteCut', cut: kind, total: { rows, link } },
    ],
    result: cuts.length === bounds.rowsMax,
  };
}

type Cut = { change: CutChange; row: unknown };

function cutsOf(facts: CutFacts, { beforeMs }: CutBounds): Cut[] {
  switch (facts.kind) {
    case 'trustList':
      return facts.rows
        .filter(({ version }) => version < facts.inForce)
        .map(({ version, listSha256 }) => ({
          change: { kind: 'cutTrustList', version },
          row: [version, [...listSha256]],
        }));
    case 'refusedPayment':
      // Ids count up from the last one, which therefore stays.
      return facts.rows
        .filter(({ id, atMs }) => id !== facts.lastId && atMs < beforeMs)
        .map((row) => {
          const { id, payee, key, reason, atMs } = row;
          return { change: { kind: 'cutRefusedPayment', id, payee, key, reason, atMs }, row };
        });
    case 'denyVersion':
      // What is published stays, and what waits behind it.
      return facts.rows
        .filter(({ version, madeAtMs }) => version < facts.published && madeAtMs < beforeMs)
        .map((row) => ({ change: { kind: 'cutDenyVersion', version: row.version }, row }));
    case 'denyEntry':
      // No version that is still known can be asked about it.
      return facts.rows
        .filter(({ removedIn }) => removedIn <= facts.oldestVersion)
        .map((row) => ({
          change: { kind: 'cutDenyEntry', id: row.id, addedIn: row.addedIn },
          row,
        }));
    case 'denial':
      return facts.rows
        .filter(({ number, liftedAtMs }) => !facts.lastNumbers.has(number) && liftedAtMs < beforeMs)
        .map((row) => ({ change: { kind: 'cutDenial', number: row.number }, row }));
    case 'recoveryCode':
      // Who has lost the response to a code asks again at once, or soon.
      return facts.rows
        .filter(({ endedAtMs }) => endedAtMs < beforeMs)
        .map((row) => {
          const { codeHash, account } = row;
          return { change: { kind: 'cutRecoveryCode', codeHash, account }, row };
        });
    case 'approval':
      return facts.rows
        .filter(({ id, endsAtMs }) => id !== facts.lastId && endsAtMs < beforeMs)
        .map((row) => {
          const { id, account } = row;
          return { change: { kind: 'cutApproval', id, account }, row };
        });
  }
}
