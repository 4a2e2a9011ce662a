/** What is away when a process of settlement is started: its API and its workers do the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initSettlement } from '@stile/settlement/main.ts';
import { usePostgres } from '@stile/settlement/testing/postgres-server.ts';
import { openRedisServer } from '@stile/settlement/testing/redis-server.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStile, startStile } from './testing/stile.ts';

const server = usePostgres();
const folder = mkdtempSync(join(tmpdir(), 'stile-away-'));
const data = join(folder, 'data');
let database: string;
beforeAll(async () => {
  database = await server.emptyDatabase();
  await initSettlement(data, {}, { database });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function commandOf(program: string, redis: string): string[] {
  const port = program === 'start' ? ['--port', '0'] : [];
  const of = ['--data', data, '--database', database, '--redis', redis];
  return ['settlement', program, ...of, ...port];
}

/** Every file with what is in it; the lock holds nothing. */
function filesOf(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile() && name.name !== 'lock.db');
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'hex')]),
  );
}

test.each(['start', 'worker'])(
  '%s ends with a sentence and code 1 while PostgreSQL is away, and changes nothing',
  async (program) => {
    const redis = await openRedisServer();
    const before = filesOf(data);
    await server.down();
    try {
      const { code, stdout, stderr } = await runStile(commandOf(program, redis.url));
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^stile: .*cannot be reached.*\n$/);
      expect(filesOf(data)).toEqual(before);
    } finally {
      await server.up();
      await redis.close();
    }
  },
);

test.each([
  ['start', 'listening'],
  ['worker', 'working'],
])('%s begins while Redis is away, says so, and ends well', async (program, words) => {
  const redis = await openRedisServer({}, { isStopped: true });
  try {
    const running = startStile(commandOf(program, redis.url));
    expect(await running.says(`"${words}"`)).toContain(`"${words}"`);
    expect(await running.says('Redis is away')).toContain('Redis is away');
    expect(await running.end('SIGTERM')).toBe(0);
  } finally {
    await redis.close();
  }
});
