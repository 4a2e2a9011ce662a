/** A store on a PostgreSQL database of its own, for one test; the server is the file's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Limits } from '../../../core/logs/rulings.ts';
import type { PostgresServer } from '../../../testing/postgres-server.ts';
import type { Store } from '../../port.ts';
import { openPostgresStore } from '../store.ts';

export async function openScratchPostgres(
  server: Pick<PostgresServer, 'freshDatabase' | 'recycle'>,
  limitsNow: Limits,
): Promise<{ store: Store; remove: () => Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'stile-store-'));
  const url = await server.freshDatabase();
  const store = await openPostgresStore({ url, dataDir, limitsNow });
  return {
    store,
    remove: async () => {
      await store.close();
      await server.recycle(url);
      rmSync(dataDir, { recursive: true });
    },
  };
}
