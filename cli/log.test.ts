/** A log that cannot be written: the program goes on, and what is missing is said. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callJson } from '@stile/host/http-client.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openLog } from './log.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const FULL_DISK = '/dev/full';

test('lines that a full disk takes later are written later; those beyond the limit are counted', async () => {
  const file = join(scratchDir(), 'log');
  const log = openLog('info', { fd: openSync(file, 'a') });
  log.info('before');
  const full = vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  });
  onTestFinished(() => full.mockRestore());
  const long = 'x'.repeat(1_000);
  for (let n = 0; n < 2_000; n += 1) log.info({ n, long }, 'meanwhile');
  expect(full.mock.calls.length).toBeGreaterThan(1_900);
  full.mockRestore();
  log.info('after');
  await new Promise((next) => setImmediate(next));
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ msg: 'before' });
  const held = lines.filter(({ msg }) => msg === 'meanwhile').length;
  const last = lines.at(-1);
  expect(held).toBeGreaterThan(900);
  expect(last.msg).toContain('are lost');
  // The line that found room again is one of the lost itself.
  const after = lines.filter(({ msg }) => msg === 'after').length;
  expect(held + after + last.lines).toBe(2_001);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('it has a port');
  return address.port;
}

test('settlement whose log is on a full disk starts, answers and ends in order', async () => {
  const port = await freePort();
  const data = join(scratchDir(), 'settlement');
  const args = [MAIN, 'settlement', 'start', '--data', data, '--port', `${port}`, '--log', 'trace'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', openSync(FULL_DISK, 'w'), 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let code: number | null | undefined;
  const exited = once(child, 'exit').then(([ended]) => {
    code = ended;
  });
  let health: unknown;
  while (health === undefined && code === undefined) {
    health = await callJson(`http://127.0.0.1:${port}`, 'v1/health').catch(() => undefined);
  }
  expect({ code, health }).toMatchObject({ code: undefined, health: {} });
  child.kill('SIGTERM');
  await exited;
  expect(code).toBe(0);
});
