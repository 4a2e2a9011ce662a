/**
 * When a ride was. A gate whose clock is known says so itself. Where it was not, its clock decides nothing: the
 * ride gets the instant of a known clock of its boot, before it or after it, or else the code's own signed time, within
 * what cannot be otherwise: not before the pass, the list in force or the records before it, not after pass, code,
 * receipt or the records after it.
 * A code of a later time than that was good, because a gate without a clock takes its time from the code, and only
 * the phone that holds the key can have made it: that ride is paid.
 */
import { type LogRecord, readRecord } from '@stile/protocol/gate-log.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import type { CheckedCode, CheckedTap, RecordContent } from './check-record.ts';

/**
 * GATE: its clock was known. BOOT: counted from a record of the same boot whose clock was. CODE: when the phone
 * made the code. BOUND: as near to that as the bounds let it be.
 */
export type RideTimeSource = 'GATE' | 'BOOT' | 'CODE' | 'BOUND';

/** `isStale`: there is no instant at which this code was good there. */
export type RideTime = { atMs: number; source: RideTimeSource; isStale: boolean };

/** A record of the chain whose clock was known. Without `seq`: stored by an earlier version of settlement. */
export type ClockAnchor = { seq?: number; atMs: number; boot: string; monoMs: number };

/** A record of a log, as far as its clock is concerned. */
export type ClockedRecord = { seq: number; content: RecordContent };

type Limits = TrustList['limits'];

export type RideTimeFacts = {
  /** The last record before it whose clock was known, and the first one after it. */
  before: ClockAnchor | null;
  after: ClockAnchor | null;
  /** When the list was signed that the gate had in force. */
  listS: number | null;
  limits: Limits;
  receivedAtMs: number;
};

type DatedTap = Pick<CheckedTap, 'clock' | 'atMs' | 'boot' | 'monoMs'>;
type DatedCode = Pick<CheckedCode, 'generatedAtS' | 'issuedAtS' | 'lifetimeMin' | 'codeLifetimeS'>;

export function rideTimeOf(
  { tap, code }: { tap: DatedTap; code: DatedCode },
  facts: RideTimeFacts,
): RideTime {
  const { limits } = facts;
  const clocked = clockedTime(tap, facts);
  if (clocked !== null) {
    const tapS = Math.floor(clocked.atMs / 1000);
    const isEarly = clocked.source === 'GATE' && code.generatedAtS > tapS + limits.skewS;
    return { ...clocked, isStale: isEarly || isOver(code, { tapS, limits }) };
  }
  const outer = outerBounds(facts);
  const fromMs = Math.max(outer.fromMs, (code.issuedAtS - limits.skewS) * 1000);
  const toMs = Math.min(outer.toMs, passEndS(code) * 1000);
  const codeMs = code.generatedAtS * 1000;
  const isStale =
    fromMs > Math.min(toMs, codeEndS(code, limits) * 1000 + 999) ||
    code.generatedAtS > passEndS(code) + limits.skewS;
  const atMs = Math.min(Math.max(codeMs, fromMs), Math.max(fromMs, toMs));
  return { atMs, source: atMs === codeMs ? 'CODE' : 'BOUND', isStale };
}

/** By a clock that was known, then or in the same boot before or after; null: by none. */
function clockedTime(
  tap: DatedTap,
  { before, after }: Pick<RideTimeFacts, 'before' | 'after'>,
): Omit<RideTime, 'isStale'> | null {
  if (tap.clock !== 'UNKNOWN') return { atMs: tap.atMs, source: 'GATE' };
  const { boot, monoMs } = tap;
  if (monoMs === undefined) return null;
  if (before !== null && before.boot === boot) {
    return { atMs: before.atMs + Math.max(0, monoMs - before.monoMs), source: 'BOOT' };
  }
  if (after === null || after.boot !== boot) return null;
  const atMs = after.atMs - Math.max(0, after.monoMs - monoMs);
  return { atMs: Math.max(0, atMs), source: 'BOOT' };
}

/**
 * A lower bound that lies behind the receipt was dated by a wrong clock and bounds nothing; neither does an upper
 * one that lies before a lower one.
 */
function outerBounds({ before, after, listS, receivedAtMs }: RideTimeFacts) {
  const floors = [before?.atMs ?? 0, (listS ?? 0) * 1000].filter((atMs) => atMs <= receivedAtMs);
  const fromMs = Math.max(0, ...floors);
  const endMs = after?.atMs ?? receivedAtMs;
  return { fromMs, toMs: endMs < fromMs ? receivedAtMs : Math.min(receivedAtMs, endMs) };
}

/** Whether pass or code had ended, or the pass was not there yet; both ends are inside, as at the gate. */
function isOver(code: DatedCode, { tapS, limits }: { tapS: number; limits: Limits }): boolean {
  return (
    tapS + limits.skewS < code.issuedAtS || tapS > passEndS(code) || tapS > codeEndS(code, limits)
  );
}

function passEndS({ issuedAtS, lifetimeMin }: DatedCode): number {
  return issuedAtS + lifetimeMin * 60;
}

function codeEndS({ generatedAtS, codeLifetimeS }: DatedCode, limits: Limits): number {
  return generatedAtS + Math.min(codeLifetimeS, limits.codeLifetimeSMax);
}

/** The anchor behind these records, which follow one another in one log. */
export function lastAnchor(
  records: readonly ClockedRecord[],
  before: ClockAnchor | null,
): ClockAnchor | null {
  return records.reduce((anchor, record) => anchorOf(record) ?? anchor, before);
}

/** Of each of these records the first behind it whose clock was known, as far as they and `after` say. */
export function anchorsAfter(
  records: readonly ClockedRecord[],
  after: ClockAnchor | null,
): (ClockAnchor | null)[] {
  let next = after;
  const backwards = records.toReversed().map((record) => {
    const ofThis = next;
    next = anchorOf(record) ?? next;
    return ofThis;
  });
  return backwards.toReversed();
}

/** The same from the record's bytes. */
export function anchorIn(record: LogRecord): ClockAnchor | null {
  const reading = readRecord(record);
  if (!reading.ok || reading.record.clock === 'UNKNOWN') return null;
  const { seq, atMs, boot, monoMs } = reading.record;
  return { seq, atMs, boot, monoMs };
}

export function anchorOf({ seq, content }: ClockedRecord): ClockAnchor | null {
  if (content.kind === 'unreadable') return null;
  const { atMs, clock = 'UNKNOWN', boot, monoMs } = content;
  if (clock === 'UNKNOWN' || boot === undefined || monoMs === undefined) return null;
  return { seq, atMs, boot, monoMs };
}
