/** The store's contract, on SQLite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../../testing/log.ts';
import { describeStore } from '../contract/store.contract.ts';
import { openSqliteStore } from './store.ts';

describeStore('the store on SQLite', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stile-store-'));
  const store = await openSqliteStore({ file: join(dir, 'settlement.db'), limitsNow: LIMITS });
  return {
    store,
    remove: async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
});
