/**
 * The outbox loop: what can't be done hinders nothing else, is tried again for ever, is shown with its reason,
 * alarmed by its age, and done as soon as its cause is gone.
 */
import { join } from 'node:path';
import type { FailedWork } from '@stile/protocol/http/operator-api.ts';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditSettlement } from '../audit/audit.ts';
import type { ScriptedGate } from '../testing/gate.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from '../testing/town.ts';

const SWEEP_MS = 5_000;
const RIDERS = 5;

let town: ScriptedTown;
let db: Database.Database;
let logged: { level: number; msg: string }[];
let gate: ScriptedGate;

beforeEach(async () => {
  logged = [];
  const log = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  town = await ScriptedTown.open({ log });
  db = new Database(join(town.dataDir, 'settlement.db'));
  await town.setFare('M1', 250);
  gate = await town.addGate('g1', 'M1');
  await town.settled();
});
afterEach(async () => {
  db.close();
  await town.close();
});

async function passTime(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += SWEEP_MS) {
    town.clock.advance(SWEEP_MS);
    await town.ask('/v1/health');
    await town.settled();
  }
}

const failedWork = () => town.operate<FailedWork[]>('GET', 'failed-work');

/** A charge of this rider can't be written, whatever the code does. */
function poison({ account }: ScriptedRider): void {
  db.exec(`CREATE TRIGGER poison BEFORE INSERT ON charge WHEN NEW.account = '${account}'
    BEGIN SELECT RAISE(ABORT, 'this charge is poison'); END`);
}

const outcomes = () =>
  db
    .prepare(`SELECT outcome, count(*) FROM record WHERE kind = 'tap' GROUP BY outcome ORDER BY 1`)
    .raw()
    .all();

describe('one charge that can not be posted, of five riders', () => {
  let riders: ScriptedRider[];
  beforeEach(async () => {
    riders = [];
    for (let count = 0; count < RIDERS; count += 1) riders.push(await town.addRider());
    const bad = riders[2];
    if (bad === undefined) throw new Error('there is a third');
    poison(bad);
    for (const rider of riders) gate.tap(rider.code(START_MS), { atMs: START_MS });
    await town.send(gate);
    await town.settled();
  });

  test('the others are settled at once; it is shown with its reason', async () => {
    expect(outcomes()).toEqual([
      ['CHARGED', RIDERS - 1],
      ['PENDING', 1],
    ]);
    expect(await failedWork()).toEqual([
      {
        id: expect.any(Number),
        kind: 'use',
        subject: expect.stringContaining(riders[2]?.account ?? ''),
        lastRecord: 3,
        reason: expect.stringContaining('this charge is poison'),
        attempts: 1,
        failedSinceMs: START_MS,
        nextTryMs: START_MS + SWEEP_MS,
        alarm: false,
      },
    ]);
  });

  test('it is tried again at growing pauses, an alarm when it is old, and done when it can be', async () => {
    await passTime(900_000);
    const [work] = await failedWork();
    expect(work).toMatchObject({ alarm: true, failedSinceMs: START_MS });
    expect(work?.attempts).toBeGreaterThan(5);
    expect(work?.attempts).toBeLessThan(12);
    const alarms = logged.filter(({ msg }) => msg.startsWith('ALARM'));
    expect(alarms).toHaveLength(1);
    db.exec('DROP TRIGGER poison');
    await passTime(3_600_000);
    expect(await failedWork()).toEqual([]);
    expect(outcomes()).toEqual([['CHARGED', RIDERS]]);
    const checks = await auditSettlement(town.dataDir);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  test('it is done at once when an operator says so', async () => {
    await passTime(60_000);
    const [{ id } = { id: 0 }] = await failedWork();
    const retry = (body: object) => town.operate('POST', 'failed-work/retries', { body });
    expect(await retry({ id: id + 1 })).toEqual({ retried: 0 });
    expect(await retry({ id })).toEqual({ retried: 1 });
    await town.settled();
    expect(outcomes()).toContainEqual(['PENDING', 1]);
    db.exec('DROP TRIGGER poison');
    expect(await retry({})).toEqual({ retried: 1 });
    await town.settled();
    expect(outcomes()).toEqual([['CHARGED', RIDERS]]);
    expect(await failedWork()).toEqual([]);
  });

  test('a second tap of the poisoned use adds no second row, and other taps go on', async () => {
    const [good, , bad] = riders;
    if (good === undefined || bad === undefined) throw new Error('there are three');
    const other = await town.addGate('g2', 'M1');
    other.tap(bad.code(START_MS), { atMs: START_MS });
    other.tap(good.code(START_MS), { atMs: START_MS });
    await town.send(other);
    await town.settled();
    expect(outcomes()).toEqual([
      ['CHARGED', RIDERS],
      ['PENDING', 2],
    ]);
    expect(await failedWork()).toHaveLength(2);
    db.exec('DROP TRIGGER poison');
    await town.operate('POST', 'failed-work/retries', { body: {} });
    await town.settled();
    expect(outcomes()).toEqual([['CHARGED', RIDERS + 2]]);
  });
});

test('work that can not even be read waits as a whole, the rest is done', async () => {
  const rider = await town.addRider();
  db.exec(
    `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
     VALUES ('reprice', 0, 9, 'no JSON', 0, 0)`,
  );
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.send(gate);
  await town.settled();
  expect((await rider.money()).debtCents).toBe(250);
  expect(await failedWork()).toMatchObject([
    { kind: 'reprice', reason: expect.stringContaining('JSON'), attempts: 1 },
  ]);
  const checks = await auditSettlement(town.dataDir);
  expect(checks.filter(({ ok }) => !ok)).toEqual([
    { name: 'no job is left over', ok: false, detail: '1 open, of which 1 failed' },
  ]);
});

test('work put off by a clock that was far ahead is not waited for', async () => {
  db.exec(
    `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms, failed,
       failed_since_ms, due_at_ms)
     VALUES ('settle', 0, 9, '', 3, 0, 'once', 0, ${START_MS + 30 * 86_400_000})`,
  );
  await passTime(SWEEP_MS);
  expect(await failedWork()).toEqual([]);
});

test('a sweep finds work that nobody announced, and removes expired sessions', async () => {
  const rider = await town.addRider();
  await town.settled();
  const sessions = db.prepare('SELECT count(*) FROM session').pluck();
  const jobs = db.prepare('SELECT count(*) FROM outbox').pluck();
  db.exec(
    `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
     VALUES ('settle', 0, 9, '', 0, 0)`,
  );
  expect([sessions.get(), jobs.get()]).toEqual([1, 1]);
  town.clock.advance(31 * 60_000);
  while (jobs.get() !== 0) await new Promise((next) => setImmediate(next));
  // The sweep rang at its own instant, long before the session's end: the next one finds that.
  town.clock.advance(SWEEP_MS);
  while (sessions.get() !== 0) await new Promise((next) => setImmediate(next));
  expect((await town.ask('/v1/riders/me', { token: rider.session })).status).toBe(401);
});
