/** In which order a file becomes durable: its content is on the disk before it has its name, then the folder. */
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { writePrivateFile } from './private-files.ts';
import { scratchDir } from './testing/scratch-folder.ts';

const calls = vi.hoisted((): string[] => []);

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const names = new Map<number, string>();
  return {
    ...real,
    openSync: (...asked: Parameters<typeof real.openSync>) => {
      const [path] = asked.map(String);
      const handle = Reflect.apply(real.openSync, real, asked);
      names.set(handle, (path ?? '').split('/').at(-1) ?? '');
      return handle;
    },
    writeSync: (handle: number, bytes: Uint8Array) => {
      calls.push(`write ${names.get(handle)}`);
      return real.writeSync(handle, bytes);
    },
    fsyncSync: (handle: number) => {
      calls.push(`sync ${names.get(handle)}`);
      real.fsyncSync(handle);
    },
    renameSync: (from: string, to: string) => {
      calls.push(`rename ${to.split('/').at(-1)}`);
      real.renameSync(from, to);
    },
  };
});

test('what replaces a file is on the disk before it has its name, and its name before anybody is told', () => {
  const dir = scratchDir();
  writePrivateFile(join(dir, 'phone.json'), '{}', { mayReplace: true });
  const folder = dir.split('/').at(-1);
  expect(calls).toEqual([
    'write phone.json.part',
    'sync phone.json.part',
    'rename phone.json',
    `sync ${folder}`,
  ]);
});
