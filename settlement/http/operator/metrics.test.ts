/** What a Prometheus is told, of books in a file and of books that processes share, with Redis there and away. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type Settlement, startSettlement } from '../../main.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import { openRedisServer } from '../../testing/redis-server.ts';
import { ScriptedTown, START_MS } from '../../testing/town.ts';

const server = usePostgres();
const SWEEP_MS = 5_000;
const LINE =
  /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? -?[0-9.]+)$/;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(options: Parameters<typeof ScriptedTown.open>[0] = {}): Promise<ScriptedTown> {
  const town = await ScriptedTown.open(options);
  closing.push(() => town.close());
  return town;
}

/** Samples by what stands before their value, of the town's process or of another one. The town's clock goes on until there is an answer. */
async function look(
  town: ScriptedTown,
  { token = town.operatorToken, of = town.settlement }: { token?: string; of?: Settlement } = {},
): Promise<Map<string, number>> {
  let isAnswered = false;
  const headers = { authorization: `Bearer ${token}` };
  const asking = of.api.inject({ url: '/v1/operator/metrics', headers }).finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) {
    await new Promise((next) => setImmediate(next));
    if (!isAnswered) town.clock.advance(1);
  }
  const { statusCode, body, headers: told } = await asking;
  const type = 'text/plain; version=0.0.4; charset=utf-8';
  expect([statusCode, told['content-type']]).toEqual([200, type]);
  const lines = body.split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
  const samples = lines.filter((line) => !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

test('books in a file: one process leads, nothing waits, and no word of Redis', async () => {
  const town = await open();
  await town.settled();
  const made = await town.operate<{ token: string }>('POST', 'operators', {
    body: { name: 'Prometheus', role: 'READER' },
  });
  const metrics = await look(town, { token: made.token });
  expect(metrics.get('stile_leader')).toBe(1);
  expect(metrics.get('stile_outbox_rows{kind="use",state="failed"}')).toBe(0);
  expect(metrics.get('stile_outbox_oldest_age_seconds{kind="settle"}')).toBe(0);
  expect(metrics.get('stile_parked_records{why="GAP"}')).toBe(0);
  expect(metrics.get('stile_trust_list_version')).toBeGreaterThan(0);
  expect(metrics.get('stile_trust_list_left_seconds')).toBeGreaterThan(0);
  expect(metrics.get('stile_event_streams{subject="rider"}')).toBe(0);
  expect([...metrics.keys()].filter((name) => /redis|queue/.test(name))).toEqual([]);
});

test('work that fails is counted, and ages by the clock', async () => {
  const town = await open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  const db = new Database(join(town.dataDir, 'settlement.db'));
  closing.push(async () => void db.close());
  db.exec(`CREATE TRIGGER poison BEFORE INSERT ON charge BEGIN SELECT RAISE(ABORT, 'poison'); END`);
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  gate.note(START_MS);
  gate.note(START_MS);
  await town.send(gate, { toSeq: 1 });
  await town.send(gate, { fromSeq: 3 });
  await town.settled();
  for (let passed = 0; passed < 60_000; passed += SWEEP_MS) {
    town.clock.advance(SWEEP_MS);
    await town.settled();
  }
  const metrics = await look(town);
  expect(metrics.get('stile_outbox_rows{kind="use",state="failed"}')).toBe(1);
  expect(metrics.get('stile_outbox_oldest_age_seconds{kind="use"}')).toBeCloseTo(60, 0);
  expect(metrics.get('stile_failed_work_oldest_age_seconds')).toBeCloseTo(60, 0);
  expect(metrics.get('stile_parked_records{why="GAP"}')).toBe(1);
});

test('books that are shared: jobs on the queue while Redis is there; without it the rest stands', async () => {
  const redis = await openRedisServer();
  closing.push(() => redis.close());
  const database = await server.emptyDatabase();
  const http = { requestsPerMinute: 1_000_000 };
  const config = { database, redis: redis.url };
  const town = await open({ config, settings: { http } });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.send(gate);
  const jobs = 'stile_queue_jobs{state="waiting"}';
  let metrics = await look(town);
  // No worker runs: what is announced waits.
  while ((metrics.get(jobs) ?? 0) === 0) {
    town.clock.advance(25);
    metrics = await look(town);
  }
  expect(metrics.get('stile_redis_up')).toBe(1);
  expect(metrics.get('stile_leader')).toBe(1);
  await redis.kill();
  metrics = await look(town);
  expect(metrics.get('stile_redis_up')).toBe(0);
  expect(metrics.has(jobs)).toBe(false);
  expect(metrics.get('stile_outbox_rows{kind="settle",state="waiting"}')).toBe(1);
});

test('of two processes on one database one says that it leads; of the settlement both say the same', async () => {
  const database = await server.emptyDatabase();
  const town = await open({ config: { database } });
  await town.setFare('M1', 250);
  await town.settled();
  const of = await startSettlement(
    { dataDir: town.dataDir, database, port: 0 },
    { log: pino({ level: 'silent' }), clock: town.clock },
  );
  closing.push(() => of.close());
  const [first, second] = [await look(town), await look(town, { of })];
  expect([first.get('stile_leader'), second.get('stile_leader')]).toEqual([1, 0]);
  for (const name of [
    'stile_trust_list_version',
    'stile_outbox_rows{kind="settle",state="waiting"}',
  ]) {
    expect([name, second.get(name)]).toEqual([name, first.get(name)]);
  }
  expect([...second.keys()].filter((name) => /redis|queue/.test(name))).toEqual([]);
});
