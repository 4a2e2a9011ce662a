/** What the operating system refuses is a sentence that names the place, and never a stack. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function run(args: readonly string[]): Promise<{ code: unknown; said: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: 30_000 }, (error, _out, said) =>
      done({ code: error?.code ?? 0, said }),
    );
  });
}

const folder = scratchDir();
const file = join(folder, 'file');
writeFileSync(file, 'x');
mkdirSync(join(folder, 'empty'));

test.each([
  ['a link that cannot be made', ['barrier', '--link', join(file, 'x')]],
  ['of a scanner', ['scanner', '--link', join(file, 'x')]],
  ['of a display', ['display', '--link', join(file, 'x')]],
  ['a data directory that is a file', ['settlement', 'start', '--data', file]],
  ['one that is asked of an operator', ['settlement', 'gates', '--data', file]],
  ['a folder that holds no settlement', ['settlement', 'gates', '--data', join(folder, 'empty')]],
  ['a key where nothing can be written', ['keys', 'generate', '/proc/x/k.json']],
  [
    'a backup where nothing can be written',
    ['settlement', 'backup', '--data', file, '--to', '/proc/x'],
  ],
  ['a configuration that is a folder', ['gate', '--config', folder]],
  ['a configuration that is not there', ['gate', '--config', join(folder, 'none.json')]],
  ['an audit of a file', ['audit', file]],
])('%s', async (_name, args) => {
  const { code, said } = await run(args);
  expect(code).toBe(1);
  expect(said).toMatch(/^stile: .*\n$/);
  expect(said).not.toMatch(/ at .*:\d+:\d+|Error:/);
});
