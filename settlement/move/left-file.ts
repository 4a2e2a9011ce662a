/** The file that had the books before a move: kept aside under another name, for nobody to write into. */
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asStoreFault } from '@stile/host/fault.ts';
import { syncPath } from '@stile/host/private-files.ts';
import Database from 'better-sqlite3';
import { DATABASE_FILE } from '../database-place.ts';

/** No program of ours opens this name. */
export const KEPT_FILE = `${DATABASE_FILE}.moved`;
const READ_ONLY = 0o400;

/** May have been done, or half done, before. */
export function leaveFile(dataDir: string): void {
  const [file, kept] = [join(dataDir, DATABASE_FILE), join(dataDir, KEPT_FILE)];
  try {
    if (existsSync(file)) {
      // All of it in one file: what lies beside it would stay under the old name.
      const db = new Database(file);
      db.pragma('journal_mode = DELETE');
      db.close();
      renameSync(file, kept);
    }
    for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    chmodSync(kept, READ_ONLY);
    syncPath(dataDir);
  } catch (error) {
    throw asStoreFault(error, file);
  }
}
