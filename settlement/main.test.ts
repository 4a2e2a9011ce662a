/** Starting, stopping and starting again; what lies in the directory; which settings and keys it takes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DEFAULT_PAYMENT_LIMITS } from './core/payments/payment-rules.ts';
import { readConfig } from './data-dir.ts';
import { initSettlement, startSettlement } from './main.ts';
import { TEST_SEED_KEY } from './testing/scratch-settlement.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'stile-main-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

const log = pino({ level: 'silent' });

test('a second initialisation keeps keys, token and settings', async () => {
  const first = await initSettlement(dataDir, { operator: 'Town', issuer: 7 });
  const files = () =>
    ['operator-token', 'settlement.json', 'keys/root.jwk.json', 'keys/issuer-7-1.jwk.json'].map(
      (name) => readFileSync(join(dataDir, name), 'utf8'),
    );
  const before = files();
  const second = await initSettlement(dataDir, { operator: 'Other' });
  expect(second).toEqual({ ...first, notInForce: ['operator is "Town", not "Other"'] });
  expect(second.config.operator).toBe('Town');
  expect(files()).toEqual(before);
  expect(readdirSync(join(dataDir, 'keys')).sort()).toEqual([
    'book.key',
    'first-root.json',
    'issuer-7-1.jwk.json',
    'root-2.jwk.json',
    'root.jwk.json',
  ]);
});

test('secrets are readable by their owner only, and the token is nowhere else', async () => {
  const { operatorTokenFile } = await initSettlement(dataDir);
  const secrets = [operatorTokenFile, 'keys/root.jwk.json', 'keys/issuer-1-1.jwk.json'];
  for (const name of secrets) {
    const file = name.startsWith('/') ? name : join(dataDir, name);
    expect(statSync(file).mode & 0o777, name).toBe(0o600);
  }
  const token = readFileSync(operatorTokenFile, 'utf8').trim();
  for (const name of readdirSync(dataDir)) {
    if (name === 'keys' || name === 'operator-token') continue;
    expect(readFileSync(join(dataDir, name)).includes(token), name).toBe(false);
  }
});

test('what is missing or wrong is said, with where to look', async () => {
  const start = () => startSettlement({ dataDir, port: 0 }, { log });
  await expect(start()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  await initSettlement(dataDir);
  const file = join(dataDir, 'settlement.json');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.replace('"skewS": 20', '"skewS": 2000'));
  await expect(start()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('limits.skewS'),
  });
  writeFileSync(file, good);
  const key = join(dataDir, 'keys', 'issuer-1-1.jwk.json');
  const jwk = readFileSync(key, 'utf8');
  writeFileSync(key, readFileSync(join(dataDir, 'keys', 'root.jwk.json')));
  await expect(start()).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: expect.stringContaining('another key'),
  });
  writeFileSync(key, jwk);
  const running = await start();
  const port = Number(new URL(running.url).port);
  const other = scratchDir();
  await initSettlement(other);
  await expect(startSettlement({ dataDir: other, port }, { log })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(String(port)),
  });
  await running.close();
});

test('money, passes and sessions outlive a restart', async () => {
  const town = await ScriptedTown.open({ dataDir });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.send(gate);
  await town.settled();
  const before = await town.get('/v1/riders/me', { token: rider.session });
  await town.stop();
  const again = await ScriptedTown.open({ dataDir });
  expect(await again.get('/v1/riders/me', { token: rider.session })).toEqual(before);
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  expect(await again.send(gate)).toMatchObject({ ackSeq: 2 });
  await again.stop();
});

test('settings of before payments were possible still start, with the limits that are documented', async () => {
  await initSettlement(dataDir);
  const file = join(dataDir, 'settlement.json');
  const { payments, ...before } = JSON.parse(readFileSync(file, 'utf8'));
  const { timeZone, ...limits } = DEFAULT_PAYMENT_LIMITS;
  expect(payments).toEqual(limits);
  expect(timeZone).toBe('UTC');
  const { requestsPerMinute, challengesPerMinute } = before.http;
  const http = { requestsPerMinute, challengesPerMinute };
  writeFileSync(file, JSON.stringify({ ...before, http }));
  const running = await startSettlement({ dataDir, port: 0 }, { log });
  await running.close();
  expect(readConfig(dataDir).payments).toEqual(limits);
});

test.each([
  ['"offlineCentsMax": 5000', '"offlineCentsMax": 0', 'payments.offlineCentsMax'],
  ['"dayCentsMax": 50000', '"dayCentsMax": "much"', 'payments.dayCentsMax'],
  ['"orderS": 600', '"orderS": 600, "orderMs": 1', 'orderMs'],
])('a payment limit that cannot be is named: %s as %s', async (good, wrong, named) => {
  await initSettlement(dataDir);
  const file = join(dataDir, 'settlement.json');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(good);
  writeFileSync(file, text.replace(good, wrong));
  await expect(startSettlement({ dataDir, port: 0 }, { log })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(named),
  });
});

test('without a key for seeds payment codes are off, and all else works', async () => {
  const town = await ScriptedTown.open({ dataDir });
  const rider = await town.addRider();
  await town.stop();
  const running = await startSettlement({ dataDir, port: 0 }, { log, clock: town.clock });
  const phone = createPhoneClient(running.url, rider.key);
  await expect(phone.fetchSeed(rider.session, rider)).rejects.toThrow('payment codes are off');
  const online = await phone.fetchOnlineCode(rider.session, rider);
  expect(online).toMatchObject({ text: expect.any(String) });
  await running.close();
});

test('the key for seeds is nowhere in the directory, and no seed is readable there', async () => {
  const town = await ScriptedTown.open({ dataDir });
  const rider = await town.addRider();
  const { seed } = await rider.fetchSeed();
  await town.stop();
  for (const name of readdirSync(dataDir)) {
    if (name === 'keys') continue;
    const bytes = readFileSync(join(dataDir, name));
    for (const hex of [TEST_SEED_KEY, seed]) {
      const found = bytes.includes(hex) || bytes.includes(Buffer.from(hex, 'hex'));
      expect({ name, found }).toEqual({ name, found: false });
    }
  }
});
