/** The store's contract, on PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { describeStore } from '../contract/store.contract.ts';
import { openPostgresStore } from './store.ts';

const server = usePostgres();

describeStore('the store on PostgreSQL', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'stile-store-'));
  const url = await server.freshDatabase();
  const store = await openPostgresStore({ url, dataDir, limitsNow: LIMITS });
  return {
    store,
    remove: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});
