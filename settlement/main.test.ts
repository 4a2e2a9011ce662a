/** Starting, stopping and starting again; what lies in the directory; what the log never says. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initSettlement, startSettlement } from './main.ts';
import { ScriptedTown, START_MS } from './scripted-town.ts';

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
  expect(second).toEqual(first);
  expect(second.config.operator).toBe('Town');
  expect(files()).toEqual(before);
  expect(readdirSync(join(dataDir, 'keys')).sort()).toEqual([
    'issuer-7-1.jwk.json',
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
    ...{ code: 'CONFIG_INVALID', message: expect.stringContaining('limits.skewS') },
  });
  writeFileSync(file, good);
  const key = join(dataDir, 'keys', 'issuer-1-1.jwk.json');
  const jwk = readFileSync(key, 'utf8');
  writeFileSync(key, readFileSync(join(dataDir, 'keys', 'root.jwk.json')));
  await expect(start()).rejects.toMatchObject({
    ...{ code: 'FILE_UNREADABLE', message: expect.stringContaining('not the key') },
  });
  writeFileSync(key, jwk);
  const running = await start();
  const port = Number(new URL(running.url).port);
  await expect(startSettlement({ dataDir, port }, { log })).rejects.toMatchObject({
    ...{ code: 'CONFIG_INVALID', message: expect.stringContaining(String(port)) },
  });
  await running.close();
});

test('money, passes and sessions outlive a restart', async () => {
  const town = await ScriptedTown.open({ dataDir });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  gate.tap(rider.code(START_MS), START_MS);
  await town.send(gate);
  await town.settled();
  const before = await town.get('/v1/riders/me', { token: rider.session });
  await town.stop();
  const again = await ScriptedTown.open({ dataDir });
  expect(await again.get('/v1/riders/me', { token: rider.session })).toEqual(before);
  gate.tap(rider.code(START_MS), START_MS);
  expect(await again.send(gate)).toMatchObject({ ackSeq: 2 });
  await again.stop();
});

test('no token, code, proof, account or body ever reaches the log', async () => {
  const said: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      said.push(String(chunk));
      done();
    },
  });
  const town = await ScriptedTown.open({ dataDir, log: pino({ level: 'trace' }, stream) });
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  const text = rider.code(START_MS);
  gate.tap(text, START_MS);
  gate.tap(text, START_MS + 1);
  await town.send(gate);
  await town.settled();
  await town.operate('GET', `accounts/${rider.account}`);
  await town.ask('/v1/riders/me', { token: 'canary-token' });
  await town.ask(`/v1/operator/accounts/${rider.account}?x=canary-query`);
  await town.ask('/v1/sessions', { body: { proof: 'canary-body' } });
  await town.stop();
  const all = said.join('');
  expect(all).toContain('/v1/gates/:gate/batches');
  expect(all).toContain('EXTRA_USE');
  for (const secret of [rider.account, rider.session, text, town.operatorToken, 'canary']) {
    expect(all).not.toContain(secret);
  }
});
