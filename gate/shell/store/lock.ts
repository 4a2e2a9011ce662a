/**
 * One process a data directory. The lock is SQLite's own file lock, held as long as the process lives:
 * the kernel gives it back even after SIGKILL, so no stale lock ever keeps a gate from starting.
 */
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';

/** @throws Fault CONFLICT if another gate runs on this directory. */
export function lockDataDir(dataDir: string): () => void {
  const db = new Database(join(dataDir, 'lock.db'), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new Fault('CONFLICT', `another gate already runs on ${dataDir}`, { cause: error });
  }
  return () => db.close();
}
