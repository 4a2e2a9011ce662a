/**
 * Rulings that hang on what settlement knows: an issuer key, an account, a pass that was given out. What such a tap was
 * for is kept, and it is judged again when that may have changed. What the gate was told stays as it was; only how the
 * record ends changes, and from then on it counts like any other.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { Change, Decision } from '../changes.ts';
import type { RecordContent } from './check-record.ts';
import { firstDisposition } from './record-row.ts';
import type { ClockAnchor } from './ride-time.ts';
import { type RuledRecord, type RulingContext, ruleRecords } from './rulings.ts';

/** These hang on settlement's own state; a fare that is set prices anew by itself. */
const WAITING: readonly (string | null)[] = [
  'KEY_UNKNOWN',
  'KEY_EXPIRED',
  'ACCOUNT_UNKNOWN',
  'PASS_NOT_ISSUED',
];

/**
 * A record that has no use yet because of what settlement did not know, or, of a void or an answer behind a fork, because
 * an earlier version of settlement did not look far enough back for what it names.
 */
export type UnjudgedRecord = {
  id: number;
  epochId: number;
  gate: string;
  epoch: string;
  seq: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  receivedAtMs: number;
  disposition: string | null;
  /** Records of its log that take it back. */
  voids: readonly number[];
};

/** Waits for its account, if its code is genuine; undefined: it waits for nothing. */
export function findWaiting(ruled: RuledRecord): { account: string | null } | undefined {
  const { content, ruling, use, reason } = ruled;
  if (content.kind !== 'tap' || content.verdict !== 'open') return undefined;
  if (ruling !== 'parked' || use !== null || !WAITING.includes(reason)) return undefined;
  return { account: content.problem === null ? content.code.account : null };
}

/** In an adopted branch: what it names may come only later, or be known of only later. */
export function findWaitingInBranch(ruled: RuledRecord): { account: string | null } | undefined {
  const { content, use } = ruled;
  const isOfEarlier = content.kind === 'void' || content.kind === 'answer';
  return isOfEarlier && use === null ? { account: null } : findWaiting(ruled);
}

/** `before`, `after`: of its log the records nearest to it whose clock was known. */
export type AgainFacts = {
  record: UnjudgedRecord;
  content: RecordContent;
  before: ClockAnchor | null;
  after: ClockAnchor | null;
};

/** True if it counts now. */
export function decideAgain(
  { record, content, before, after }: AgainFacts,
  { nowMs, ...rules }: RulingContext,
): Decision<boolean> {
  const { id, gate, epoch, seq, receivedAtMs, disposition, voids } = record;
  const log = { gate, epoch, before, after, records: [{ seq, content }] };
  const [ruled] = ruleRecords(log, { ...rules, nowMs: receivedAtMs });
  assert(ruled !== undefined, 'one record has one ruling');
  const { use, reason, rideTime } = ruled;
  // Only taps wait in a log that is not a branch.
  const waiting = findWaitingInBranch(ruled);
  if (use === null) {
    const told: Change[] =
      reason === null || reason === disposition
        ? []
        : [{ kind: 'setDisposition', record: id, disposition: reason }];
    const queue: Change =
      waiting === undefined
        ? { kind: 'dropUnjudged', record: id }
        : { kind: 'keepUnjudged', record: id, account: waiting.account, isDue: false };
    const dated: Change[] =
      rideTime === null ? [] : [{ kind: 'setRideTime', record: id, rideTime }];
    return { changes: [...dated, ...told, queue], result: false };
  }
  const ceilingCents = 'code' in content ? (content.code.ceilingCents ?? null) : null;
  const work = { kind: 'settle', cursor: id - 1, until: id, subject: '' } as const;
  const next = firstDisposition(content, { use, reason });
  const counts: Change[] =
    next === disposition ? [] : [{ kind: 'setDisposition', record: id, disposition: next }];
  return {
    changes: [
      { kind: 'setUse', record: id, use, rideTime, ceilingCents },
      ...voids.map((one): Change => {
        const none = { rideTime: null, ceilingCents: null };
        return { kind: 'setUse', record: one, use, ...none };
      }),
      ...counts,
      { kind: 'dropUnjudged', record: id },
      { kind: 'addWork', work, atMs: nowMs },
    ],
    result: true,
  };
}
