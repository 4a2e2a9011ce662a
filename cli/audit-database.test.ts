/** `stile audit --database`: books that lie in PostgreSQL, with the keys of their directory. */
import { usePostgres } from '@stile/settlement/testing/postgres-server.ts';
import { ScriptedTown, START_MS } from '@stile/settlement/testing/town.ts';
import { expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const server = usePostgres();

test('books in PostgreSQL are audited there, and what was changed is found', async () => {
  const database = await server.freshDatabase();
  const town = await ScriptedTown.open({ config: { database } });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.send(gate);
  await town.settled();
  await town.stop();
  const audit = ['audit', town.dataDir, '--database', database];
  const good = await runStile(audit);
  expect(good.stdout).toContain('1 CHARGED');
  expect(good.code).toBe(0);
  await server.run('UPDATE tariff_line SET fare_cents = 150', new URL(database).pathname.slice(1));
  const changed = await runStile(audit);
  expect(changed.stdout).toContain('WRONG every fare is what settling again would charge');
  expect(changed.code).toBe(1);
  const nowhere = await runStile(['audit', town.dataDir, '--database', 'postgres://localhost:1/x']);
  expect(nowhere.stderr).toContain('cannot be reached');
  expect(nowhere.code).not.toBe(0);
  await town.close();
});
