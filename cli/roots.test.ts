/** `stile keys` and `stile root` after a restore: no new root before the gates have reported, but by their names. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { backUp, restore } from '@stile/settlement/backup.ts';
import { exportRoot } from '@stile/settlement/root-export.ts';
import { ScriptedTown, START_MS } from '@stile/settlement/testing/town.ts';
import { expect, onTestFinished, test } from 'vitest';
import { operatorAt } from './testing/rig.ts';
import { runStile } from './testing/stile.ts';

const LATER_MS = START_MS + 60_000;

/** Two gates have reported before the backup and none since. */
async function restored({ isRootAway = false } = {}) {
  const outside = scratchDir();
  const at = (name: string) => join(outside, name);
  const before = await ScriptedTown.open();
  for (const name of ['g1', 'g2']) await before.send(await before.addGate(name, 'M1'));
  const { dataDir } = before;
  await before.stop();
  if (isRootAway) {
    await exportRoot(dataDir, { to: at('root'), nextTo: at('next'), nowMs: START_MS });
  }
  await backUp(dataDir, { to: at('backup'), nowMs: START_MS });
  await before.close();
  await restore(at('backup'), { dataDir: at('data'), nowMs: LATER_MS });
  const town = await ScriptedTown.open({ dataDir: at('data'), startMs: LATER_MS + 60_000 });
  onTestFinished(async () => await town.close());
  return { at, ...operatorAt(() => ({ data: at('data'), url: town.settlement.url })) };
}

const WAIT = /no report since the backup was restored from g1, g2: .*--without-gates/s;

test('a root in the directory is not rotated before gates have reported, or their names are given', async () => {
  const { operate, tryTo } = await restored();
  for (const without of [[], ['--without-gates', 'g9']]) {
    const refused = await tryTo(['keys', 'rotate-root', ...without]);
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(WAIT) });
  }
  const some = await tryTo(['keys', 'rotate-root', '--without-gates', 'g2']);
  expect(some).toMatchObject({ code: 1, stderr: expect.stringMatching(/from g1: /) });
  const rotated = await operate(['keys', 'rotate-root', '--without-gates', 'g1,g2']);
  expect(rotated).toMatchObject({ root: { generation: 2 } });
});

test('a root that is kept elsewhere announces none before they have, and writes nothing', async () => {
  const { at, operate } = await restored({ isRootAway: true });
  await operate(['keys', 'request-online-key', '--out', at('request')]);
  const rotate = (...without: string[]) => {
    const files = { root: 'next', request: 'request', 'next-to': 'third', out: 'grant' };
    const options = Object.entries(files).flatMap(([name, file]) => [`--${name}`, at(file)]);
    return runStile(['root', 'rotate', ...options, ...without]);
  };
  const refused = await rotate();
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(WAIT) });
  expect(['third', 'grant'].map((name) => existsSync(at(name)))).toEqual([false, false]);
  expect(await rotate('--without-gates', 'g1,g2')).toMatchObject({ code: 0, stderr: '' });
  const installed = await operate(['keys', 'install', at('grant')]);
  expect(installed).toMatchObject({ root: { generation: 2 } });
});
