/** Waiting work, and the records that a piece of it is about. */
import type { Piece, PieceQuery } from '../../../core/rides/outbox.ts';
import type { PieceRecord, Work } from '../../../core/rides/outbox-changes.ts';
import type { WorkDue } from '../../database.ts';
import type { FailedWorkView, WorkCounts } from '../../views.ts';
import type { Session } from '../session.ts';

/** In the order in which it came; what somebody else has taken is theirs. */
const NEXT = `SELECT id, kind, cursor, until, subject, attempts, records_max AS "recordsMax",
    failed_since_ms AS "failedSinceMs"
  FROM outbox WHERE kind <> 'publish' AND (due_at_ms <= $1 OR due_at_ms > $2)
    AND ($3::int2 IS NULL OR shard = $3)
  ORDER BY created_at_ms, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`;
/** Held until the transaction ends: a shard is worked on by one at a time. */
const TAKE_SHARD = `UPDATE shard_turn SET fence = fence + 1
  WHERE shard = (SELECT shard FROM shard_turn WHERE shard = $1 FOR NO KEY UPDATE SKIP LOCKED)`;
const DUE_SHARDS = `SELECT shard FROM outbox
  WHERE kind <> 'publish' AND (due_at_ms <= $1 OR due_at_ms > $2)
  GROUP BY shard ORDER BY min(created_at_ms), shard`;
const PIECE = `SELECT id, use FROM record
  WHERE id > $1 AND id <= $2 AND use IS NOT NULL ORDER BY id LIMIT $3`;
/** Ids are far apart from one gate to the next: so many records of the line are looked at, wherever they are. */
const LINE_RECORDS_MAX = 5_000;
const OF_LINE = `SELECT id, use, coalesce(ride_ms, at_ms) AS ridden_ms FROM record
  WHERE ride_line = $1 AND use IS NOT NULL AND id > $2 AND id <= $3
  ORDER BY id LIMIT ${LINE_RECORDS_MAX}`;
const PIECE_OF_LINE = `SELECT id, use FROM (${OF_LINE}) AS of_line
  WHERE ridden_ms >= $4 ORDER BY id LIMIT $5`;
const LOOKED_AT = `SELECT count(*) AS count, max(id) AS last FROM (${OF_LINE}) AS of_line`;
const PUBLISH = `SELECT until FROM outbox WHERE kind = 'publish'`;
const COUNTS = `SELECT count(*) FILTER (WHERE failed IS NULL) AS waiting,
    count(*) FILTER (WHERE failed IS NOT NULL) AS failed, min(failed_since_ms) AS "failedSinceMs",
    min(created_at_ms) FILTER (WHERE failed IS NULL AND kind <> 'publish') AS "waitingSinceMs"
  FROM outbox`;
const FAILED_IDS = 'SELECT id FROM outbox WHERE failed IS NOT NULL ORDER BY id';
const FAILED = `SELECT id, kind, subject, until AS "lastRecord", failed AS reason, attempts,
    failed_since_ms AS "failedSinceMs", due_at_ms AS "nextTryMs"
  FROM outbox WHERE failed IS NOT NULL ORDER BY failed_since_ms, id LIMIT $1`;

type LookedAt = { count: number; last: number | null };

const NO_WORK: WorkCounts = { waiting: 0, waitingSinceMs: null, failed: 0, failedSinceMs: null };

export class OutboxReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Nobody else does it until this transaction has ended. */
  async nextWork({ dueMs, dueBeyondMs, shard }: WorkDue): Promise<Work | null> {
    if (shard !== undefined && (await this.#session.run(TAKE_SHARD, [shard])) === 0) return null;
    return (await this.#session.first<Work>(NEXT, [dueMs, dueBeyondMs, shard ?? null])) ?? null;
  }

  /** Those first whose work has waited longest. */
  async dueShards({ dueMs, dueBeyondMs }: WorkDue): Promise<number[]> {
    const rows = await this.#session.all<{ shard: number }>(DUE_SHARDS, [dueMs, dueBeyondMs]);
    return rows.map(({ shard }) => shard);
  }

  async piece({ after, upTo, until, limit, only }: PieceQuery): Promise<Piece> {
    if (only === null) {
      const records = await this.#session.all<PieceRecord>(PIECE, [after, upTo, limit]);
      return { records, lookedUpTo: upTo };
    }
    const range = [only.line, after, until];
    const [records, seen] = await Promise.all([
      this.#session.all<PieceRecord>(PIECE_OF_LINE, [...range, only.fromMs, limit]),
      this.#session.first<LookedAt>(LOOKED_AT, range),
    ]);
    const isAll = (seen?.count ?? 0) < LINE_RECORDS_MAX;
    return { records, lookedUpTo: isAll ? until : (seen?.last ?? until) };
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
