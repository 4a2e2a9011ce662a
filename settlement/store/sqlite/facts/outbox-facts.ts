/** Waiting work, and the records that a piece of it is about. */
import type { PieceQuery, PieceRecord } from '../../../core/rides/outbox.ts';
import type { Work } from '../../../core/rides/outbox-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    nextWork: db.prepare(
      `SELECT id, kind, cursor, until, subject, attempts FROM outbox
       WHERE kind <> 'publish' AND failed IS NULL ORDER BY attempts, id LIMIT 1`,
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
              count(*) FILTER (WHERE failed IS NOT NULL) AS failed FROM outbox`,
    ),
  };
}

export class OutboxReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  nextWork(): Work | null {
    return (this.#sql.nextWork.get() as Work | undefined) ?? null;
  }

  piece({ after, upTo, limit, only }: PieceQuery): PieceRecord[] {
    const { piece, pieceOfLine } = this.#sql;
    if (only === null) return piece.all(after, upTo, limit) as PieceRecord[];
    return pieceOfLine.all(after, upTo, only.line, only.fromMs, limit) as PieceRecord[];
  }

  /** The generation of the waiting request to publish, or undefined. */
  publishRequest(): number | undefined {
    return this.#sql.publishRequest.get() as number | undefined;
  }

  counts(): { waiting: number; failed: number } {
    return this.#sql.counts.get() as { waiting: number; failed: number };
  }
}
