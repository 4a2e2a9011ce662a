/**
 * What persons have decided about parked records, both ways: each decision has its record, its end and its entry,
 * with every column that can be computed; and nothing ends as adopted or written off without a decision.
 */
import { toHex } from '@stile/protocol/bytes.ts';
import { claimedRideOf } from '../core/parked/parked-record.ts';
import type { WrittenOff } from '../core/parked/resolution-changes.ts';
import { lossOf, writeOff } from '../core/parked/write-off.ts';
import { type Check, checkOf } from './check.ts';
import type { EpochRow, ResolutionRow } from './port.ts';

/** Records that a person has ended count as no other group. */
const ENDED_BY_PERSON = ['ADOPTED', 'WRITTEN_OFF'];

/** How a record that has a use may end after all, when more is known of it. */
const LATER_ENDS = ['EXTRA_USE', 'VOIDED', 'STALE_CODE'];

/** It remembers the numbers of records that were decided about. */
export function checkResolutions(): Check {
  const wrong: string[] = [];
  const subjects = new Set<string>();
  const adopted = new Set<number>();
  const writtenOffUses = new Set<string>();
  let count = 0;
  let epoch: EpochRow | null = null;
  return {
    resolution: (row) => {
      count += 1;
      if (!isRight(row)) wrong.push(`resolution ${row.number}`);
      if (row.adoptedRecord !== null) adopted.add(row.adoptedRecord);
      if (row.fareCents !== null && row.use !== null) writtenOffUses.add(row.use);
      if (row.how === 'WRITE_OFF' || row.how === 'ADOPT') subjects.add(subjectOf(row));
    },
    record: ({ id, disposition, use }) => {
      if (disposition !== 'WRITTEN_OFF' || subjects.has(`record ${id}`)) return;
      if (use === null || !writtenOffUses.has(use)) wrong.push(`record ${id}`);
    },
    strayRecord: ({ id, why }) => {
      if (ENDED_BY_PERSON.includes(why) && !subjects.has(`odd ${id}`))
        wrong.push(`odd record ${id}`);
    },
    epoch: (row) => {
      epoch = row;
    },
    logRecord: ({ id }) => {
      if (epoch !== null && epoch.branchOf !== null && !adopted.has(id)) wrong.push(`record ${id}`);
    },
    results: () => {
      const name = 'every parked record that has ended was decided by a person, and as it says';
      return [checkOf(name, { wrong, good: `${count} decisions` })];
    },
  };
}

function subjectOf({ oddLine, record }: ResolutionRow): string {
  return oddLine === null ? `record ${record}` : `odd ${oddLine}`;
}

function isRight(row: ResolutionRow): boolean {
  if (row.parked === null || (row.oddLine === null) === (row.record === null)) return false;
  if (row.how !== 'WRITE_OFF' && (row.posting !== null || row.fareCents !== null)) return false;
  if (row.how !== 'ADOPT' && row.adoptedRecord !== null) return false;
  switch (row.how) {
    case 'WRITE_OFF':
      return isWrittenOff(row, row.parked);
    case 'ADOPT':
      return isAdopted(row, row.parked);
    case 'ACCEPT':
      return isAccepted(row, row.parked);
    default:
      return row.how === 'REPLAY';
  }
}

type Parked = NonNullable<ResolutionRow['parked']>;

/** A void or another record of the use may have come later; what was lost by then stays lost. */
function isWrittenOff(row: ResolutionRow, parked: Parked): boolean {
  const { tariffVersion, gateLines, lineFares, fareCents } = row;
  const isEnded =
    parked.end === 'WRITTEN_OFF' || (row.record !== null && LATER_ENDS.includes(parked.end ?? ''));
  if (!isEnded || tariffVersion === null) return false;
  const facts = { isClaimed: false, gateLines, lineFares, tariffVersion };
  // What a later record says of the time of a ride without a clock does not change what was lost.
  const isTimed = claimedRideOf(parked)?.clock !== 'UNKNOWN';
  const rideMs = isTimed ? parked.rideMs : row.rideMs;
  const most = writeOff({ ...parked, rideMs, isVoided: false }, facts);
  const stored: WrittenOff = {
    use: row.use,
    line: row.line,
    rideMs: row.rideMs,
    ceilingCents: row.ceilingCents,
    fareCents,
    tariffVersion,
  };
  if (!isSameRide(stored, most) || !isPosted(row, stored)) return false;
  if (fareCents === null) {
    return most.fareCents === null || parked.isVoided || row.isClaimedElsewhere || row.isSecond;
  }
  return fareCents === most.fareCents && !row.isSecond && !row.isCharged;
}

function isSameRide(a: WrittenOff, b: WrittenOff): boolean {
  if (a.use !== b.use || a.line !== b.line || a.rideMs !== b.rideMs) return false;
  return a.ceilingCents === b.ceilingCents;
}

/** The loss is posted as it must be; if there is none, nothing is. */
function isPosted({ number, posting }: ResolutionRow, writtenOff: WrittenOff): boolean {
  const loss = lossOf(number, writtenOff);
  if (loss === null || posting === null) return loss === posting;
  const { debit, credit, amountCents, code } = loss;
  return (
    debit === posting.debit &&
    credit === posting.credit &&
    amountCents === posting.amountCents &&
    code === posting.code
  );
}

function isAdopted({ oddLine, adopted }: ResolutionRow, parked: Parked): boolean {
  if (oddLine === null || adopted === null || parked.end !== 'ADOPTED') return false;
  const { seq, hash, bytes, branchOf } = adopted;
  const isSame = toHex(hash) === toHex(parked.hash) && toHex(bytes) === toHex(parked.bytes);
  return isSame && seq === parked.seq && branchOf === parked.epochId;
}

/** The pass of its code is given out. */
function isAccepted({ record, use, issues }: ResolutionRow, parked: Parked): boolean {
  const ride = claimedRideOf(parked);
  if (record === null || ride === null || ride.use !== use) return false;
  const { pass } = ride;
  return issues.some(
    ({ issuer, keyId, issuedAtS, expiresAtS }) =>
      issuer === pass.issuer &&
      keyId === pass.keyId &&
      issuedAtS === pass.issuedAtS &&
      expiresAtS === pass.expiresAtS,
  );
}

/** What the loss account holds is what was written off. */
export function checkLoss(): Check {
  let heldCents = 0;
  let lostCents = 0;
  return {
    ledgerAccount: ({ kind, debitsCents, creditsCents }) => {
      if (kind === 'loss') heldCents += debitsCents - creditsCents;
    },
    resolution: ({ fareCents }) => {
      lostCents += fareCents ?? 0;
    },
    results: () => {
      const detail = `${heldCents} of ${lostCents}`;
      return [{ name: 'the loss is what was written off', ok: heldCents === lostCents, detail }];
    },
  };
}
