/**
 * The outbox: which piece of waiting work is done next, how far that brings it, and what happens to work
 * that fails. Work is written in the transaction that makes it necessary and removed in the one that
 * finishes it; each piece moves its cursor in its own transaction, so a crash repeats at most one.
 */
import type { Change, Decision } from '../changes.ts';
import type { Placement } from '../logs/placement.ts';
import type { Limits, RulingContext, RulingFacts } from '../logs/rulings.ts';
import { decidePart } from '../logs/take-part.ts';
import type { Work } from './outbox-changes.ts';
import { decideSettle, type SettleContext, type SettleFacts } from './settle.ts';

/** Records that one piece settles: three or four milliseconds of the event loop. */
export const PIECE_RECORDS_MAX = 50;
/** Records that one piece looks at: most are of no concern to work that looks for one line. */
const PIECE_SCAN_MAX = 5_000;
/** Work that fails this often waits for a person; other work goes on. */
const ATTEMPTS_MAX = 5;

/** What one turn of the loop did; `idle` if there was nothing to do. */
export type WorkTurn =
  | { kind: 'idle' }
  | { kind: 'worked'; work: string; items: number; accounts: readonly string[] }
  | { kind: 'failed'; work: string; error: unknown };

/** The records that a piece looks for: those with a use, of one line from an instant on if it says so. */
export type PieceQuery = {
  after: number;
  upTo: number;
  limit: number;
  only: { line: string; fromMs: number } | null;
};

export function pieceQuery({ kind, cursor, until, subject }: Work): PieceQuery {
  const upTo = Math.min(until, cursor + PIECE_SCAN_MAX);
  const only =
    kind === 'reprice' ? (JSON.parse(subject) as { line: string; fromMs: number }) : null;
  return { after: cursor, upTo, limit: PIECE_RECORDS_MAX, only };
}

export type PieceRecord = { id: number; use: string };

/** Settles one piece and moves its work on, or ends it. */
export function decidePiece(
  { work, records, facts }: { work: Work; records: readonly PieceRecord[]; facts: SettleFacts },
  context: SettleContext,
): Decision<WorkTurn> {
  const { changes, result: accounts } = decideSettle(facts, context);
  const { upTo, limit } = pieceQuery(work);
  const isFull = records.length === limit;
  const cursor = isFull ? (records.at(-1)?.id ?? upTo) : upTo;
  const moved: Change =
    cursor >= work.until
      ? { kind: 'finishWork', id: work.id }
      : { kind: 'moveWork', id: work.id, cursor };
  return {
    changes: [...changes, moved],
    result: { kind: 'worked', work: work.kind, items: records.length, accounts },
  };
}

/** Joins what waits behind a log; `placement` null: there is no such log any more. */
export function decideJoin(
  { work, placement }: { work: Work; placement: Placement | null },
  context: RulingContext & { nowMs: number },
): Decision<WorkTurn> {
  const finished: Change = { kind: 'finishWork', id: work.id };
  if (placement === null) {
    return {
      changes: [finished],
      result: { kind: 'worked', work: work.kind, items: 0, accounts: [] },
    };
  }
  const { changes, result } = decidePart(placement, context);
  return {
    changes: [...changes, finished],
    result: { kind: 'worked', work: work.kind, items: result.newRecords, accounts: [] },
  };
}

/** A failed piece is tried again behind other work, up to a number of times. */
export function decideFailure({ id, kind, attempts }: Work, error: unknown): Decision<WorkTurn> {
  const failed = attempts + 1 >= ATTEMPTS_MAX ? String(error) : null;
  return {
    changes: [{ kind: 'failWork', id, attempts: attempts + 1, failed }],
    result: { kind: 'failed', work: kind, error },
  };
}

/** What a turn is about, with the facts that its kind of work needs. */
export type WorkFacts =
  | { kind: 'piece'; work: Work; records: readonly PieceRecord[]; facts: SettleFacts }
  | { kind: 'join'; work: Work; placement: Placement | null; facts: RulingFacts };

export type WorkContext = SettleContext & { limitsNow: Limits };

export function decideWork(found: WorkFacts, context: WorkContext): Decision<WorkTurn> {
  if (found.kind === 'piece') return decidePiece(found, context);
  const { limitsNow, nowMs } = context;
  return decideJoin(found, { facts: found.facts, limitsNow, nowMs });
}
