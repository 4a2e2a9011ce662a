/** Taking the root out: never the only copy, wherever a name leads; cut off anywhere it is done again; right after the first initialisation too. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type { OperatorKeysView } from '@stile/protocol/http/operator-api.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { rootKeyFile } from './data-dir.ts';
import { initSettlement } from './main.ts';
import { exportRoot } from './root-export.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

let dataDir: string;
let outside: string;
beforeEach(async () => {
  dataDir = join(scratchDir(), 'data');
  await initSettlement(dataDir);
  outside = scratchDir();
});

const at = (name: string) => join(outside, name);
const files = () => [rootKeyFile(dataDir, 1), rootKeyFile(dataDir, 2)] as const;
const areHere = () => files().map((file) => existsSync(file));
const exportTo = (to: string, nextTo = at('next')) =>
  exportRoot(dataDir, { to, nextTo, nowMs: START_MS });

describe('a name that leads back to the directory is refused, and no key leaves', () => {
  const WAYS: Record<string, () => string> = {
    'a link to the key': () => {
      symlinkSync(files()[0], at('link'));
      return at('link');
    },
    'a second name of the key': () => {
      linkSync(files()[0], at('hard'));
      return at('hard');
    },
    'a folder that is a link into it': () => {
      symlinkSync(join(dataDir, 'keys'), at('folder'));
      return at('folder/root.jwk.json');
    },
    'a new file in such a folder': () => {
      symlinkSync(dataDir, at('folder'));
      mkdirSync(join(dataDir, 'deep'));
      return at('folder/deep/root');
    },
    'a link to a file in it': () => {
      copyFileSync(files()[0], join(dataDir, 'copy'));
      symlinkSync(join(dataDir, 'copy'), at('link'));
      return at('link');
    },
  };
  test.each(Object.entries(WAYS))('%s', async (_name, nameOf) => {
    const to = nameOf();
    await expect(exportTo(to)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(exportTo(at('root'), to)).rejects.toMatchObject({
      code: expect.stringMatching(/REQUEST_INVALID|CONFLICT/),
    });
    expect(areHere()).toEqual([true, true]);
  });
});

test('both in one file, or a folder that is not there: nothing leaves', async () => {
  for (const other of ['one', './one']) {
    const both = exportTo(at('one'), `${outside}/${other}`);
    await expect(both).rejects.toThrow(/cannot hold both keys/);
  }
  expect(existsSync(at('one'))).toBe(false);
  await expect(exportTo(at('none/root'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  expect(areHere()).toEqual([true, true]);
});

test.each([
  ['both', [0, 1]],
  ['the next one', [1]],
  ['the root', [0]],
])('cut off in the removal, while %s is left: a repeat ends it', async (_name, left) => {
  const texts = files().map((file) => readFileSync(file, 'utf8'));
  const done = await exportTo(at('root'));
  for (const index of left) {
    writeFileSync(files()[index] ?? '', texts[index] ?? '', { mode: 0o600 });
  }
  expect(await exportTo(at('root'))).toEqual(done);
  expect(areHere()).toEqual([false, false]);
  const away = readFileSync(join(dataDir, 'keys', 'root-away.json'), 'utf8');
  expect(await exportTo(at('root'))).toEqual(done);
  expect(readFileSync(join(dataDir, 'keys', 'root-away.json'), 'utf8')).toBe(away);
  await expect(exportTo(at('elsewhere'))).rejects.toThrow(/the key has left before/);
});

test('what left before is not taken for done if it is not there', async () => {
  const text = readFileSync(files()[1], 'utf8');
  await exportTo(at('root'));
  writeFileSync(files()[1], text, { mode: 0o600 });
  rmSync(at('root'));
  await expect(exportTo(at('root'))).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(areHere()).toEqual([false, true]);
});

test('right after the first initialisation: settlement starts, and signs', async () => {
  await exportTo(at('root'));
  const town = await ScriptedTown.open({ dataDir });
  const { root, onlineKeys } = await town.operate<OperatorKeysView>('GET', 'roots');
  expect(root).toMatchObject({ isHere: false });
  expect(onlineKeys).toMatchObject([{ number: 1, state: 'signs' }]);
  expect(String(await town.get('/v1/trust-list'))).toMatch(/^ey/);
  await town.close();
});
