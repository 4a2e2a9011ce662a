/**
 * The drill of docs/operations.md: a backup of books in PostgreSQL beside the running settlement, a crash, a restore into
 * a new database. What gates did in between comes back from them, once, and they take the restored settlement's lists.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { auditSettlement } from '@stile/settlement/audit/audit.ts';
import { runPostgresProgram, usePostgres } from '@stile/settlement/testing/postgres-server.ts';
import { ScriptedTown, START_MS } from '@stile/settlement/testing/town.ts';
import { expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const server = usePostgres();

async function trustOf(
  town: ScriptedTown,
): Promise<{ version: number; deny: { version: number } }> {
  const jws = String(await town.get('/v1/trust-list'));
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
}

/** By another program: whoever closes a file gives up the locks that its process has on it. */
function copyDir(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

const restored = (data: string, database: string) =>
  runStile(['settlement', 'restored', '--data', data, '--database', database]);

test('a crash after a backup loses no fare, and no gate refuses the restored lists', async () => {
  const database = await server.emptyDatabase();
  const folder = scratchDir();
  const [dump, copy] = [join(folder, 'books.dump'), join(folder, 'directory')];
  const town = await ScriptedTown.open({ config: { database } });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  for (let count = 0; count < 4; count += 1) gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.send(gate, { toSeq: 2 });
  // Riders come in while it is dumped: the backup is of one instant.
  const riding = Array.from({ length: 10 }, async () => await town.addRider());
  const dumping = ['--format=custom', '--file', dump, '--dbname', database];
  await Promise.all([runPostgresProgram('pg_dump', dumping), ...riding]);
  copyDir(town.dataDir, copy);
  await town.send(gate, { fromSeq: 3 });
  await town.operate('POST', 'denials', { body: { account: rider.account, note: 'later' } });
  await town.settled();
  const before = await trustOf(town);
  expect(await rider.money()).toMatchObject({ balanceCents: 0 });
  expect(await restored(town.dataDir, database)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('another settlement already runs'),
  });
  await town.stop();

  const fresh = await server.emptyDatabase();
  expect(await restored(copy, fresh)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the database is empty'),
  });
  await runPostgresProgram('pg_restore', ['--exit-on-error', '--dbname', fresh, dump]);
  expect(await restored(copy, fresh)).toMatchObject({ code: 0, stderr: '' });
  const again = await ScriptedTown.open({ dataDir: copy, config: { database: fresh } });
  const after = await trustOf(again);
  expect(after.version).toBeGreaterThan(before.version + 1000);
  expect(after.deny.version).toBeGreaterThan(before.deny.version + 1000);
  // An idle gate asks, learns that two of its records are gone, and sends them again; once more changes nothing.
  expect(await again.send(gate, { fromSeq: 5, toSeq: 4 })).toMatchObject({ ackSeq: 2 });
  expect(await again.send(gate, { fromSeq: 3 })).toMatchObject({ ackSeq: 4 });
  expect(await again.send(gate)).toMatchObject({ ackSeq: 4 });
  await again.settled();
  const money = await again.get('/v1/riders/me', { token: rider.session });
  expect(money).toMatchObject({ balanceCents: 0, debtCents: 0 });
  await again.stop();
  const checks = await auditSettlement(copy, { database: fresh, signatures: true });
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
  await town.close();
});

test('a directory whose keys are not those of the restored books is refused by name', async () => {
  const database = await server.emptyDatabase();
  const town = await ScriptedTown.open({ config: { database } });
  const copy = join(scratchDir(), 'directory');
  copyDir(town.dataDir, copy);
  await town.operate('POST', 'roots/rotation', { body: {} });
  await town.settled();
  await town.stop();
  const { code, stderr } = await restored(copy, database);
  expect(stderr).toContain('root-3.jwk.json');
  expect(code).not.toBe(0);
  rmSync(copy, { recursive: true, force: true });
  await town.close();
});
