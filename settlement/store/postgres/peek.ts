/** Looks into a database before it is opened: whose books are in it, if any. Nothing is written. */
import pg from 'pg';
import { asPostgresFault } from './faults.ts';
import { openPool } from './session.ts';

/**
 * Values of `meta` by their keys; none in a database without our tables.
 * @throws Fault CONFIG_INVALID or STORE_FAILED if it can't be reached.
 */
export async function peekMeta(
  url: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const pool = openPool({ url, connectionsMax: 1 });
  try {
    const table = await pool.session.first<{ oid: number | null }>(
      `SELECT to_regclass('meta')::oid AS oid`,
    );
    if (!table?.oid) return new Map();
    type Row = { key: string; value: string };
    const rows = await pool.session.all<Row>('SELECT key, value FROM meta WHERE key = ANY($1)', [
      keys,
    ]);
    return new Map(rows.map(({ key, value }) => [key, value]));
  } catch (error) {
    if (error instanceof pg.DatabaseError) throw asPostgresFault(error, url);
    throw error;
  } finally {
    await pool.close();
  }
}
