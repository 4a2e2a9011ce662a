/**
 * The outbox: which piece of waiting work is done next, how far that brings it, and what happens to work
 * that fails. Work is written in the transaction that makes it necessary and removed in the one that
 * finishes it; each piece moves its cursor in its own transaction, so a crash repeats at most one.
 */
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { Placement } from '../logs/placement.ts';
import type { Limits, RulingFacts } from '../logs/rulings.ts';
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

/** What a turn is about, with the facts that its kind of work needs. */
export type WorkFacts = PieceFacts | JoinFacts | { kind: 'nothing'; work: Work };
type PieceFacts = {
  kind: 'piece';
  work: Work;
  records: readonly PieceRecord[];
  facts: SettleFacts;
};
type JoinFacts = { kind: 'join'; work: Work; placement: Placement; facts: RulingFacts };

/** `limitsNow`: for taps that name no published limits. */
export type WorkContext = SettleContext & { limitsNow: Limits };

/** `found` null: nothing waits. */
export function decideTurn(found: WorkFacts | null, context: WorkContext): Decision<WorkTurn> {
  switch (found?.kind) {
    case undefined:
      return unchanged({ kind: 'idle' });
    case 'piece':
      return decidePiece(found, context);
    case 'join':
      return decideJoin(found, context);
    case 'nothing':
      return finished(found.work, { changes: [], items: 0 });
  }
}

/** Settles one piece and moves its work on, or ends it. */
function decidePiece(
  { work, records, facts }: PieceFacts,
  context: SettleContext,
): Decision<WorkTurn> {
  const { changes, result: accounts } = decideSettle(facts, context);
  const { upTo, limit } = pieceQuery(work);
  const isFull = records.length === limit;
  const cursor = isFull ? (records.at(-1)?.id ?? upTo) : upTo;
  const items = records.length;
  if (cursor >= work.until) return finished(work, { changes, items, accounts });
  return {
    changes: [...changes, { kind: 'moveWork', id: work.id, cursor }],
    result: { kind: 'worked', work: work.kind, items, accounts },
  };
}

/** Joins what waits behind a log that has grown; if more waits, that is work of its own. */
function decideJoin(
  { work, placement, facts }: JoinFacts,
  { limitsNow, nowMs }: WorkContext,
): Decision<WorkTurn> {
  const { changes, result } = decidePart(placement, { facts, limitsNow, nowMs });
  return finished(work, { changes, items: result.newRecords });
}

type Finished = { changes: readonly Change[]; items: number; accounts?: readonly string[] };

function finished(work: Work, { changes, items, accounts = [] }: Finished): Decision<WorkTurn> {
  return {
    changes: [...changes, { kind: 'finishWork', id: work.id }],
    result: { kind: 'worked', work: work.kind, items, accounts },
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
