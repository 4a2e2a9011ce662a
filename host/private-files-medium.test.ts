/** Media that take less than they are given, or know no links: a private file is whole, or nothing is left of it. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { writePrivateFile } from './private-files.ts';
import { scratchDir } from './testing/scratch-folder.ts';

const medium = vi.hoisted(() => ({
  bytesAtOnce: 3,
  roomBytes: 1_000,
  hasLinks: true,
  renames: true,
}));

function refuse(code: string): never {
  throw Object.assign(new Error(`${code}: said by the medium`), { code });
}

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return {
    ...real,
    writeSync: (handle: number, bytes: Uint8Array) => {
      if (medium.roomBytes === 0) refuse('ENOSPC');
      const written = Math.min(medium.bytesAtOnce, medium.roomBytes, bytes.length);
      medium.roomBytes -= written;
      return real.writeSync(handle, bytes.subarray(0, written));
    },
    linkSync: (from: string, to: string) =>
      medium.hasLinks ? real.linkSync(from, to) : refuse('EPERM'),
    renameSync: (from: string, to: string) =>
      medium.renames ? real.renameSync(from, to) : refuse('EIO'),
  };
});

beforeEach(() => {
  Object.assign(medium, { bytesAtOnce: 3, roomBytes: 1_000, hasLinks: true, renames: true });
});

const SECRET = 'a secret of some länge';
const failed = expect.objectContaining({ code: 'STORE_FAILED' });

test.each([{ hasLinks: true }, { hasLinks: false }])('short writes make a whole file: %j', (of) => {
  Object.assign(medium, of);
  const dir = scratchDir();
  const file = join(dir, 'root.jwk.json');
  writePrivateFile(file, SECRET);
  expect(readFileSync(file, 'utf8')).toBe(SECRET);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['root.jwk.json']);
});

test.each([
  { of: { roomBytes: 10 }, code: 'STORE_FULL' },
  { of: { bytesAtOnce: 0 }, code: 'STORE_FAILED' },
  { of: { hasLinks: false, renames: false }, code: 'STORE_FAILED' },
])('what failed leaves nothing behind: $of', ({ of, code }) => {
  Object.assign(medium, of);
  const dir = scratchDir();
  const write = () => writePrivateFile(join(dir, 'root.jwk.json'), SECRET);
  expect(write).toThrow(expect.objectContaining({ code }));
  expect(readdirSync(dir)).toEqual([]);
});

test('a file that is there stays, also where there are no links', () => {
  medium.hasLinks = false;
  const dir = scratchDir();
  writeFileSync(join(dir, 'root.jwk.json'), 'somebody else’s');
  expect(() => writePrivateFile(join(dir, 'root.jwk.json'), SECRET)).toThrow(failed);
  expect(readFileSync(join(dir, 'root.jwk.json'), 'utf8')).toBe('somebody else’s');
  expect(readdirSync(dir)).toEqual(['root.jwk.json']);
});
