/** A store on a SQLite file of its own, for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Limits } from '../../../core/logs/rulings.ts';
import { copyEmptyBooks } from '../../../testing/empty-books.ts';
import type { Store } from '../../port.ts';
import { openSqliteStore } from '../store.ts';

export type ScratchStore = { store: Store; remove: () => Promise<void> };

export async function openScratchSqlite(limitsNow: Limits): Promise<ScratchStore> {
  const dir = mkdtempSync(join(tmpdir(), 'stile-store-'));
  const file = join(dir, 'settlement.db');
  copyEmptyBooks(file);
  const store = await openSqliteStore({ file, limitsNow });
  return {
    store,
    remove: async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}
