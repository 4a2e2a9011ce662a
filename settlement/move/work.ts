/** Work that still waits: its rows name records and epochs, and lie in shards that count for themselves. */
import { assert } from '@stile/protocol/fault.ts';
import { shardOfWork } from '../store/postgres/changes/outbox-rows.ts';
import { PARTS } from '../store/postgres/ids.ts';
import type { Session } from '../store/postgres/session.ts';
import type { Connection } from '../store/sqlite/connection.ts';
import type { NewIds } from './new-ids.ts';

export const WORK = `SELECT kind, cursor, until, subject, attempts, created_at_ms AS createdAtMs, failed,
    failed_since_ms AS failedSinceMs, due_at_ms AS dueAtMs, records_max AS recordsMax
  FROM outbox ORDER BY id`;
/** The records of a piece of work, which are of one log; of several, it becomes as many pieces. */
const RECORDS = `SELECT epoch_id AS epoch, min(seq) AS first, max(seq) AS last FROM record
  WHERE id > ? AND id <= ? GROUP BY epoch_id ORDER BY min(id)`;
const LAST_RECORD = 'SELECT coalesce(max(id), 0) AS last FROM record';
const COUNT = `UPDATE outbox_shard SET last_number = last_number + 1 WHERE shard = $1
  RETURNING last_number AS "lastNumber"`;
const ADD = `INSERT INTO outbox (id, shard, kind, cursor, until, subject, attempts, created_at_ms, failed,
    failed_since_ms, due_at_ms, records_max)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;

export type WorkRow = {
  kind: 'settle' | 'reprice' | 'join' | 'retime' | 'use' | 'publish';
  cursor: number;
  until: number;
  subject: string;
  attempts: number;
  createdAtMs: number;
  failed: string | null;
  failedSinceMs: number | null;
  dueAtMs: number;
  recordsMax: number | null;
};

export type WorkParts = { page: readonly WorkRow[]; file: Connection; ids: NewIds };

/** When every record is there. */
export async function addWork(session: Session, { page, file, ids }: WorkParts): Promise<void> {
  const records = file.db.prepare(RECORDS);
  for (const work of page) {
    for (const one of await renamed(work)) await add(session, one);
  }

  async function renamed(work: WorkRow): Promise<WorkRow[]> {
    switch (work.kind) {
      case 'settle':
      case 'use': {
        type Found = { epoch: number; first: number; last: number };
        const found = records.all(work.cursor, work.until) as Found[];
        return found.map(({ epoch, first, last }) => ({
          ...work,
          cursor: ids.record(epoch, first) - 1,
          until: ids.record(epoch, last),
        }));
      }
      case 'join':
      case 'retime':
        return [{ ...work, subject: String(ids.epoch(Number(work.subject))) }];
      case 'reprice': {
        // Records have another order here: it begins anew, and what has its fare already keeps it.
        const row = await session.first<{ last: number }>(LAST_RECORD);
        return [{ ...work, cursor: 0, until: row?.last ?? 0 }];
      }
      case 'publish':
        return [work];
    }
  }
}

async function add(session: Session, { kind, ...work }: WorkRow): Promise<void> {
  const { cursor, until, subject, attempts, createdAtMs } = work;
  let place = { id: 0, shard: 0 };
  if (kind !== 'publish') {
    const shard = shardOfWork({ kind, subject, until });
    const row = await session.first<{ lastNumber: number }>(COUNT, [shard]);
    assert(row !== undefined, 'every shard counts');
    place = { id: row.lastNumber * PARTS + shard, shard };
  }
  const { failed, failedSinceMs, dueAtMs, recordsMax } = work;
  const stand = [attempts, createdAtMs, failed, failedSinceMs, dueAtMs, recordsMax];
  await session.run(ADD, [place.id, place.shard, kind, cursor, until, subject, ...stand]);
}
