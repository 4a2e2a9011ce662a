/** Waiting work, and the records that a piece of it is about. */
import type { PieceQuery } from '../../../core/rides/outbox.ts';
import type { PieceRecord, Work } from '../../../core/rides/outbox-changes.ts';
import type { FailedWorkView, WorkCounts } from '../../views.ts';
import type { Session } from '../session.ts';

/** In the order in which it came; what somebody else has taken is theirs. */
const NEXT = `SELECT id, kind, cursor, until, subject, attempts, records_max AS "recordsMax",
    failed_since_ms AS "failedSinceMs"
  FROM outbox WHERE kind <> 'publish' AND (due_at_ms <= $1 OR due_at_ms > $2)
  ORDER BY created_at_ms, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`;
const PIECE = `SELECT id, use FROM record
  WHERE id > $1 AND id <= $2 AND use IS NOT NULL ORDER BY id LIMIT $3`;
const PIECE_OF_LINE = `SELECT id, use FROM record
  WHERE id > $1 AND id <= $2 AND use IS NOT NULL AND ride_line = $4 AND coalesce(ride_ms, at_ms) >= $5
  ORDER BY id LIMIT $3`;
const PUBLISH = `SELECT until FROM outbox WHERE kind = 'publish'`;
const COUNTS = `SELECT count(*) FILTER (WHERE failed IS NULL) AS waiting,
    count(*) FILTER (WHERE failed IS NOT NULL) AS failed, min(failed_since_ms) AS "failedSinceMs"
  FROM outbox`;
const FAILED_IDS = 'SELECT id FROM outbox WHERE failed IS NOT NULL ORDER BY id';
const FAILED = `SELECT id, kind, subject, until AS "lastRecord", failed AS reason, attempts,
    failed_since_ms AS "failedSinceMs", due_at_ms AS "nextTryMs"
  FROM outbox WHERE failed IS NOT NULL ORDER BY failed_since_ms, id LIMIT $1`;

const NO_WORK: WorkCounts = { waiting: 0, failed: 0, failedSinceMs: null };

export class OutboxReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Nobody else does it until this transaction has ended. */
  async nextWork({ dueMs, dueBeyondMs }: { dueMs: number; dueBeyondMs: number }) {
    return (await this.#session.first<Work>(NEXT, [dueMs, dueBeyondMs])) ?? null;
  }

  async piece({ after, upTo, limit, only }: PieceQuery): Promise<PieceRecord[]> {
    const range = [after, upTo, limit];
    if (only === null) return await this.#session.all<PieceRecord>(PIECE, range);
    const { line, fromMs } = only;
    return await this.#session.all<PieceRecord>(PIECE_OF_LINE, [...range, line, fromMs]);
  }

  /** The generation of the waiting request to publish, or undefined. */
  async publishRequest(): Promise<number | undefined> {
    return (await this.#session.first<{ until: number }>(PUBLISH))?.until;
  }

  async counts(): Promise<WorkCounts> {
    return (await this.#session.first<WorkCounts>(COUNTS)) ?? NO_WORK;
  }

  async failedIds(): Promise<number[]> {
    const rows = await this.#session.all<{ id: number }>(FAILED_IDS);
    return rows.map(({ id }) => id);
  }

  async failed(limit: number): Promise<FailedWorkView[]> {
    return await this.#session.all<FailedWorkView>(FAILED, [limit]);
  }
}
