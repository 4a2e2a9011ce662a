/** Two transactions at once on PostgreSQL, and whether the second has to wait until the first has ended. */
import type { Facts } from '../store/database.ts';
import { factsOf } from '../store/postgres/facts-of.ts';
import { KnownRules } from '../store/postgres/known-rules.ts';
import type { Session, SessionPool } from '../store/postgres/session.ts';

export type Reading = (facts: Facts) => unknown;

/** Either the second is found waiting behind the first, or it has read all that it wanted. */
export async function isHeldUp(
  pool: SessionPool,
  { first, second }: { first: Reading; second: Reading },
): Promise<boolean> {
  return await pool.withSession(async (one) => {
    await one.run('BEGIN');
    await first(factsOn(one));
    return await pool.withSession(async (two) => {
      await two.run('BEGIN');
      const pid = await two.first<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const reading = { isDone: false };
      const done = readTo(reading, () => second(factsOn(two)));
      const held = await untilHeldUp(pool.session, { pid: pid?.pid ?? 0, reading });
      await one.run('COMMIT');
      await done;
      await two.run('COMMIT');
      return held;
    });
  });
}

function factsOn(session: Session): Facts {
  return factsOf(session, { rules: new KnownRules() });
}

async function readTo(reading: { isDone: boolean }, read: () => unknown): Promise<void> {
  try {
    await read();
  } finally {
    reading.isDone = true;
  }
}

async function untilHeldUp(
  watch: Session,
  { pid, reading }: { pid: number; reading: { isDone: boolean } },
): Promise<boolean> {
  while (!reading.isDone) {
    const blocked = await watch.first('SELECT 1 WHERE cardinality(pg_blocking_pids($1)) > 0', [
      pid,
    ]);
    if (blocked !== undefined) return true;
  }
  return false;
}
