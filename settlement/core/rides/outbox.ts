/**
 * The outbox: which piece of waiting work is done next, and how far that brings it. Work is written in the transaction that makes it necessary and removed in the one that
 * finishes it; each piece moves its cursor in its own transaction, so a crash repeats at most one.
 */
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { RecordContent } from '../logs/check-record.ts';
import type { Placement } from '../logs/placement.ts';
import { decideRetime, type RetimePiece, type RetimeQuery } from '../logs/retime.ts';
import type { Limits, RulingFacts } from '../logs/rulings.ts';
import { decidePart } from '../logs/take-part.ts';
import { PIECE_RECORDS_MAX, widened } from './failed-work.ts';
import type { PieceRecord, Work, WorkTurn } from './outbox-changes.ts';
import { decideSettle, type SettleContext, type SettleFacts } from './settle.ts';

/** Records that one piece looks at: most are of no concern to work that looks for one line. */
const PIECE_SCAN_MAX = 5_000;

/**
 * The records that a piece looks for: those with a use, of one line from an instant on if it says so. `upTo`: how far it
 * looks at most where every record is looked at; a database that finds those of a line by themselves may look further,
 * `until` the end of the work.
 */
export type PieceQuery = {
  after: number;
  upTo: number;
  until: number;
  limit: number;
  only: { line: string; fromMs: number } | null;
};

export function pieceQuery({ kind, cursor, until, subject, recordsMax }: Work): PieceQuery {
  const upTo = Math.min(until, cursor + PIECE_SCAN_MAX);
  const only =
    kind === 'reprice' ? (JSON.parse(subject) as { line: string; fromMs: number }) : null;
  return { after: cursor, upTo, until, limit: recordsMax ?? PIECE_RECORDS_MAX, only };
}

export function retimeQuery({ cursor, until, subject, recordsMax }: Work): RetimeQuery {
  const upTo = Math.min(until, cursor + PIECE_SCAN_MAX);
  return { epochId: Number(subject), after: cursor, upTo, limit: recordsMax ?? PIECE_RECORDS_MAX };
}

/** What a piece found, and the last record that it looked at, found or not. */
export type Piece = { records: readonly PieceRecord[]; lookedUpTo: number };

/** What a turn is about, with the facts that its kind of work needs. */
export type WorkFacts = PieceFacts | JoinFacts | RetimeWorkFacts | { kind: 'nothing'; work: Work };
type PieceFacts = Piece & { kind: 'piece'; work: Work; facts: SettleFacts };
type RetimeWorkFacts = {
  kind: 'retime';
  work: Work;
  piece: RetimePiece;
  contents: ReadonlyMap<number, RecordContent>;
  facts: RulingFacts;
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
    case 'retime':
      return decideRetiming(found, context);
    case 'nothing':
      return finished(found.work, { changes: [], items: 0 });
  }
}

/** Settles one piece and moves its work on, or ends it. */
function decidePiece(
  { work, records, lookedUpTo, facts }: PieceFacts,
  context: SettleContext,
): Decision<WorkTurn> {
  const { changes, result: accounts } = decideSettle(facts, context);
  const isFull = records.length === pieceQuery(work).limit;
  const cursor = isFull ? (records.at(-1)?.id ?? lookedUpTo) : lookedUpTo;
  const items = records.length;
  if (cursor >= work.until) return finished(work, { changes, items, accounts });
  return {
    changes: [
      ...changes,
      { kind: 'moveWork', id: work.id, cursor, recordsMax: widened(work.recordsMax) },
    ],
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

/** Dates one piece of taps again; what their charges must be then is work of its own. */
function decideRetiming(
  { work, piece, contents, facts }: RetimeWorkFacts,
  { limitsNow, nowMs }: WorkContext,
): Decision<WorkTurn> {
  const changes = decideRetime(piece, { contents, rules: { facts, limitsNow, nowMs } });
  const items = piece.taps.length;
  const isFull = items === retimeQuery(work).limit;
  const cursor = isFull ? (piece.taps.at(-1)?.seq ?? piece.upTo) : piece.upTo;
  if (cursor >= work.until) return finished(work, { changes, items });
  const { id, recordsMax } = work;
  return {
    changes: [...changes, { kind: 'moveWork', id, cursor, recordsMax: widened(recordsMax) }],
    result: { kind: 'worked', work: work.kind, items, accounts: [] },
  };
}

type Finished = { changes: readonly Change[]; items: number; accounts?: readonly string[] };

function finished(work: Work, { changes, items, accounts = [] }: Finished): Decision<WorkTurn> {
  return {
    changes: [...changes, { kind: 'finishWork', id: work.id }],
    result: { kind: 'worked', work: work.kind, items, accounts },
  };
}
