/**
 * One process a data directory, or several that know of each other. The lock is SQLite's own file lock, held as long as the process lives:
 * the kernel gives it back even after SIGKILL, so no stale lock ever keeps a program from starting.
 */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { asStoreFault } from './fault.ts';
import { ensurePrivateFile } from './private-files.ts';

/**
 * `program`: what it is that runs there, for the sentence.
 * @throws Fault CONFLICT if another one runs on this directory, FILE_UNREADABLE or STORE_FAILED if nothing can be
 * locked.
 */
export function lockDataDir(dataDir: string, program: string): () => void {
  return lockAs(dataDir, { program, how: 'BEGIN EXCLUSIVE' });
}

/** In the directory; it holds nothing. */
export const LOCK_FILE = 'lock.db';

/** As `lockDataDir`, for programs of which several may run on the directory, and none that has it alone. */
export function shareDataDir(dataDir: string, program: string): () => void {
  // It is the reading that locks.
  return lockAs(dataDir, { program, how: 'BEGIN; SELECT count(*) FROM sqlite_master' });
}

type Taking = { program: string; how: string };

function lockAs(dataDir: string, { program, how }: Taking): () => void {
  const file = join(dataDir, LOCK_FILE);
  ensurePrivateFile(file);
  try {
    try {
      return take(file, how);
    } catch (error) {
      if (asStoreFault(error, file).code !== 'STORE_CORRUPT') throw error;
      // It holds nothing. It is not removed: two that start at once would lock two files.
      truncateSync(file);
      return take(file, how);
    }
  } catch (error) {
    if (!isBusy(error)) throw asStoreFault(error, file);
    throw new Fault('CONFLICT', `another ${program} already runs on ${dataDir}`, { cause: error });
  }
}

function take(file: string, how: string): () => void {
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec(how);
  } catch (error) {
    db.close();
    throw error;
  }
  return () => db.close();
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
