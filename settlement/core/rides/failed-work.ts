/**
 * What happens to work that fails. A piece that fails is tried again as smaller pieces, down to one record;
 * the use of a record that fails alone becomes work of its own, and the rest goes on without it. Work that is
 * not made of records is put off as a whole. Both are tried again for ever, at growing pauses.
 */
import { describeError } from '@stile/protocol/fault.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { PieceRecord, Work, WorkTurn } from './outbox-changes.ts';

/** Records that one piece settles: three or four milliseconds of the event loop. */
export const PIECE_RECORDS_MAX = 50;
const PAUSE_MS_MIN = 5_000;
/** Work whose next try is further ahead than this was put off by a clock that has been set since. */
export const PAUSE_MS_MAX = 3_600_000;
/** Work that has failed for so long is a person's concern. */
const ALARM_AFTER_MS = 900_000;
const REASON_CHARS_MAX = 300;

/** `records`: what its piece is about; empty if that is not known, or not how this work is done. */
export type FailedPiece = { work: Work; records: readonly PieceRecord[] };
export type Failure = { error: unknown; nowMs: number };

export function pauseMs(attempts: number): number {
  return Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** Math.min(attempts - 1, 20));
}

export function isAlarming(failedSinceMs: number, nowMs: number): boolean {
  return nowMs - failedSinceMs >= ALARM_AFTER_MS;
}

export function decideFailure(piece: FailedPiece, failure: Failure): Decision<WorkTurn> {
  const { work, records } = piece;
  const [first] = records;
  const failed = { kind: 'failed', work: work.kind, error: failure.error } as const;
  if (first === undefined || work.kind === 'use') {
    return { changes: [putOff(work, failure)], result: { ...failed, next: 'later' } };
  }
  if (records.length > 1) {
    const recordsMax = Math.floor(records.length / 2);
    return {
      changes: [{ kind: 'narrowWork', id: work.id, recordsMax }],
      result: { ...failed, next: 'smaller' },
    };
  }
  return {
    changes: isolate({ work, record: first }, failure),
    result: { ...failed, next: 'alone' },
  };
}

/** The work goes on behind the record; its use is tried by itself. */
function isolate(
  { work, record: { id, use } }: { work: Work; record: PieceRecord },
  failure: Failure,
): Change[] {
  const goesOn: Change =
    id >= work.until
      ? { kind: 'finishWork', id: work.id }
      : { kind: 'moveWork', id: work.id, cursor: id, recordsMax: widened(work.recordsMax) };
  return [{ kind: 'addFailedUse', use, record: id, failure: failureOf(failure, 1) }, goesOn];
}

function putOff(work: Work, failure: Failure): Change {
  const { attempts, sinceMs, ...rest } = failureOf(failure, work.attempts + 1);
  const since = work.failedSinceMs ?? sinceMs;
  return { kind: 'failWork', id: work.id, failure: { ...rest, attempts, sinceMs: since } };
}

function failureOf({ error, nowMs }: Failure, attempts: number) {
  const reason = describeError(error).slice(0, REASON_CHARS_MAX);
  return { attempts, reason, sinceMs: nowMs, dueAtMs: nowMs + pauseMs(attempts) };
}

/** After a piece that could be done the next may be larger again; null: as large as any. */
export function widened(recordsMax: number | null): number | null {
  return recordsMax === null || recordsMax * 2 >= PIECE_RECORDS_MAX ? null : recordsMax * 2;
}

/** Failed work is due at once; `id` null: all of it. */
export function decideRetry(failedIds: readonly number[], id: number | null): Decision<number> {
  const chosen = failedIds.filter((one) => id === null || one === id);
  if (chosen.length === 0) return unchanged(0);
  return {
    changes: chosen.map((one) => ({ kind: 'hastenWork', id: one })),
    result: chosen.length,
  };
}
