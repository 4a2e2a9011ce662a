/** One received record as it is stored: its bytes, what they were found to say, and how it has ended so far. */
import type { Checked } from './check.ts';
import type { RecordRow } from './log-changes.ts';
import type { Ruled } from './rulings.ts';

export type RecordIds = { id: number; epochId: number; batchId: number };

export function recordRow(
  received: { seq: number; bytes: Uint8Array; hash: Uint8Array },
  { ids, ruling: ruled, nowMs }: { ids: RecordIds; ruling: Ruled; nowMs: number },
): RecordRow {
  const { checked, ruling, reason, use } = ruled;
  const judged = checked.kind === 'tap' || checked.kind === 'answer' ? checked : undefined;
  return {
    ...ids,
    seq: received.seq,
    bytes: received.bytes,
    hash: received.hash,
    kind: checked.kind,
    verdict: judged?.verdict ?? null,
    gateReason: judged?.verdict === 'refuse' ? judged.gateReason : null,
    atMs: checked.kind === 'unreadable' ? 0 : checked.atMs,
    clock: 'clock' in checked ? checked.clock : null,
    line: 'line' in checked ? checked.line : null,
    ofSeq: 'of' in checked ? checked.of : null,
    use,
    ruling,
    reason,
    receivedAtMs: nowMs,
    disposition: firstDisposition(checked, { use, reason }),
  };
}

/** PENDING: it opened, and its charge or its payment is still to be found. */
function firstDisposition(
  checked: Checked,
  { use, reason }: Pick<Ruled, 'use' | 'reason'>,
): string | null {
  if (checked.kind === 'unreadable') return reason;
  if (checked.kind !== 'tap' && checked.kind !== 'answer') return null;
  const isOpen = checked.verdict === 'open';
  const needsUse = isOpen || checked.kind === 'answer';
  if (needsUse && use === null) return reason;
  return isOpen ? 'PENDING' : null;
}
