/**
 * Several API processes on one database, as processes of their own: one publishes, and if it is killed in the middle of
 * that another one does.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { Redis } from 'ioredis';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { SettlementOptions } from './config.ts';
import { TOKEN_FILE } from './data-dir.ts';
import { initSettlement, startSettlement } from './main.ts';
import { usePostgres } from './testing/postgres-server.ts';
import { openRedisServer } from './testing/redis-server.ts';
import { OPEN_SETTINGS } from './testing/scratch-settlement.ts';
import { type ApiPlace, type ApiProcess, startApiProcess } from './testing/start-process.ts';

const server = usePostgres();
const running: { kill(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.kill();
});

async function startApi(place: ApiPlace): Promise<ApiProcess> {
  const api = await startApiProcess(place);
  running.push(api);
  return api;
}

/** A settlement that nobody runs yet. */
async function initialised(settings: SettlementOptions = {}) {
  const database = await server.freshDatabase();
  const dataDir = scratchDir();
  await initSettlement(dataDir, { ...OPEN_SETTINGS, ...settings }, { database });
  const token = readFileSync(join(dataDir, TOKEN_FILE), 'utf8').trim();
  return { place: { dataDir, database }, token };
}

async function ask(api: ApiProcess, path: string, { token, body, method = 'POST' }: Asking) {
  const response = await fetch(new URL(path, api.url), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
type Asking = { token: string; body?: object; method?: 'GET' | 'POST' | 'PUT' };

/** The list that a process serves; null as long as nobody has published one. */
async function trustListOf(api: ApiProcess) {
  const response = await fetch(new URL('/v1/trust-list', api.url));
  const jws = await response.text();
  if (!response.ok) return null;
  const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();
  const list = JSON.parse(payload) as { version: number; tariff: { lines: { line: string }[] } };
  return { jws, version: list.version, lines: list.tariff.lines.map(({ line }) => line) };
}

/** With this line in it; default: whatever it serves. */
async function untilServed(api: ApiProcess, line?: string) {
  for (;;) {
    const list = await trustListOf(api);
    if (list !== null && (line === undefined || list.lines.includes(line))) return list;
    await new Promise((next) => setImmediate(next));
  }
}

async function setFare(api: ApiProcess, { line, token }: { line: string; token: string }) {
  const set = { token, method: 'PUT', body: { fareCents: 250 } } as const;
  expect((await ask(api, `/v1/operator/lines/${line}`, set)).status).toBeLessThan(300);
}

test('two processes publish one list; killed in mid-publish, the leader is followed by the other', async () => {
  const { place, token } = await initialised();
  const first = await startApi(place);
  const second = await startApi(place);
  await setFare(second, { line: 'A', token });
  const [atFirst, atSecond] = [await untilServed(first, 'A'), await untilServed(second, 'A')];
  expect(atSecond).toEqual(atFirst);
  // The leader has signed the next list, and waits for it to be stored.
  const client = new pg.Client({ connectionString: place.database });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE trust_list IN SHARE MODE');
  await setFare(second, { line: 'B', token });
  const WAITING = `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'trust_list'::regclass`;
  while ((await client.query(WAITING)).rowCount === 0) {
    await new Promise((next) => setImmediate(next));
  }
  await first.kill();
  await client.query('COMMIT');
  const next = await untilServed(second, 'B');
  expect(next.version).toBe(atFirst.version + 1);
  const stored = await client.query('SELECT version, jws FROM trust_list ORDER BY version DESC');
  expect(stored.rows[0]).toMatchObject({ jws: next.jws });
  await client.end();
  // A third one, in a directory with the same keys, serves what there is.
  const copy = scratchDir();
  execFileSync('cp', ['-a', `${place.dataDir}/.`, copy]);
  const third = await startApi({ ...place, dataDir: copy });
  expect(await untilServed(third, 'B')).toEqual(next);
});

test('a process is started on a directory on which others run, as the command line does it', async () => {
  const { place } = await initialised();
  const first = await startApi(place);
  const { database, dataDir } = place;
  await initSettlement(dataDir, {}, { database });
  const second = await startApi(place);
  expect((await untilServed(second)).jws).toBe((await untilServed(first)).jws);
});

test('what an address may ask in a minute is counted by all processes together, with a Redis', async () => {
  const redis = await openRedisServer();
  running.push({ kill: () => redis.close() });
  const { place } = await initialised({
    http: { requestsPerMinute: 100, challengesPerMinute: 20 },
  });
  const first = await startApi({ ...place, redis: redis.url });
  const second = await startApi({ ...place, redis: redis.url });
  const client = new Redis(redis.url);
  const told = async (sum: number) => {
    const [key = ''] = await client.keys('stile:*:counts:address:*');
    return (await client.hget(key, '127.0.0.1')) === String(sum);
  };
  const asked = async (api: ApiProcess, times: number) => {
    const statuses: number[] = [];
    for (let time = 0; time < times; time += 1) {
      statuses.push((await fetch(new URL('/v1/health', api.url))).status);
    }
    return statuses.filter((status) => status === 200).length;
  };
  // What a route has for itself is counted for itself.
  expect(await asked(first, 59)).toBe(59);
  expect((await ask(first, '/v1/challenges', { token: '', body: {} })).status).toBe(200);
  await expect.poll(() => told(60)).toBe(true);
  // Its first question is when it hears of the others'.
  expect(await asked(second, 1)).toBe(1);
  await expect.poll(() => told(61)).toBe(true);
  await client.ping();
  expect(await asked(second, 60)).toBe(39);
  client.disconnect();
});

test('a stream of a process that dies goes on at another one: nothing is missed, nothing comes twice', async () => {
  const { place } = await initialised();
  const first = await startApi(place);
  const second = await startApi(place);
  // The challenge of one process, the proof at the other.
  const rider = await enrol(second, first);
  const stop = new AbortController();
  const before = await listen(first, { token: rider.session.token, signal: stop.signal });
  expect(await before.next()).toMatchObject({ event: 'OPEN' });
  const heard: string[] = [];
  const topUp = async (number: number) => {
    const body = { amountCents: number, idempotencyKey: `top-up-${number}` };
    const topped = await ask(second, '/v1/riders/me/top-ups', { ...rider.session, body });
    expect(topped.status).toBe(200);
  };
  // The other process says it; this one hears it at once.
  await topUp(1);
  heard.push((await before.next()).id);
  await topUp(2);
  heard.push((await before.next()).id);
  await first.kill();
  await expect(before.next()).rejects.toThrow();
  for (let number = 3; number <= 60; number += 1) await topUp(number);
  const { signal } = stop;
  const after = await listen(second, { ...rider.session, signal, heard: heard.at(-1) });
  expect(await after.next()).toMatchObject({ event: 'OPEN' });
  while (heard.length < 60) heard.push((await after.next()).id);
  await topUp(61);
  heard.push((await after.next()).id);
  expect(new Set(heard).size).toBe(61);
  const client = new pg.Client({ connectionString: place.database });
  await client.connect();
  const stored = await client.query('SELECT number FROM rider_event ORDER BY number');
  expect(heard).toEqual(stored.rows.map(({ number }) => number));
  await client.end();
  stop.abort();
});

test.each([
  ['book.key', /book/i],
  ['issuer-1-1.jwk.json', /issuer-1-1\.jwk\.json is another key/],
  ['first-root.json', /first-root\.json is not the first root/],
])('a process whose %s is another one is refused by name', async (name, words) => {
  const { place } = await initialised();
  const other = await initialised();
  const file = join('keys', name);
  copyFileSync(join(other.place.dataDir, file), join(place.dataDir, file));
  const log = pino({ level: 'silent' });
  await expect(startSettlement({ ...place, port: 0 }, { log })).rejects.toThrow(words);
});

async function enrol(api: ApiProcess, asking: ApiProcess) {
  const key = generateKey('Ed25519');
  const publicKey = toHex(key.publicKey);
  const { body } = await ask(asking, '/v1/challenges', { token: '', body: {} });
  const challenge = String(body.challenge);
  const message = proofMessage('enrol-rider', { challenge, subject: publicKey });
  const proof = { challenge, proof: toHex(key.sign(message)) };
  const enrolled = await ask(api, '/v1/riders', {
    token: '',
    body: { algorithm: 'Ed25519', publicKey, ...proof },
  });
  expect(enrolled.status).toBe(201);
  const again = { algorithm: 'Ed25519', publicKey, ...proof };
  for (const one of [asking, api]) {
    const refused = await ask(one, '/v1/riders', { token: '', body: again });
    expect(refused.body).toMatchObject({
      code: 'PROOF_REFUSED',
      message: expect.stringContaining('used'),
    });
  }
  return enrolled.body as { account: string; session: { token: string } };
}

type Listening = { token: string; signal: AbortSignal; heard?: string | undefined };

/** A rider's stream, event by event. */
async function listen(api: ApiProcess, { token, signal, heard }: Listening) {
  const response = await fetch(new URL('/v1/riders/me/events', api.url), {
    headers: {
      authorization: `Bearer ${token}`,
      ...(heard !== undefined && { 'last-event-id': heard }),
    },
    signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  return {
    async next(): Promise<{ id: string; event: string }> {
      for (;;) {
        const end = rest.indexOf('\n\n');
        const block = rest.slice(0, Math.max(end, 0));
        if (end >= 0) rest = rest.slice(end + 2);
        const event = /^event: (.*)$/m.exec(block)?.[1];
        if (event !== undefined) return { event, id: /^id: (.*)$/m.exec(block)?.[1] ?? '' };
        if (end >= 0) continue;
        const { done = true, value = '' } = (await reader?.read()) ?? {};
        if (done) throw new Error('the stream has ended');
        rest += value;
      }
    },
  };
}
