/**
 * The outbox on SQLite. A job is written in the transaction that makes it necessary and removed in the
 * one that finishes it; each turn does a bounded piece and moves the job's cursor in the same
 * transaction, so a crash repeats at most one piece, and repeating changes nothing.
 */
import type { Limits } from '../../core/ingest.ts';
import type { JobTurn } from '../port.ts';
import type { Connection } from './connection.ts';
import type { Ingester } from './ingest.ts';
import type { Lookups } from './lookups.ts';
import type { Settler } from './settle.ts';

/** Records that one turn settles: three or four milliseconds of the event loop. */
export const SETTLE_RECORDS_MAX = 50;
/** Records that one turn looks at: most are of no concern to a job that looks for one line. */
const SCAN_RECORDS_MAX = 5_000;
/** A job that fails this often waits for a person; others go on. */
const ATTEMPTS_MAX = 5;

type Job = {
  id: number;
  kind: 'settle' | 'reprice' | 'join';
  cursor: number;
  until: number;
  subject: string;
  attempts: number;
};

type Worked = { items: number; accounts: readonly string[] };

type UseRow = { id: number; use: string };

export type JobParts = {
  settler: Settler;
  ingester: Ingester;
  lookups: Lookups;
  limitsNow: () => Limits;
};

export function createJobs(connection: Connection, parts: JobParts) {
  const { db } = connection;
  const nextJob = db.prepare(
    `SELECT id, kind, cursor, until, subject, attempts FROM outbox
     WHERE kind <> 'publish' AND failed IS NULL ORDER BY attempts, id LIMIT 1`,
  );
  const settleRows = db.prepare(
    `SELECT id, use FROM record WHERE id > ? AND id <= ? AND use IS NOT NULL ORDER BY id LIMIT ?`,
  );
  const repriceRows = db.prepare(
    `SELECT id, use FROM record WHERE id > ? AND id <= ? AND use IS NOT NULL
       AND ride_line = ? AND at_ms >= ? ORDER BY id LIMIT ?`,
  );
  const move = db.prepare('UPDATE outbox SET cursor = ?, attempts = 0 WHERE id = ?');
  const finish = db.prepare('DELETE FROM outbox WHERE id = ?');
  const fail = db.prepare(
    `UPDATE outbox SET attempts = attempts + 1,
       failed = iif(attempts + 1 >= ${ATTEMPTS_MAX}, ?, NULL) WHERE id = ?`,
  );
  const counts = db.prepare(
    `SELECT count(*) FILTER (WHERE failed IS NULL) AS waiting,
            count(*) FILTER (WHERE failed IS NOT NULL) AS failed FROM outbox`,
  );

  /** The next piece of a job, and where the one after it begins. */
  function pieceOf(job: Job): { rows: UseRow[]; cursor: number } {
    const to = Math.min(job.until, job.cursor + SCAN_RECORDS_MAX);
    const rows = rowsOf(job, to);
    const isFull = rows.length === SETTLE_RECORDS_MAX;
    return { rows, cursor: isFull ? (rows.at(-1)?.id ?? to) : to };
  }

  function rowsOf({ kind, cursor, subject }: Job, to: number): UseRow[] {
    if (kind === 'settle') return settleRows.all(cursor, to, SETTLE_RECORDS_MAX) as UseRow[];
    const { line, fromMs } = JSON.parse(subject) as { line: string; fromMs: number };
    return repriceRows.all(cursor, to, line, fromMs, SETTLE_RECORDS_MAX) as UseRow[];
  }

  function work(job: Job, issuer: number, nowMs: number): Worked {
    if (job.kind === 'join') {
      const joined = parts.ingester.join(Number(job.subject), parts.limitsNow(), nowMs);
      finish.run(job.id);
      return { items: joined, accounts: [] };
    }
    parts.lookups.forget();
    const { rows, cursor } = pieceOf(job);
    const uses = new Set(rows.map(({ use }) => use));
    const accounts = parts.settler.settleUses(issuer, uses, nowMs);
    if (cursor >= job.until) finish.run(job.id);
    else move.run(cursor, job.id);
    return { items: rows.length, accounts };
  }

  return {
    workOnce(issuer: number, nowMs: number): JobTurn {
      const job = nextJob.get() as Job | undefined;
      if (job === undefined) return { kind: 'idle' };
      try {
        const worked = connection.write(() => work(job, issuer, nowMs));
        return { kind: 'worked', job: job.kind, ...worked };
      } catch (error) {
        connection.write(() => fail.run(String(error), job.id));
        return { kind: 'failed', job: job.kind, error };
      }
    },
    countJobs: () => counts.get() as { waiting: number; failed: number },
    findPublishRequest(): number | undefined {
      const row = db.prepare(`SELECT until FROM outbox WHERE kind = 'publish'`).pluck().get();
      return row as number | undefined;
    },
    closePublishRequest(generation: number): void {
      db.prepare(`DELETE FROM outbox WHERE kind = 'publish' AND until = ?`).run(generation);
    },
  };
}
