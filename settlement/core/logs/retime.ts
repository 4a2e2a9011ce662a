/**
 * The first record of a boot whose clock was known says when the rides before it were: taps whose clock was not are
 * dated again by it, whatever had been found without it. One that was refused as stale may count now, one that
 * counted may be stale; the fare follows the instant, because the same records in one batch would have been charged so.
 */
import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { Change } from '../changes.ts';
import type { RecordContent } from './check-record.ts';
import { decideAgain, type UnjudgedRecord } from './judge-again.ts';
import { anchorIn, type RideTime } from './ride-time.ts';
import { datedBy, type RulingContext } from './rulings.ts';

/** The opened taps of an epoch behind one seq, up to another, whose clock was not known. */
export type RetimeQuery = { epochId: number; after: number; upTo: number; limit: number };

/** `rideTime` null: stored by an earlier version of settlement. */
export type RetimedTap = UnjudgedRecord & { use: string | null; rideTime: RideTime | null };

/** Taps between the same two records whose clocks were known, and up to which seq they were looked for. */
export type RetimePiece = {
  taps: readonly RetimedTap[];
  before: LogRecord | null;
  after: LogRecord | null;
  upTo: number;
};

export function decideRetime(
  { taps, before, after }: RetimePiece,
  { contents, rules }: { contents: ReadonlyMap<number, RecordContent>; rules: RulingContext },
): Change[] {
  const anchors = {
    before: before === null ? null : anchorIn(before),
    after: after === null ? null : anchorIn(after),
  };
  const { nowMs: atMs } = rules;
  return taps.flatMap((tap): readonly Change[] => {
    const content = contents.get(tap.seq);
    if (content === undefined) return [];
    // Without a use it waits for something else, or its code is forged, unless it was stale.
    if (tap.use === null) {
      if (tap.disposition !== 'STALE_CODE') return [];
      return decideAgain({ record: tap, content, ...anchors }, rules).changes;
    }
    const context = { ...rules, nowMs: tap.receivedAtMs };
    const rideTime = datedBy(content, { ...anchors, context });
    if (rideTime === null || isSame(rideTime, tap.rideTime)) return [];
    const work = { kind: 'settle', cursor: tap.id - 1, until: tap.id, subject: '' } as const;
    return [
      { kind: 'setRideTime', record: tap.id, rideTime },
      { kind: 'addWork', work, atMs },
    ];
  });
}

function isSame(a: RideTime, b: RideTime | null): boolean {
  return b !== null && a.atMs === b.atMs && a.source === b.source && a.isStale === b.isStale;
}
