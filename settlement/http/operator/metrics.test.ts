/** What a Prometheus is told, of books in a file and of books that processes share, with Redis there and away. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
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

/** Samples by what stands before their value. The town's clock goes on until there is an answer. */
async function look(town: ScriptedTown, token = town.operatorToken): Promise<Map<string, number>> {
  let isAnswered = false;
  const asking = town.ask('/v1/operator/metrics', { token }).finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) {
    await new Promise((next) => setImmediate(next));
    if (!isAnswered) town.clock.advance(1);
  }
  const { status, body, headers } = await asking;
  const lines = Buffer.from(body as Uint8Array)
    .toString()
    .split('\n');
  expect([status, headers['content-type']]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
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
  const metrics = await look(town, made.token);
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
