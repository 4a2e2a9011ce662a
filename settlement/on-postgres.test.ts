/** A settlement whose books lie in a PostgreSQL database: a whole day of it, and every way to name the wrong one. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { backUp } from './backup.ts';
import { DATABASE_FILE, PLACE_FILE } from './database-place.ts';
import { initSettlement, startSettlement } from './main.ts';
import { exportRoot } from './root-export.ts';
import { usePostgres } from './testing/postgres-server.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

const server = usePostgres();
const log = pino({ level: 'silent' });
const invalid = (words: string) => ({
  code: 'CONFIG_INVALID',
  message: expect.stringContaining(words),
});

test('fares, rides and top-ups are settled there, and are there after a restart', async () => {
  const database = await server.emptyDatabase();
  const first = await ScriptedTown.open({ config: { database } });
  await first.setFare('M1', 250);
  const gate = await first.addGate('g1', 'M1');
  const rider = await first.addRider('P-256');
  await rider.topUp(1000);
  gate.note(START_MS);
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  expect(await first.send(gate)).toMatchObject({ ackSeq: 2 });
  await first.settled();
  expect(await rider.money()).toEqual({ balanceCents: 750, debtCents: 0, denied: false });
  const before = await first.operate('GET', 'trial-balance');
  await first.stop();
  const { dataDir } = first;
  const second = await ScriptedTown.open({ dataDir, config: { database } });
  expect(await second.operate('GET', 'trial-balance')).toEqual(before);
  expect(before).toMatchObject({ balanced: true });
  await second.close();
});

describe('the books of a directory are in one place, and another one is refused:', () => {
  async function initialised(): Promise<{ dataDir: string; database: string }> {
    const dataDir = scratchDir();
    const database = await server.freshDatabase();
    await initSettlement(dataDir, {}, { database });
    return { dataDir, database };
  }

  test('no database is named', async () => {
    const { dataDir } = await initialised();
    const refusal = invalid('name it with --database');
    await expect(initSettlement(dataDir)).rejects.toMatchObject(refusal);
    await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toMatchObject(refusal);
  });

  test('a database is named, but the books are in a file', async () => {
    const dataDir = scratchDir();
    await initSettlement(dataDir);
    const database = await server.emptyDatabase();
    await expect(initSettlement(dataDir, {}, { database })).rejects.toMatchObject(
      invalid('not in PostgreSQL'),
    );
  });

  test('the database of another settlement', async () => {
    const { dataDir } = await initialised();
    const other = await initialised();
    const options = { dataDir, port: 0, database: other.database };
    await expect(startSettlement(options, { log })).rejects.toMatchObject(invalid('other books'));
    await expect(
      initSettlement(scratchDir(), {}, { database: other.database }),
    ).rejects.toMatchObject(invalid('books of another directory'));
  });

  test('an empty database in the place of the one that was initialised', async () => {
    const { dataDir } = await initialised();
    const options = { dataDir, port: 0, database: await server.freshDatabase() };
    await expect(startSettlement(options, { log })).rejects.toMatchObject({
      code: expect.stringMatching(/FILE_UNREADABLE|STORE_CORRUPT/),
    });
  });

  test('the directory does not know any more where its books are', async () => {
    const { dataDir, database } = await initialised();
    rmSync(join(dataDir, PLACE_FILE));
    await expect(startSettlement({ dataDir, port: 0, database }, { log })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('is missing'),
    });
  });

  test.each([
    ['nowhere', 'postgres://stile@127.0.0.1:1/stile', 'cannot be reached'],
    ['another kind', 'mysql://127.0.0.1/stile', 'postgres://'],
    ['no address', 'stile', 'postgres://'],
  ])('%s', async (_, database, words) => {
    await expect(initSettlement(scratchDir(), {}, { database })).rejects.toThrow(words);
  });
});

describe('what looks at the file of books by itself', () => {
  async function stopped() {
    const database = await server.freshDatabase();
    const dataDir = scratchDir();
    await initSettlement(dataDir, {}, { database });
    const settlement = await startSettlement({ dataDir, port: 0, database }, { log });
    await settlement.settled();
    await settlement.close();
    return { dataDir, database };
  }

  test('the backup refuses, and says what copies such books', async () => {
    const { dataDir } = await stopped();
    const to = join(scratchDir(), 'copy');
    await expect(backUp(dataDir, { to, nowMs: START_MS })).rejects.toMatchObject(
      invalid('pg_dump'),
    );
    expect(existsSync(to)).toBe(false);
  });

  test('the audit asks for the database, and makes no file', async () => {
    const { dataDir, database } = await stopped();
    await expect(auditSettlement(dataDir)).rejects.toMatchObject(invalid('--database'));
    const checks = await auditSettlement(dataDir, { database });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(existsSync(join(dataDir, DATABASE_FILE))).toBe(false);
  });

  test('the root is taken out with the database, and not beside it', async () => {
    const { dataDir, database } = await stopped();
    const media = scratchDir();
    const of = { to: join(media, 'root'), nextTo: join(media, 'next'), nowMs: Date.now() };
    await expect(exportRoot(dataDir, of)).rejects.toMatchObject(invalid('--database'));
    await exportRoot(dataDir, { ...of, database });
    expect(existsSync(join(media, 'root'))).toBe(true);
    expect(existsSync(join(dataDir, DATABASE_FILE))).toBe(false);
    await (await startSettlement({ dataDir, port: 0, database }, { log })).close();
  });
});
