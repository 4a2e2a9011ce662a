/** Whether the operator's keys of a copied data directory are those that its database knows: else it cannot be started. */
import { join } from 'node:path';
import { DATABASE_FILE } from './database-place.ts';
import { requireKeysOfBooks } from './keys/keys-of-books.ts';
import { META_KEY } from './keys/operator-book.ts';
import { openForReading } from './store/sqlite/connection.ts';

/** @throws Fault FILE_UNREADABLE with the name of the one that is missing, damaged or another. */
export async function requireKeysOfDatabase(dir: string, nowMs: number): Promise<void> {
  const text = readBookOf(join(dir, DATABASE_FILE));
  if (text === undefined) return;
  await requireKeysOfBooks(dir, { text, nowS: Math.floor(nowMs / 1000) });
}

function readBookOf(file: string): string | undefined {
  const { db, close } = openForReading(file);
  try {
    const value = db.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(META_KEY);
    return value === undefined ? undefined : String(value);
  } finally {
    close();
  }
}
