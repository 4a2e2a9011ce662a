/**
 * What a tap file lets go of: confirmed records beyond the ring in number and in age, passes that can open
 * nothing any more, rides that no passback rule asks for.
 */
import type { SqliteFile } from '@stile/host/durable-sqlite.ts';

/** Rows deleted in one go, so that cleaning up never holds a tap up for long. */
const ROWS_MAX = 500;
/** Confirmed records are kept at least this long. */
const RING_MS = 7 * 24 * 3_600_000;
/** The longest life of a pass: 16 bits of minutes. What settlement had before it counts for none (core/admit.ts). */
const PASS_LIFE_S_MAX = 0xffff * 60;

/** Up to where records may go, what time it is, and what time it is at least. */
export type PruneBounds = { toSeq: number; wallMs: number; sureS: number };

/** Returns how many rows are gone; what is left over the limit goes the next time. */
export function pruneTaps(db: SqliteFile, { toSeq, wallMs, sureS }: PruneBounds): number {
  const records = deleteRows(db, {
    table: 'log',
    key: 'seq',
    where: 'seq <= ? AND at_ms < ?',
    values: [toSeq, wallMs - RING_MS],
  });
  const passes = deleteRows(db, {
    table: 'used_pass',
    key: 'id',
    where: 'expires_s < ?',
    values: [sureS - RING_MS / 1000],
  });
  const rides = deleteRows(db, {
    table: 'last_open',
    key: 'account',
    where: 'wall_ms < ?',
    values: [sureS * 1000 - RING_MS],
  });
  const openings = deleteRows(db, {
    table: 'opening',
    key: 'id',
    where: 'acknowledged_s < ?',
    values: [sureS - PASS_LIFE_S_MAX],
  });
  return records + passes + rides + openings;
}

type Rows = { table: string; key: string; where: string; values: readonly number[] };

function deleteRows(db: SqliteFile, { table, key, where, values }: Rows): number {
  const some = `SELECT ${key} FROM ${table} WHERE ${where} ORDER BY ${key} LIMIT ?`;
  const statement = db.prepare(`DELETE FROM ${table} WHERE ${key} IN (${some})`);
  return statement.run(...values, ROWS_MAX).changes;
}
