/** Settings that are changed by hand under books that exist: what the books rest on is refused by its name. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { initSettlement, startSettlement } from './main.ts';

const log = pino({ level: 'silent' });

async function started(): Promise<{ dataDir: string; change: (more: object) => void }> {
  const dataDir = scratchDir();
  await initSettlement(dataDir);
  await (await startSettlement({ dataDir, port: 0 }, { log })).close();
  const file = join(dataDir, 'settlement.json');
  const before = JSON.parse(readFileSync(file, 'utf8'));
  const change = (more: object) => writeFileSync(file, JSON.stringify({ ...before, ...more }));
  return { dataDir, change };
}

test.each([
  ['currency', { currency: 'USD' }, 'EUR'],
  ['issuer', { issuer: 2 }, '1'],
])('another %s under existing books is refused at every start', async (name, more, made) => {
  for (const isOlder of [false, true]) {
    const { dataDir, change } = await started();
    if (isOlder) {
      const db = new Database(join(dataDir, 'settlement.db'));
      db.prepare("DELETE FROM meta WHERE key = 'booksMadeWith'").run();
      db.close();
    }
    change(more);
    const refusal = {
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(new RegExp(`^${name} .* made with ${made}`)),
    };
    await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toMatchObject(refusal);
    await expect(initSettlement(dataDir)).rejects.toMatchObject(refusal);
    change({});
    await (await startSettlement({ dataDir, port: 0 }, { log })).close();
  }
});

test('a key that stands twice in the settings is refused', async () => {
  const { dataDir } = await started();
  const file = join(dataDir, 'settlement.json');
  const text = readFileSync(file, 'utf8').replace('{', '{ "operator": "A", ');
  writeFileSync(file, text);
  await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('a key stands twice'),
  });
});
