/** Waiting work, and the records that a piece of it is about. */
import type { Piece, PieceQuery } from '../../../core/rides/outbox.ts';
import type { PieceRecord, Work } from '../../../core/rides/outbox-changes.ts';
import type { WorkDue } from '../../database.ts';
import type { FailedWorkView, WorkCounts } from '../../views.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    nextWork: db.prepare(
      `SELECT id, kind, cursor, until, subject, attempts, records_max AS recordsMax,
         failed_since_ms AS failedSinceMs
       FROM outbox WHERE kind <> 'publish' AND (due_at_ms <= @dueMs OR due_at_ms > @dueBeyondMs)
       ORDER BY id LIMIT 1`,
    ),
    piece: db.prepare(
      `SELECT id, use FROM record WHERE id > ? AND id <= ? AND use IS NOT NULL ORDER BY id LIMIT ?`,
    ),
    pieceOfLine: db.prepare(
      `SELECT id, use FROM record WHERE id > ? AND id <= ? AND use IS NOT NULL
         AND ride_line = ? AND coalesce(ride_ms, at_ms) >= ? ORDER BY id LIMIT ?`,
    ),
    publishRequest: db.prepare(`SELECT until FROM outbox WHERE kind = 'publish'`).pluck(),
    counts: db.prepare(
      `SELECT count(*) FILTER (WHERE failed IS NULL) AS waiting,
              count(*) FILTER (WHERE failed IS NOT NULL) AS failed,
              min(failed_since_ms) AS failedSinceMs,
              min(created_at_ms) FILTER (WHERE failed IS NULL AND kind <> 'publish') AS waitingSinceMs
       FROM outbox`,
    ),
    failedIds: db.prepare('SELECT id FROM outbox WHERE failed IS NOT NULL ORDER BY id').pluck(),
    failed: db.prepare(
      `SELECT id, kind, subject, until AS lastRecord, failed AS reason, attempts,
         failed_since_ms AS failedSinceMs, due_at_ms AS nextTryMs
       FROM outbox WHERE failed IS NOT NULL ORDER BY failed_since_ms, id LIMIT ?`,
    ),
  };
}

export class OutboxReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  /** One process works here, so that there is one shard. */
  nextWork({ dueMs, dueBeyondMs }: WorkDue): Work | null {
    const due = { dueMs, dueBeyondMs };
    return (this.#sql.nextWork.get(due) as Work | undefined) ?? null;
  }

  piece({ after, upTo, limit, only }: PieceQuery): Piece {
    const { piece, pieceOfLine } = this.#sql;
    const rows =
      only === null
        ? piece.all(after, upTo, limit)
        : pieceOfLine.all(after, upTo, only.line, only.fromMs, limit);
    return { records: rows as PieceRecord[], lookedUpTo: upTo };
  }

  dueShards(due: WorkDue): number[] {
    return this.nextWork(due) === null ? [] : [0];
  }

  /** The generation of the waiting request to publish, or undefined. */
  publishRequest(): number | undefined {
    return this.#sql.publishRequest.get() as number | undefined;
  }

  counts(): WorkCounts {
    return this.#sql.counts.get() as WorkCounts;
  }

  failedIds(): number[] {
    return this.#sql.failedIds.all() as number[];
  }

  failed(limit: number): FailedWorkView[] {
    return this.#sql.failed.all(limit) as FailedWorkView[];
  }
}
