/** `stile settlement move`: what it says on its way, and every way in which it can't be, a sentence each and nothing changed. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { initSettlement, startSettlement } from '@stile/settlement/main.ts';
import { migrate } from '@stile/settlement/store/postgres/migrate.ts';
import { MIGRATIONS } from '@stile/settlement/store/postgres/migrations/all.ts';
import { usePostgres } from '@stile/settlement/testing/postgres-server.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const server = usePostgres();
const log = pino({ level: 'silent' });

let dataDir: string;
beforeEach(async () => {
  dataDir = scratchDir();
  await initSettlement(dataDir);
  // It is published once, as any settlement has.
  await (await startSettlement({ dataDir, port: 0 }, { log })).close();
});
afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

const move = (to: string, ...more: string[]) =>
  runStile(['settlement', 'move', '--from', dataDir, '--to', to, ...more]);
const nameOf = (url: string) => new URL(url).pathname.slice(1);

async function countSteps(url: string): Promise<unknown> {
  const text = `SELECT (SELECT count(*)::int FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS count`;
  return (await server.run(text, nameOf(url))).rows;
}

async function expectRefused(to: string, words: string): Promise<void> {
  const before = readdirSync(dataDir).sort();
  const { code, stdout, stderr } = await move(to);
  expect(stderr).toContain(words);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).not.toBe(0);
  expect(readdirSync(dataDir).sort()).toEqual(before);
  await (await startSettlement({ dataDir, port: 0 }, { log })).close();
}

test('says what it does, and the settlement starts there', async () => {
  const to = await server.emptyDatabase();
  const { code, stdout } = await move(to);
  expect(code).toBe(0);
  expect(stdout).toContain('issuer_key: 1\n');
  expect(stdout).toMatch(/comparing.*\n.*switching over\n.*are the same there/);
  expect(stdout).toContain('start settlement with --database');
  await (await startSettlement({ dataDir, port: 0, database: to }, { log })).close();
  const ended = { code: 0, stderr: '', stdout: expect.stringContaining('in PostgreSQL now') };
  expect(await move(to)).toMatchObject(ended);
  for (const more of [[await server.emptyDatabase()], [to, '--start-over'], [to, '--give-up']]) {
    const [where = to, ...options] = more;
    const { code, stderr } = await move(where, ...options);
    expect({ more, code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('elsewhere already'),
    });
  }
});

test('a database that nobody can use', async () => {
  const to = await server.emptyDatabase();
  await server.run('CREATE ROLE mover LOGIN');
  await expectRefused('postgres://nobody@127.0.0.1:1/x', 'cannot be reached');
  await expectRefused('mysql://localhost/x', 'postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  await expectRefused(to.replace(/test\d+/, 'missing'), 'has no such database');
  await expectRefused(to.replace('stile@', 'mover@'), 'refuses a right');
  expect(await countSteps(to)).toEqual([{ count: 0 }]);
});

test('a database with something in it: other books, another program, a newer version', async () => {
  const taken = await server.emptyDatabase();
  const other = scratchDir();
  await initSettlement(other, {}, { database: taken });
  await expectRefused(taken, 'is not empty');
  await (await startSettlement({ dataDir: other, port: 0, database: taken }, { log })).close();
  const foreign = await server.emptyDatabase();
  await server.run('CREATE TABLE theirs (a int)', nameOf(foreign));
  await expectRefused(foreign, 'belongs to another program');
  const newer = await server.freshDatabase();
  const later = [...MIGRATIONS, { name: '9999-later', statements: ['CREATE TABLE later (a int)'] }];
  await migrate({ url: newer, migrations: later });
  await expectRefused(newer, 'newer version of this software');
});

test('a settlement that runs, and one that is not there', async () => {
  const to = await server.emptyDatabase();
  const running = await startSettlement({ dataDir, port: 0 }, { log });
  const { code, stderr } = await move(to);
  expect(stderr).toContain('another settlement already runs');
  expect(code).not.toBe(0);
  await running.close();
  const args = ['settlement', 'move', '--from', scratchDir(), '--to', to];
  expect((await runStile(args)).stderr).toContain('there is no settlement in');
  expect(await countSteps(to)).toEqual([{ count: 0 }]);
});

test('a full disk in the middle: gone on with, begun anew, or given up', async () => {
  const to = await server.freshDatabase();
  const full = `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON trust_list FOR EACH ROW EXECUTE FUNCTION full_disk()`;
  const room = 'DROP TRIGGER full_disk ON trust_list';
  await server.run(full, nameOf(to));
  const stopped = await move(to);
  expect(stopped.stderr).toContain('no room left on its disk');
  expect(stopped.code).not.toBe(0);
  await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toThrow('half moved');
  const elsewhere = await move(await server.emptyDatabase());
  expect(elsewhere.stderr).toContain('the move has begun to');
  // Given up, it is as if nothing had been; the half that is there is refused by name, and may be emptied.
  const given = await runStile(['settlement', 'move', '--from', dataDir, '--give-up']);
  expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining('drop it') });
  await (await startSettlement({ dataDir, port: 0 }, { log })).close();
  await server.run(room, nameOf(to));
  await expectRefused(to, 'half of the books of another move');
  expect((await move(to, '--start-over')).code).toBe(0);
  expect(existsSync(join(dataDir, 'settlement.db'))).toBe(false);
  await (await startSettlement({ dataDir, port: 0, database: to }, { log })).close();
});
