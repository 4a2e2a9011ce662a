/** A use case is run again as a whole where another transaction was first, and not for ever. */
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { usePostgres } from '../../testing/postgres-server.ts';
import { openPool, type SessionPool } from './session.ts';
import { createTransactions, RUNS_MAX, type Transact } from './transactions.ts';

const server = usePostgres();
let pool: SessionPool;
let transact: Transact;
beforeEach(async () => {
  const url = await server.freshDatabase();
  pool = openPool({ url, connectionsMax: 4 });
  // Nobody has to wait: what is drawn for a pause is nothing.
  const random = { ...systemRandom, fraction: () => 0 };
  transact = createTransactions({ pool, url, clock: systemClock, random });
});
afterEach(async () => await pool.close());

const note = `INSERT INTO meta VALUES ($1, 'noted')`;
const fail = (code: string) =>
  `DO $$ BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = '${code}'; END $$`;
const notes = async () => (await pool.session.all('SELECT key FROM meta')).length;

describe('run again', () => {
  test.each(['40001', '40P01', '23505'])('after %s, with nothing left of before', async (code) => {
    let runs = 0;
    const result = await transact(async (session) => {
      runs += 1;
      await session.run(note, [`run ${runs}`]);
      if (runs < 4) await session.run(fail(code));
      return runs;
    });
    expect(result).toBe(4);
    expect(await pool.session.all('SELECT key FROM meta')).toEqual([{ key: 'run 4' }]);
  });

  test('a real deadlock: both come through', async () => {
    for (const key of ['a', 'b']) await pool.session.run(note, [key]);
    const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let runs = 0;
    const cross = (own: 0 | 1) =>
      transact(async (session) => {
        runs += 1;
        const [first, second] = own === 0 ? ['a', 'b'] : ['b', 'a'];
        const set = 'UPDATE meta SET value = value || $2 WHERE key = $1';
        await session.run(set, [first, String(own)]);
        met[own].resolve();
        await Promise.all(met.map(({ promise }) => promise));
        await session.run(set, [second, String(own)]);
      });
    await Promise.all([cross(0), cross(1)]);
    expect(runs).toBe(3);
    const rows = await pool.session.all<{ value: string }>('SELECT value FROM meta');
    expect(rows.map(({ value }) => value.length)).toEqual(['noted01'.length, 'noted01'.length]);
  });

  test('but not for ever', async () => {
    let runs = 0;
    const tried = transact(async (session) => {
      runs += 1;
      await session.run(fail('40001'));
    });
    await expect(tried).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining(`tried ${RUNS_MAX} times`),
    });
    expect(runs).toBe(RUNS_MAX);
  });
});

test('another error ends it at once, and nothing is written', async () => {
  let runs = 0;
  const bug = new Error('Bug: none of the database');
  const tried = transact(async (session) => {
    runs += 1;
    await session.run(note, ['lost']);
    throw bug;
  });
  await expect(tried).rejects.toBe(bug);
  expect(runs).toBe(1);
  expect(await notes()).toBe(0);
});

test('a statement that failed and was passed over is never committed as done', async () => {
  const tried = transact(async (session) => {
    await session.run(note, ['lost']);
    await session.run(fail('P0001')).catch(() => undefined);
  });
  await expect(tried).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await notes()).toBe(0);
});

test('a connection that is cut is a fault, and the next use case gets another one', async () => {
  const cut = transact(async (session) => {
    const row = await session.first<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await server.run(`SELECT pg_terminate_backend(${row?.pid})`);
    await session.run(note, ['lost']);
  });
  await expect(cut).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await transact(async (session) => await session.run(note, ['kept']));
  expect(await notes()).toBe(1);
});
