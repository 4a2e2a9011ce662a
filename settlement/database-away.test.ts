/** The server of the books stops in mid-run, as it does when it is upgraded: nothing ends, and all goes on by itself. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { initSettlement, startSettlement } from './main.ts';
import { openPool } from './store/postgres/session.ts';
import { usePostgres } from './testing/postgres-server.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

const server = usePostgres();
/** Of PostgreSQL, as it is built everywhere. */
const PAGE_BYTES = 8_192;

test('while the database is away requests are answered 503, then all goes on', async () => {
  const database = await server.emptyDatabase();
  const town = await ScriptedTown.open({ config: { database } });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  const ask = async () => {
    const asked = [
      town.ask('/v1/riders/me', { token: rider.session }),
      town.ask('/v1/riders/me/statement', { token: rider.session }),
      town.ask('/v1/operator/gates', { token: town.operatorToken }),
      town.ask('/v1/operator/lines/M1', {
        method: 'PUT',
        body: { fareCents: 250 },
        token: town.operatorToken,
      }),
    ];
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  const before = await ask();
  await server.down();
  expect(await ask()).toEqual([503, 503, 503, 503]);
  await expect(town.send(gate)).rejects.toThrow();
  // The sweep and the work meet it too.
  for (let turn = 0; turn < 20; turn += 1) town.clock.advance(1_000);
  await town.settled();
  expect(await ask()).toEqual([503, 503, 503, 503]);
  await server.up();
  expect(await ask()).toEqual(before);
  expect(await town.send(gate)).toMatchObject({ ackSeq: 1 });
  await town.settled();
  expect(await rider.money()).toMatchObject({ balanceCents: 750 });
  await town.stop();
  const checks = await auditSettlement(town.dataDir, { database });
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  await town.close();
});

/** Overwrites the first page of a table while its server is down. */
async function spoilPageOf(table: string, database: string): Promise<void> {
  const name = new URL(database).pathname.slice(1);
  const found = await server.run(`SELECT pg_relation_filepath('${table}') AS path`, name);
  const { path } = found.rows[0] as { path: string };
  const data = join(new URL(database).searchParams.get('host') ?? '', 'data');
  await server.down();
  const file = openSync(join(data, path), 'r+');
  writeSync(file, new Uint8Array(PAGE_BYTES).fill(0xff), 0, PAGE_BYTES, 0);
  closeSync(file);
  await server.up();
}

test('a page that the server cannot read is said to be damage, by requests and by the audit, and the rest goes on', async () => {
  const database = await server.emptyDatabase();
  const town = await ScriptedTown.open({ config: { database } });
  await town.setFare('M1', 250);
  const rider = await town.addRider();
  await rider.topUp(500);
  await spoilPageOf('top_up', database);
  const statement = await town.ask('/v1/riders/me/statement', { token: rider.session });
  expect(statement).toMatchObject({ status: 500, body: { code: 'STORE_CORRUPT' } });
  expect(await town.ask('/v1/riders/me', { token: rider.session })).toMatchObject({ status: 200 });
  await town.stop();
  const checks = await auditSettlement(town.dataDir, { database });
  const unread = checks.find(({ name }) => name === 'all that is stored can be read');
  expect(unread).toMatchObject({ ok: false, detail: expect.stringContaining('topUp') });
  await town.close();
});

test('what is only looked at meets an administrator who ends its connection: a sentence, no fault of ours', async () => {
  const pool = openPool({ url: await server.emptyDatabase(), connectionsMax: 1 });
  try {
    const looking = pool.session.first('SELECT pg_terminate_backend(pg_backend_pid())');
    await expect(looking).rejects.toMatchObject({
      name: 'Fault',
      code: 'STORE_FAILED',
      message: expect.stringContaining('is being shut down'),
    });
    expect(await pool.session.first('SELECT 1 AS one')).toEqual({ one: 1 });
  } finally {
    await pool.close();
  }
});

test('a database that is away at the start: one sentence', async () => {
  const database = await server.emptyDatabase();
  const dataDir = scratchDir();
  await initSettlement(dataDir, {}, { database });
  await server.down();
  try {
    const starting = startSettlement(
      { dataDir, port: 0, database },
      { log: pino({ level: 'silent' }) },
    );
    await expect(starting).rejects.toMatchObject({
      name: 'Fault',
      code: 'STORE_FAILED',
      message: expect.stringContaining('cannot be reached'),
    });
  } finally {
    await server.up();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
