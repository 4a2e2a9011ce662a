import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../scripted-log.ts';
import { describeStore } from '../store.contract.ts';
import { openSqliteStore } from './sqlite.ts';

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
