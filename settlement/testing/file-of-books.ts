/** A data directory whose books are in a file and were written by a script, and a store whose books can be moved. */
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { ensureConfig } from '../data-dir.ts';
import { DATABASE_FILE } from '../database-place.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import { ISSUER, LIMITS } from './log.ts';

export async function openFileOfBooks(): Promise<{ dataDir: string; store: Store }> {
  const dataDir = scratchDir();
  ensureConfig(dataDir, { issuer: ISSUER });
  const store = await openSqliteStore({ file: join(dataDir, DATABASE_FILE), limitsNow: LIMITS });
  return { dataDir, store };
}

export type MovableStore = { store: Store; use(store: Store): void };

/** Whoever holds `store` goes on with the other one. */
export function movableStore(first: Store): MovableStore {
  let current = first;
  const store = new Proxy({} as Store, {
    get: (_, name) => (current as unknown as Record<string | symbol, unknown>)[name],
  });
  return {
    store,
    use: (next) => {
      current = next;
    },
  };
}
