/** The outbox loop: a job that can't be done hinders no other, is tried again, and is then reported. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { auditSettlement } from '../audit/audit.ts';
import { ScriptedTown, START_MS } from '../testing/town.ts';

const SWEEP_MS = 5_000;

test('a poisoned job is set aside after some tries, the others are done', async () => {
  const town = await ScriptedTown.open();
  try {
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    const rider = await town.addRider();
    await town.settled();
    const db = new Database(join(town.dataDir, 'settlement.db'));
    db.exec(`INSERT INTO outbox VALUES (NULL, 'reprice', 0, 9, 'no JSON', 0, 0, NULL)`);
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    await town.send(gate);
    const attempts = db.prepare('SELECT attempts, failed FROM outbox').raw();
    for (let sweep = 0; sweep < 6; sweep += 1) {
      await town.settled();
      town.clock.advance(SWEEP_MS);
      await town.ask('/v1/health');
    }
    await town.settled();
    expect((await rider.money()).debtCents).toBe(250);
    expect(attempts.all()).toEqual([[5, expect.stringContaining('JSON')]]);
    db.close();
    const checks = await auditSettlement(town.dataDir);
    expect(checks.filter(({ ok }) => !ok)).toEqual([
      { name: 'no job is left over', ok: false, detail: '1 open, of which 1 failed' },
    ]);
  } finally {
    await town.close();
  }
});

test('a sweep finds work that nobody announced, and removes expired sessions', async () => {
  const town = await ScriptedTown.open();
  try {
    const rider = await town.addRider();
    await town.settled();
    const db = new Database(join(town.dataDir, 'settlement.db'));
    const sessions = db.prepare('SELECT count(*) FROM session').pluck();
    const jobs = db.prepare('SELECT count(*) FROM outbox').pluck();
    db.exec(`INSERT INTO outbox VALUES (NULL, 'settle', 0, 9, '', 0, 0, NULL)`);
    expect([sessions.get(), jobs.get()]).toEqual([1, 1]);
    town.clock.advance(31 * 60_000);
    while (jobs.get() !== 0) await new Promise((next) => setImmediate(next));
    // The sweep rang at its own instant, long before the session's end: the next one finds that.
    town.clock.advance(SWEEP_MS);
    while (sessions.get() !== 0) await new Promise((next) => setImmediate(next));
    expect((await town.ask('/v1/riders/me', { token: rider.session })).status).toBe(401);
    db.close();
  } finally {
    await town.close();
  }
});
