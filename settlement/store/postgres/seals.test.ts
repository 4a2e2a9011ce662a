/** The books on PostgreSQL and the key that they are sealed with: one without the other is named, and nothing is made anew. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';
import { LIMITS } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { openPostgresStore } from './store.ts';

const server = usePostgres();

test('a missing key, another key and books without a seal', async () => {
  const dataDir = scratchDir();
  const url = await server.freshDatabase();
  const open = async (of = url) => {
    const store = await openPostgresStore({ url: of, dataDir, limitsNow: LIMITS });
    await store.close();
  };
  await open();
  const file = join(dataDir, 'keys', 'book.key');
  const key = readFileSync(file, 'utf8');
  const refused = (words: string) => ({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining(words),
  });
  await expect(open(await server.freshDatabase())).rejects.toMatchObject(
    refused('has lost the seal of its books'),
  );
  writeFileSync(file, `${'11'.repeat(32)}\n`);
  await expect(open()).rejects.toMatchObject(refused('is not the key that'));
  rmSync(file);
  await expect(open()).rejects.toMatchObject(refused('is missing'));
  writeFileSync(file, key);
  await open();
});
