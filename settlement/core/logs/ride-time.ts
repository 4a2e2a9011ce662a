/**
 * When a ride was. A gate whose clock is known says so itself. Where it was not, its clock decides nothing: the
 * ride gets the instant of its boot's last known clock, or else the code's own signed time, within what cannot be
 * otherwise: not before the pass, the list in force or the records before it, not after pass, code or receipt.
 */
import type { TrustList } from '@stile/protocol/trust-list.ts';
import type { CheckedCode, CheckedTap, RecordContent } from './check-record.ts';

/**
 * GATE: its clock was known. BOOT: counted from a record of the same boot whose clock was. CODE: when the phone
 * made the code. BOUND: as near to that as the bounds let it be.
 */
export type RideTimeSource = 'GATE' | 'BOOT' | 'CODE' | 'BOUND';

export type RideTime = { atMs: number; source: RideTimeSource };

/** A record of the chain whose clock was known. */
export type ClockAnchor = { atMs: number; boot: string; monoMs: number };

type Limits = TrustList['limits'];

export type RideTimeFacts = {
  /** The last record before it whose clock was known. */
  anchor: ClockAnchor | null;
  /** When the list was signed that the gate had in force. */
  listS: number | null;
  limits: Limits;
  receivedAtMs: number;
};

/** `isStale`: there is no instant at which this code was good there. */
export function rideTimeOf(
  { tap, code }: { tap: CheckedTap; code: CheckedCode },
  facts: RideTimeFacts,
): RideTime & { isStale: boolean } {
  const { limits } = facts;
  const clocked = clockedTime(tap, facts.anchor);
  if (clocked !== null) {
    const tapS = Math.floor(clocked.atMs / 1000);
    return { ...clocked, isStale: isStaleAt(code, { tapS, limits }) };
  }
  const outer = outerBounds(facts);
  const fromMs = Math.max(outer.fromMs, (code.issuedAtS - limits.skewS) * 1000);
  const toMs = Math.min(outer.toMs, passEndS(code) * 1000);
  const codeMs = code.generatedAtS * 1000;
  const isStale =
    Math.max(fromMs, codeMs - limits.skewS * 1000) >
    Math.min(toMs, codeEndS(code, limits) * 1000 + 999);
  const atMs = Math.min(Math.max(codeMs, fromMs), Math.max(fromMs, toMs));
  return { atMs, source: atMs === codeMs ? 'CODE' : 'BOUND', isStale };
}

/** By a clock that was known, then or in the same boot before; null: by none. */
function clockedTime(tap: CheckedTap, anchor: ClockAnchor | null): RideTime | null {
  if (tap.clock !== 'UNKNOWN') return { atMs: tap.atMs, source: 'GATE' };
  if (anchor === null || tap.monoMs === undefined || tap.boot !== anchor.boot) return null;
  return { atMs: anchor.atMs + Math.max(0, tap.monoMs - anchor.monoMs), source: 'BOOT' };
}

/** What lies behind its receipt was dated by a wrong clock and bounds nothing. */
function outerBounds({ anchor, listS, receivedAtMs: toMs }: RideTimeFacts) {
  const floors = [anchor?.atMs ?? 0, (listS ?? 0) * 1000].filter((atMs) => atMs <= toMs);
  return { fromMs: Math.max(0, ...floors), toMs };
}

/** Whether pass or code were outside their time; both ends are inside, as at the gate. */
function isStaleAt(code: CheckedCode, { tapS, limits }: { tapS: number; limits: Limits }): boolean {
  return (
    tapS + limits.skewS < code.issuedAtS ||
    tapS > passEndS(code) ||
    tapS > codeEndS(code, limits) ||
    code.generatedAtS > tapS + limits.skewS
  );
}

function passEndS({ issuedAtS, lifetimeMin }: CheckedCode): number {
  return issuedAtS + lifetimeMin * 60;
}

function codeEndS({ generatedAtS, codeLifetimeS }: CheckedCode, limits: Limits): number {
  return generatedAtS + Math.min(codeLifetimeS, limits.codeLifetimeSMax);
}

/** The anchor behind these records, which follow one another in one log. */
export function lastAnchor(
  contents: readonly RecordContent[],
  before: ClockAnchor | null,
): ClockAnchor | null {
  return contents.reduce((anchor, content) => anchorOf(content) ?? anchor, before);
}

function anchorOf(content: RecordContent): ClockAnchor | null {
  if (content.kind === 'unreadable') return null;
  const { atMs, clock = 'UNKNOWN', boot, monoMs } = content;
  if (clock === 'UNKNOWN' || boot === undefined || monoMs === undefined) return null;
  return { atMs, boot, monoMs };
}
