/**
 * A part of a batch, taken into its gate's log: what each new record means and all that is written for it.
 * Everything that was received is stored, in the log or beside it; the second step behind placement.ts.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { Change, Decision } from '../changes.ts';
import type { BatchPart } from './batch.ts';
import { findWaiting } from './judge-again.ts';
import type { OddWhy } from './log-changes.ts';
import type { Placement } from './placement.ts';
import { recordRow } from './record-row.ts';
import { anchorOf, type ClockedRecord, lastAnchor } from './ride-time.ts';
import { type RuledRecord, type RulingContext, ruleRecords } from './rulings.ts';

export type PartResult = {
  items: readonly ItemRuling[];
  ackSeq: number;
  /** Of the chain, at `ackSeq`. */
  head: Uint8Array;
  rest: BatchPart | null;
  /** How many records the log has grown by. */
  newRecords: number;
};

/** Rules on what the log grows by, and says all that is written. */
export function decidePart(placement: Placement, rules: RulingContext): Decision<PartResult> {
  const { log, epoch, part, newRecords } = placement;
  const records = newRecords.map(({ record }) => record);
  const { nowMs } = rules;
  const { anchor: before } = epoch;
  const ruledLog = { gate: log.gate, epoch: log.epoch, before, after: null, records };
  const rulings = ruleRecords(ruledLog, rules);
  const ackSeq = records.at(-1)?.seq ?? epoch.lastSeq;
  const isNew = newRecords.length + placement.oddRecords.length + placement.joinings.length > 0;
  const items = itemsOf(placement, rulings);
  const result = {
    items,
    ackSeq,
    head: newRecords.at(-1)?.record.hash ?? epoch.head,
    rest: part && restOf(part, placement),
    newRecords: newRecords.length,
  };
  // An epoch is opened by its first batch even if all of it waits or repeats.
  if (!isNew) {
    const isReport = part !== null && part.batch.records.length === 0;
    const note = isReport ? [noteOf(part, nowMs)] : [];
    return { changes: [...opening(placement), ...note], result };
  }
  return {
    changes: [
      ...opening(placement),
      ...storing(placement, nowMs),
      ...growing(placement, { rulings, nowMs }),
      ...(part === null ? [] : [noteOf(part, nowMs)]),
    ],
    result,
  };
}

function opening({ log, epoch }: Placement): Change[] {
  if (log.row !== null) return [];
  const { id, head, gateKeyId } = epoch;
  return [{ kind: 'addEpoch', id, gate: log.gate, epoch: log.epoch, head, gateKeyId, base: null }];
}

/** The batch, once, and what stands beside the log. */
function storing({ epoch, part, batchId, oddRecords }: Placement, nowMs: number): Change[] {
  const changes: Change[] = [];
  if (part !== null && part.batchId === null && batchId !== null) {
    const { headerBytes, sealBytes, gateKeyId } = part.batch;
    const bytes = { headerBytes, sealBytes, gateKeyId, receivedAtMs: nowMs };
    changes.push({ kind: 'addBatch', id: batchId, epochId: epoch.id, ...bytes });
  }
  for (const { record, prev, why } of oddRecords) {
    const row = { ...record, epochId: epoch.id, batchId: batchId ?? 0, prev, why };
    changes.push({ kind: 'addOddRecord', record: { ...row, receivedAtMs: nowMs } });
  }
  return changes;
}

const WHY_AFTER = {
  append: 'JOINED',
  duplicate: 'JOINED',
  conflict: 'OTHER_BYTES',
  fork: 'FORK',
} as const satisfies Record<string, OddWhy>;

/** The records that are new in the log, and the work that follows from them. */
function growing(
  { log, epoch, joinings, newRecords, hasMoreToJoin }: Placement,
  { rulings, nowMs }: { rulings: readonly RuledRecord[]; nowMs: number },
): Change[] {
  const changes: Change[] = joinings.map(({ record, now }) => ({
    kind: 'setOddWhy',
    id: record.id,
    why: WHY_AFTER[now],
  }));
  const joined = new Set(joinings.map(({ record }) => record.seq));
  const firstId = log.nextIds.record;
  for (const [index, { record, batchId }] of newRecords.entries()) {
    const ruling = rulings[index];
    assert(ruling !== undefined, 'every record has its ruling');
    const ids = { id: firstId + index, epochId: epoch.id, batchId };
    changes.push({ kind: 'addRecord', record: recordRow(record, { ids, ruled: ruling, nowMs }) });
    const waiting = findWaiting(ruling);
    // What waited for the records before it was checked when it came: it is due to be judged again.
    const isDue = joined.has(record.seq);
    if (waiting !== undefined) {
      changes.push({ kind: 'keepUnjudged', record: ids.id, ...waiting, isDue });
    }
  }
  const last = newRecords.at(-1)?.record;
  if (last !== undefined) {
    const anchor = lastAnchor(
      newRecords.map(({ record }) => record),
      epoch.anchor,
    );
    const { seq: lastSeq, hash: head } = last;
    changes.push({ kind: 'moveEpoch', id: epoch.id, lastSeq, head, anchor });
  }
  changes.push(...retiming({ epoch, newRecords }, nowMs));
  if (rulings.some(({ use }) => use !== null)) {
    const until = firstId + newRecords.length - 1;
    const work = { kind: 'settle', cursor: firstId - 1, until, subject: '' } as const;
    changes.push({ kind: 'addWork', work, atMs: nowMs });
  }
  if (hasMoreToJoin) {
    const work = { kind: 'join', cursor: 0, until: 0, subject: String(epoch.id) } as const;
    changes.push({ kind: 'addWork', work, atMs: nowMs });
  }
  return changes;
}

/** The first known clock behind records without one says more of when the rides among them were. */
export function retiming(
  {
    epoch,
    newRecords,
  }: Pick<Placement, 'epoch'> & { newRecords: readonly { record: ClockedRecord }[] },
  nowMs: number,
): Change[] {
  const { id, lastSeq: until, anchor } = epoch;
  const cursor = anchor === null ? 0 : (anchor.seq ?? 0);
  const isKnown = newRecords.some(({ record }) => anchorOf(record) !== null);
  if (cursor >= until || !isKnown) return [];
  const work = { kind: 'retime', cursor, until, subject: String(id) } as const;
  return [{ kind: 'addWork', work, atMs: nowMs }];
}

/** What the gate has in force, by its own word. */
function noteOf({ batch, records }: BatchPart, nowMs: number): Change {
  const { gate, lists } = batch;
  const latest = records.findLast(({ content }) => content.kind === 'tap')?.content;
  return {
    kind: 'noteGate',
    gate,
    trust: lists?.trust ?? null,
    deny: lists?.deny ?? null,
    tariff: latest?.kind === 'tap' ? latest.tariff : null,
    denyAtS: lists?.denyAtS ?? null,
    stage: lists?.stage ?? null,
    root: lists?.root ?? null,
    atMs: nowMs,
  };
}

function restOf({ batch, records, prev }: BatchPart, placement: Placement): BatchPart | null {
  const { records: taken, batchId } = placement;
  if (records.length === taken.length) return null;
  const rest = records.slice(taken.length);
  return { batch, records: rest, prev: taken.at(-1)?.hash ?? prev, batchId };
}

function itemsOf({ records, positions }: Placement, rulings: readonly RuledRecord[]): ItemRuling[] {
  const rulingBySeq = new Map(rulings.map((one) => [one.seq, one]));
  return records.map(({ seq }, index): ItemRuling => {
    const position = positions[index];
    if (position === 'duplicate') return { seq, ruling: 'duplicate' };
    if (position === 'conflict') return { seq, ruling: 'conflict', reason: 'OTHER_BYTES' };
    if (position === 'gap') return { seq, ruling: 'parked', reason: 'GAP' };
    if (position === 'fork') return { seq, ruling: 'parked', reason: 'FORK' };
    const one = rulingBySeq.get(seq);
    assert(one !== undefined, 'an appended record was ruled on');
    const { ruling, reason } = one;
    return reason === null ? { seq, ruling } : { seq, ruling, reason };
  });
}
