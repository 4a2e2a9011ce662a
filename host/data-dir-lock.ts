/**
 * One process a data directory. The lock is SQLite's own file lock, held as long as the process lives:
 * the kernel gives it back even after SIGKILL, so no stale lock ever keeps a program from starting.
 */
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { ensurePrivateFile } from './private-files.ts';

/**
 * `program`: what it is that runs there, for the sentence.
 * @throws Fault CONFLICT if another one runs on this directory.
 */
export function lockDataDir(dataDir: string, program: string): () => void {
  const file = join(dataDir, 'lock.db');
  ensurePrivateFile(file);
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw new Fault('CONFLICT', `another ${program} already runs on ${dataDir}`, { cause: error });
  }
  return () => db.close();
}
