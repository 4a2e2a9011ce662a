/**
 * A person ends the waiting of a parked record. The same resolution twice is one; what has ended by another is
 * refused. One that did not help (a replay that finds nothing new) may be followed by another.
 */
import { assert } from '@stile/protocol/fault.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import { postingOf } from '../money/money-changes.ts';
import { type AcceptFacts, acceptPass } from './accept.ts';
import { type AdoptFacts, adopt } from './adopt.ts';
import { type Effect, offersOf, type ParkedRecord, type ResolveRefusal } from './parked-record.ts';
import type { Resolution, ResolutionHow } from './resolution-changes.ts';
import { lossOf, type WriteOffFacts, writeOff } from './write-off.ts';

/** What only one way to resolve has to know. */
export type ResolveFacts = {
  record: ParkedRecord;
  nextNumber: number;
  writeOff: WriteOffFacts | null;
  adopt: AdoptFacts | null;
  accept: AcceptFacts | null;
};

export type ResolveRequest = { how: ResolutionHow; by: string; note: string; nowMs: number };

export type ResolveResult =
  | { kind: 'resolved' }
  | { kind: 'already' }
  | { kind: 'refused'; reason: ResolveRefusal };

export function decideResolution(
  facts: ResolveFacts,
  request: ResolveRequest,
): Decision<ResolveResult> {
  const { record, nextNumber: number } = facts;
  const { how, by, note, nowMs: atMs } = request;
  const isBefore = record.before.includes(how);
  const offers = offersOf(record.why);
  if (offers.length === 0) {
    if (isBefore) return unchanged({ kind: 'already' });
    return refused(record.before.length > 0 ? 'RESOLVED_OTHERWISE' : 'NOT_PARKED');
  }
  if (!offers.includes(how)) return refused('NOT_OFFERED');
  const { subject, why } = record;
  const plain = { number, subject, how, why, by, note, atMs };
  const resolution: Resolution = { ...plain, use: null, writtenOff: null, adoptedRecord: null };
  const effect = carryOut(facts, { resolution, nowMs: atMs });
  if (!effect.ok) return refused(effect.reason);
  if (!isBefore) return { changes: effect.changes, result: { kind: 'resolved' } };
  const changes = effect.changes.filter(({ kind }) => kind !== 'addResolution');
  return { changes, result: { kind: 'already' } };
}

function carryOut(facts: ResolveFacts, of: { resolution: Resolution; nowMs: number }): Effect {
  const { record } = facts;
  switch (of.resolution.how) {
    case 'REPLAY':
      return { ok: true, changes: replay(record, of) };
    case 'WRITE_OFF':
      assert(facts.writeOff !== null, 'what a write-off has to know was read');
      return { ok: true, changes: endAsLoss(record, { ...of, facts: facts.writeOff }) };
    case 'ADOPT':
      assert(facts.adopt !== null, 'what an adoption has to know was read');
      return adopt(record, { ...of, facts: facts.adopt });
    case 'ACCEPT':
      if (facts.accept === null) return { ok: false, reason: 'PASS_NOT_SAFE' };
      return acceptPass(record, { ...of, facts: facts.accept });
  }
}

/** It waits again as if it had just come; work behind the commit judges it. */
function replay(
  { subject, epochId, why }: ParkedRecord,
  { resolution, nowMs: atMs }: { resolution: Resolution; nowMs: number },
): Change[] {
  const added = { kind: 'addResolution', resolution } as const;
  const { id } = subject;
  if (subject.kind === 'odd') {
    const work = { kind: 'join', cursor: 0, until: 0, subject: String(epochId) } as const;
    return [added, { kind: 'setOddWhy', id, why: 'GAP' }, { kind: 'addWork', work, atMs }];
  }
  if (why !== 'FARE_UNKNOWN') {
    return [added, { kind: 'keepUnjudged', record: id, account: null, isDue: true }];
  }
  const work = { kind: 'settle', cursor: id - 1, until: id, subject: '' } as const;
  return [added, { kind: 'addWork', work, atMs }];
}

function endAsLoss(
  record: ParkedRecord,
  { resolution, facts, nowMs }: { resolution: Resolution; facts: WriteOffFacts; nowMs: number },
): Change[] {
  const { kind, id } = record.subject;
  const writtenOff = writeOff(record, facts);
  const loss = lossOf(resolution.number, writtenOff);
  const ended: Change[] =
    kind === 'odd'
      ? [{ kind: 'setOddWhy', id, why: 'WRITTEN_OFF' }]
      : [
          { kind: 'setDisposition', record: id, disposition: 'WRITTEN_OFF' },
          { kind: 'dropUnjudged', record: id },
        ];
  return [
    { kind: 'addResolution', resolution: { ...resolution, use: writtenOff.use, writtenOff } },
    ...ended,
    ...postingOf(loss === null ? [] : [loss], nowMs),
  ];
}

function refused(reason: ResolveRefusal): Decision<ResolveResult> {
  return unchanged({ kind: 'refused', reason });
}
