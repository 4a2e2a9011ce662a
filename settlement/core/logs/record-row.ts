/** One received record as it is stored: its bytes, what they were found to say, and how it has ended so far. */
import type { RecordContent } from './check-record.ts';
import type { RecordRow } from './log-changes.ts';
import type { RuledRecord } from './rulings.ts';

export type RecordIds = { id: number; epochId: number; batchId: number };

export function recordRow(
  received: { seq: number; bytes: Uint8Array; hash: Uint8Array },
  { ids, ruled, nowMs }: { ids: RecordIds; ruled: RuledRecord; nowMs: number },
): RecordRow {
  const { content, ruling, reason, use, rideTime } = ruled;
  const judged = content.kind === 'tap' || content.kind === 'answer' ? content : undefined;
  return {
    ...ids,
    seq: received.seq,
    bytes: received.bytes,
    hash: received.hash,
    kind: content.kind,
    verdict: judged?.verdict ?? null,
    gateReason: judged?.verdict === 'refuse' ? judged.gateReason : null,
    atMs: content.kind === 'unreadable' ? 0 : content.atMs,
    clock: 'clock' in content ? content.clock : null,
    line: 'line' in content ? content.line : null,
    ofSeq: 'of' in content ? content.of : null,
    use,
    ruling,
    reason,
    receivedAtMs: nowMs,
    disposition: firstDisposition(content, { use, reason }),
    rideTime,
    ceilingCents: 'code' in content ? (content.code.ceilingCents ?? null) : null,
  };
}

/** PENDING: it opened, and its charge or its payment is still to be found. */
export function firstDisposition(
  content: RecordContent,
  { use, reason }: Pick<RuledRecord, 'use' | 'reason'>,
): string | null {
  if (content.kind === 'unreadable') return reason;
  if (content.kind !== 'tap' && content.kind !== 'answer') return null;
  const isOpen = content.verdict === 'open';
  const needsUse = isOpen || content.kind === 'answer';
  if (needsUse && use === null) return reason;
  return isOpen ? 'PENDING' : null;
}
