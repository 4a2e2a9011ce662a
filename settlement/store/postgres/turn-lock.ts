/** Named rows that transactions lock to take turns where no row of the thing itself could be locked. */
import type { Session } from './session.ts';

/** Until the transaction ends; several in the order of their names, so that two transactions never wait for each other. */
export async function lockTurns(session: Session, names: readonly string[]): Promise<void> {
  const sorted = [...new Set(names)].sort();
  if (sorted.length === 0) return;
  await session.run(
    `INSERT INTO turn_lock SELECT name FROM unnest($1::text[]) AS name ORDER BY name COLLATE "C"
     ON CONFLICT DO NOTHING`,
    [sorted],
  );
  await session.run('SELECT 1 FROM turn_lock WHERE name = ANY($1) ORDER BY name FOR UPDATE', [
    sorted,
  ]);
}
