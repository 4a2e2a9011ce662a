/** A backup while the root is rotated: keys and database fit, or there is no backup. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type { OperatorKeysView } from '@stile/protocol/http/operator-api.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUp, restore } from './backup.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

let town: ScriptedTown;
let folder: string;
beforeEach(async () => {
  town = await ScriptedTown.open();
  folder = scratchDir();
});
afterEach(async () => {
  await town.close();
});

const rotate = async () => {
  await town.operate('POST', 'roots/rotation', { body: {} });
};

test('a rotation between the database and the keys: both are copied again, and the copy starts', async () => {
  const [to, dataDir] = [join(folder, 'backup'), join(folder, 'restored')];
  let rotations = 0;
  const onDatabaseCopied = async () => {
    rotations += 1;
    if (rotations === 1) await rotate();
  };
  await backUp(town.dataDir, { to, nowMs: START_MS, onDatabaseCopied });
  expect(rotations).toBe(2);
  await restore(to, { dataDir, nowMs: START_MS });
  const again = await ScriptedTown.open({ dataDir });
  const { root } = await again.operate<OperatorKeysView>('GET', 'roots');
  await again.close();
  expect(root).toMatchObject({ generation: 2, isHere: true });
});

test('one that never fits fails, and leaves nothing', async () => {
  const to = join(folder, 'backup');
  const copying = backUp(town.dataDir, { to, nowMs: START_MS, onDatabaseCopied: rotate });
  await expect(copying).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  expect(existsSync(to)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});
