/** Only a lock that somebody holds keeps a program from starting; whatever else lies in its place is named or mended. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataDir } from './data-dir-lock.ts';
import { scratchDir } from './testing/scratch-folder.ts';

const RUNS = expect.objectContaining({ code: 'CONFLICT' });

test.each([1, 16, 100, 512, 4_096, 5_000])(
  '%i bytes that are no lock lock nobody out',
  (length) => {
    const dir = scratchDir();
    writeFileSync(join(dir, 'lock.db'), Buffer.alloc(length, 0xa7));
    const release = lockDataDir(dir, 'gate');
    onTestFinished(release);
    expect(() => lockDataDir(dir, 'gate')).toThrow(RUNS);
  },
);

test('a directory in its place is named, not taken for a lock', () => {
  const dir = scratchDir();
  mkdirSync(join(dir, 'lock.db'));
  expect(() => lockDataDir(dir, 'gate')).toThrow(
    expect.objectContaining({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('lock.db'),
    }),
  );
});
