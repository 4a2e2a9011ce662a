/**
 * The data directory: one process at a time, its owner's alone, and what is missing from it is never made anew.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePrivateDir } from '@stile/host/private-files.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { backUp, restore } from './backup.ts';
import { initSettlement, startSettlement } from './main.ts';

const log = pino({ level: 'silent' });
const PROCESS = fileURLToPath(new URL('./testing/process.ts', import.meta.url));
const MARK = 'initialised';

async function newDir(): Promise<string> {
  const dataDir = scratchDir();
  await initSettlement(dataDir);
  return dataDir;
}

const start = (dataDir: string) => startSettlement({ dataDir, port: 0 }, { log });

async function runProcess(dataDir: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROCESS, dataDir, 'run'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('one settlement a directory', () => {
  test('a second process is refused with a sentence, until the first has died, however', async () => {
    const dataDir = await newDir();
    const child = await runProcess(dataDir);
    const refusal = { code: 'CONFLICT', message: expect.stringContaining('already runs') };
    await expect(start(dataDir)).rejects.toMatchObject(refusal);
    await expect(initSettlement(dataDir)).rejects.toMatchObject(refusal);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await start(dataDir)).close();
  });

  test('a start that fails lets go of the directory', async () => {
    const dataDir = await newDir();
    const issuerKey = join(dataDir, 'keys', 'issuer-1-1.jwk.json');
    renameSync(issuerKey, `${issuerKey}.away`);
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    renameSync(`${issuerKey}.away`, issuerKey);
    const running = await start(dataDir);
    await running.close();
    await (await start(dataDir)).close();
  });
});

describe('missing is not new', () => {
  test.each([
    'settlement.db',
    'settlement.json',
    'operator-token',
    join('keys', 'root.jwk.json'),
    join('keys', 'root-2.jwk.json'),
    join('keys', 'first-root.json'),
    join('keys', 'issuer-1-1.jwk.json'),
  ])('%s', async (part) => {
    for (const hasMark of [true, false]) {
      const dataDir = await newDir();
      if (!hasMark) rmSync(join(dataDir, MARK));
      rmSync(join(dataDir, part));
      const refusal = { code: 'FILE_UNREADABLE', message: expect.stringContaining(part) };
      const init = async () => {
        await initSettlement(dataDir);
        return await start(dataDir);
      };
      await expect(init()).rejects.toMatchObject(refusal);
      expect(existsSync(join(dataDir, part))).toBe(false);
    }
  });

  test.each(['', '\n', 'cut'])(
    'a token file with "%s" in it locks nobody out in silence',
    async (text) => {
      const dataDir = await newDir();
      writeFileSync(join(dataDir, 'operator-token'), text);
      await expect(initSettlement(dataDir)).rejects.toMatchObject({
        code: 'FILE_UNREADABLE',
        message: expect.stringContaining('holds no token'),
      });
    },
  );

  test('a first initialisation that was cut off goes on', async () => {
    const whole = await newDir();
    const cuts = [
      ['settlement.json'],
      ['settlement.json', 'settlement.db'],
      ['settlement.json', 'settlement.db', join('keys', 'root.jwk.json')],
    ];
    for (const there of cuts) {
      const dataDir = scratchDir();
      makePrivateDir(join(dataDir, 'keys'));
      // The database of a first start knows nothing yet.
      for (const part of there) {
        if (part === 'settlement.db') writeFileSync(join(dataDir, part), '', { mode: 0o600 });
        else cpSync(join(whole, part), join(dataDir, part), { recursive: true });
      }
      await initSettlement(dataDir);
      await (await start(dataDir)).close();
    }
  });
});

describe('a directory in the place of a file is named', () => {
  test.each([
    'lock.db',
    'settlement.json',
    'operator-token',
    'settlement.db',
    join('keys', 'book.key'),
    join('keys', 'root.jwk.json'),
    join('keys', 'issuer-1-1.jwk.json'),
  ])('%s', async (part) => {
    const dataDir = await newDir();
    rmSync(join(dataDir, part));
    mkdirSync(join(dataDir, part));
    const named = (error: unknown) =>
      expect(error).toMatchObject({
        name: 'Fault',
        message: expect.stringContaining(join(dataDir, part)),
      });
    await initSettlement(dataDir)
      .then(() => start(dataDir))
      .then(() => expect.fail(part), named);
  });

  test('backup.json, and what a backup has', async () => {
    const dataDir = await newDir();
    const backups = scratchDir();
    for (const part of ['backup.json', 'operator-token']) {
      const to = join(backups, part);
      await backUp(dataDir, { to, nowMs: 0 });
      rmSync(join(to, part));
      mkdirSync(join(to, part));
      await expect(restore(to, { dataDir: join(backups, 'back'), nowMs: 0 })).rejects.toMatchObject(
        {
          name: 'Fault',
          message: expect.stringContaining(part),
        },
      );
    }
    mkdirSync(join(dataDir, 'backup.json'));
    writeFileSync(join(dataDir, 'backup.json', 'x'), '');
    await expect(backUp(dataDir, { to: join(backups, 'new'), nowMs: 0 })).rejects.toMatchObject({
      name: 'Fault',
    });
  });
});

describe('nobody else looks in', () => {
  test("every file is its owner's alone, whatever the umask", async () => {
    const before = process.umask(0);
    const dataDir = await newDir();
    const running = await start(dataDir);
    const modes = readdirSync(dataDir, { recursive: true }).map((name) => {
      const { mode } = statSync(join(dataDir, String(name)));
      return { name, others: mode & 0o077 };
    });
    process.umask(before);
    await running.close();
    expect(modes.filter(({ others }) => others !== 0)).toEqual([]);
    expect(modes.length).toBeGreaterThan(5);
  });

  test('a file with a mode for others is named in the log at every start', async () => {
    const dataDir = await newDir();
    const parts = ['settlement.json', 'operator-token', join('keys', 'root.jwk.json')];
    const warned = async () => {
      const lines: { level: number; msg: string }[] = [];
      const write = (line: string) => void lines.push(JSON.parse(line));
      const loud = pino({}, { write });
      await (await startSettlement({ dataDir, port: 0 }, { log: loud })).close();
      return lines.filter(({ msg }) => msg.includes('chmod 600')).map(({ msg }) => msg);
    };
    expect(await warned()).toEqual([]);
    for (const part of parts) chmodSync(join(dataDir, part), 0o644);
    const files = parts.map((part) => join(dataDir, part));
    const advice = (file: string) => `${file} has the mode 644: "chmod 600 ${file}"`;
    expect(await warned()).toEqual(files.map(advice));
  });

  test.each([0o750, 0o701, 0o755])('a directory of mode %o is refused', async (mode) => {
    const dataDir = await newDir();
    chmodSync(dataDir, mode);
    const refusal = { code: 'CONFIG_INVALID', message: expect.stringContaining('chmod 700') };
    await expect(initSettlement(dataDir)).rejects.toMatchObject(refusal);
    await expect(start(dataDir)).rejects.toMatchObject(refusal);
  });
});

test('a file in the place of the keys is named, and nothing is read from it', async () => {
  const dataDir = await newDir();
  rmSync(join(dataDir, 'keys'), { recursive: true });
  writeFileSync(join(dataDir, 'keys'), '', { mode: 0o600 });
  await expect(start(dataDir)).rejects.toThrow(/keys is no directory/);
});
