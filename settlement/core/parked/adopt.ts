/**
 * What lies beside a gate's log, taken as rides: an epoch of its own for each unbroken piece of the chain, with the
 * sequence numbers and hashes that the gate gave and sealed, which no key can add to. What is charged already is
 * charged once: the charge is the code use's.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { Change } from '../changes.ts';
import { findWaitingInBranch } from '../logs/judge-again.ts';
import type { EpochRow } from '../logs/placement.ts';
import { recordRow } from '../logs/record-row.ts';
import { lastAnchor } from '../logs/ride-time.ts';
import { type Limits, type RulingFacts, ruleRecords } from '../logs/rulings.ts';
import { retiming } from '../logs/take-part.ts';
import type { Effect, ParkedRecord } from './parked-record.ts';
import type { Resolution } from './resolution-changes.ts';

export type AdoptFacts = {
  /** The adopted piece that it continues; null: a new one begins with it. */
  branch: (EpochRow & { epoch: string }) | null;
  /** How many pieces of this log were adopted before. */
  branches: number;
  /** The record before it in the chain is parked too. */
  isEarlierParked: boolean;
  nextIds: { epoch: number; record: number };
  rulings: RulingFacts;
  /** For taps that name no trust list version that was published here. */
  limitsNow: Limits;
};

type AdoptOf = { resolution: Resolution; facts: AdoptFacts; nowMs: number };

export function adopt(record: ParkedRecord, { resolution, facts, nowMs }: AdoptOf): Effect {
  if (facts.isEarlierParked) return { ok: false, reason: 'EARLIER_FIRST' };
  const { gate, seq, content, batchId, subject, hash, receivedAtMs } = record;
  const epoch = facts.branch ?? beginning(record, facts);
  const { anchor } = epoch;
  const [ruled] = ruleRecords(
    { gate, epoch: epoch.epoch, before: anchor, after: null, records: [{ seq, content }] },
    { facts: facts.rulings, limitsNow: facts.limitsNow, nowMs: receivedAtMs },
  );
  assert(ruled !== undefined, 'one record has one ruling');
  const { record: id } = facts.nextIds;
  const ids = { id, epochId: epoch.id, batchId };
  const row = recordRow(record, { ids, ruled, nowMs: receivedAtMs });
  const waiting = findWaitingInBranch(ruled);
  const work = { kind: 'settle', cursor: id - 1, until: id, subject: '' } as const;
  const changes: Change[] = [
    ...(facts.branch === null ? [opening(record, epoch)] : []),
    { kind: 'addRecord', record: row },
    {
      kind: 'moveEpoch',
      id: epoch.id,
      lastSeq: seq,
      head: hash,
      anchor: lastAnchor([record], anchor),
    },
    { kind: 'setOddWhy', id: subject.id, why: 'ADOPTED' },
    { kind: 'addResolution', resolution: { ...resolution, adoptedRecord: id } },
  ];
  // It was checked when it came: what it waited for may be known by now.
  if (waiting !== undefined)
    changes.push({ kind: 'keepUnjudged', record: id, ...waiting, isDue: true });
  changes.push(...retiming({ epoch, newRecords: [{ record }] }, nowMs));
  if (ruled.use !== null) changes.push({ kind: 'addWork', work, atMs: nowMs });
  return { ok: true, changes };
}

/** No gate can name its epoch so. */
function beginning(
  { epoch, seq, prev }: ParkedRecord,
  { nextIds, branches }: AdoptFacts,
): EpochRow & { epoch: string } {
  assert(prev !== null, 'what lies beside a log has a hash before it');
  const name = `${epoch}+${branches + 1}`;
  return {
    id: nextIds.epoch,
    epoch: name,
    lastSeq: seq - 1,
    head: prev,
    gateKeyId: null,
    anchor: null,
  };
}

function opening({ gate, epochId }: ParkedRecord, branch: EpochRow & { epoch: string }): Change {
  const { id, epoch, head, lastSeq: baseSeq } = branch;
  return {
    kind: 'addEpoch',
    id,
    gate,
    epoch,
    head,
    gateKeyId: null,
    base: { of: epochId, baseSeq },
  };
}
