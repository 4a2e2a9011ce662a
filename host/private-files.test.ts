/** Files that are their owner's alone, and whole or not there. */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensurePrivateFile, makePrivateDir, writePrivateFile } from './private-files.ts';
import { scratchDir } from './testing/scratch-folder.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a file is written once, whole, for its owner, also beside what a crash left', () => {
  const file = join(scratchDir(), 'keys', 'secret');
  const before = process.umask(0);
  makePrivateDir(join(file, '..'));
  writePrivateFile(file, 'first');
  process.umask(before);
  expect([modeOf(file), modeOf(join(file, '..'))]).toEqual([0o600, 0o700]);
  expect(() => writePrivateFile(file, 'second')).toThrow(
    expect.objectContaining({ code: 'STORE_FAILED' }),
  );
  expect(readFileSync(file, 'utf8')).toBe('first');
  writeFileSync(`${file}.part`, 'half of an earl', { mode: 0o644 });
  writePrivateFile(file, 'third', { mayReplace: true });
  expect(readFileSync(file, 'utf8')).toBe('third');
  expect(modeOf(file)).toBe(0o600);
  expect(existsSync(`${file}.part`)).toBe(false);
});

test('an existing file is taken from others, its content stays', () => {
  const file = join(scratchDir(), 'a.db');
  writeFileSync(file, 'content');
  chmodSync(file, 0o644);
  ensurePrivateFile(file);
  expect([modeOf(file), readFileSync(file, 'utf8')]).toEqual([0o600, 'content']);
});

test('what can be no directory is said in a sentence, and tried once', () => {
  const file = join(scratchDir(), 'file');
  writeFileSync(file, '', { mode: 0o600 });
  expect(() => makePrivateDir(file)).toThrow(/is no directory/);
  expect(() => makePrivateDir(join(file, 'below'))).toThrow(/cannot make .*ENOTDIR/);
  expect(() => makePrivateDir('/proc/stile/below')).toThrow(/cannot make .*ENOENT/);
});

test('a directory that others can read is refused', () => {
  const dir = join(scratchDir(), 'a', 'b');
  makePrivateDir(dir);
  expect(modeOf(dir)).toBe(0o700);
  chmodSync(dir, 0o755);
  expect(() => makePrivateDir(dir)).toThrow(/chmod 700/);
});
