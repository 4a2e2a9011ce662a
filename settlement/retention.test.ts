/** A settlement that runs takes away by itself what was kept long enough, and its books stay whole. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { ScriptedTown } from './testing/town.ts';

const SWEEP_MS = 5_000;
let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open({ settings: { retention: { trustLists: 2 } } });
});
afterAll(async () => {
  await town.close();
});

test('old trust lists go in the background, what gates are given does not', async () => {
  for (const fare of [100, 110, 120, 130, 140]) {
    await town.setFare('M1', fare);
    await town.settled();
  }
  const db = new Database(join(town.dataDir, 'settlement.db'), { readonly: true });
  const lists = db.prepare('SELECT version FROM trust_list ORDER BY version').pluck();
  const last = lists.all().at(-1) as number;
  expect(last).toBeGreaterThanOrEqual(5);
  town.clock.advance(SWEEP_MS);
  await expect.poll(() => lists.all()).toEqual([last - 1, last]);
  const rules = db.prepare('SELECT count(*) FROM list_rules').pluck();
  expect(rules.get()).toBe(last);
  db.close();
  const published = await town.ask('/v1/trust-list');
  expect(published.status).toBe(200);
  await town.stop();
  expect((await auditSettlement(town.dataDir)).filter(({ ok }) => !ok)).toEqual([]);
});
