/** A phone whose enrolment or recovery is not heard: real `stile` processes, and a wire that loses what is said. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { initSettlement, type Settlement, startSettlement } from '@stile/settlement/main.ts';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const folder = mkdtempSync(join(tmpdir(), 'stile-new-'));
const data = join(folder, 'data');
let settlement: Settlement;
beforeAll(async () => {
  await initSettlement(data, { enrolment: { policy: 'invite' } });
  settlement = await startSettlement(
    { dataDir: data, port: 0 },
    { log: pino({ level: 'silent' }) },
  );
});
afterAll(async () => {
  await settlement.close();
  rmSync(folder, { recursive: true, force: true });
});

async function good<T>(args: readonly string[]): Promise<T> {
  const ran = await runStile(args);
  expect({ args, code: ran.code, stderr: ran.stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(ran.stdout);
}

const operate = <T>(args: readonly string[]) =>
  good<T>(['settlement', ...args, '--data', data, '--url', settlement.url]);
const phone = (name: string) => ['--phone', join(folder, `${name}.json`)];
const at = (url = settlement.url) => ['--settlement', url];

/** Passes everything on; what is said to the path gets lost. Counts what was asked there. */
async function openDeafWire(path: string) {
  let asked = 0;
  const wire = createServer(async (request, response) => {
    const body = await text(request);
    const { url = '/' } = request;
    const headers = { 'content-type': 'application/json' };
    const passed = await fetch(new URL(url, settlement.url), { method: 'POST', headers, body });
    const reply = await passed.text();
    if (url !== path) {
      response.writeHead(passed.status, headers).end(reply);
      return;
    }
    asked += 1;
    expect(passed.status).toBe(201);
    response.destroy();
  });
  await once(wire.listen(0, '127.0.0.1'), 'listening');
  const { port } = wire.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => wire.close(), asked: () => asked };
}

async function unheard(name: string, { path, args }: { path: string; args: readonly string[] }) {
  const wire = await openDeafWire(path);
  const ran = await runStile(['rider', ...args, ...at(wire.url), ...phone(name)]);
  wire.close();
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/ask again/) });
  expect(wire.asked()).toBe(3);
  const newKey = join(folder, `${name}.json.new-key`);
  expect(statSync(newKey).mode & 0o777).toBe(0o600);
  expect(existsSync(join(folder, `${name}.json`))).toBe(false);
  return newKey;
}

test('an enrolment or a recovery that was not heard goes on with the same key', async () => {
  const { invite } = await operate<{ invite: string }>(['invite']);
  const enrol = ['enrol', '--invite', invite];
  const newKey = await unheard('ada', { path: '/v1/riders', args: enrol });
  const { key } = JSON.parse(readFileSync(newKey, 'utf8'));
  const ada = await good<{ account: string; serial: number }>([
    'rider',
    ...enrol,
    ...at(),
    ...phone('ada'),
  ]);
  expect(ada.serial).toBe(1);
  expect(existsSync(newKey)).toBe(false);
  expect(JSON.parse(readFileSync(join(folder, 'ada.json'), 'utf8')).key).toEqual(key);
  await good(['rider', 'show', ...phone('ada')]);

  const { code } = await good<{ code: string }>(['rider', 'recovery-code', ...phone('ada')]);
  const recover = ['recover', '--code', code];
  const next = await unheard('next', { path: '/v1/recoveries', args: recover });
  const found = await good(['rider', ...recover, ...at(), ...phone('next')]);
  expect(found).toMatchObject({ account: ada.account, serial: 2 });
  expect(existsSync(next)).toBe(false);
}, 120_000);

test('a refusal to the key of an earlier try says which file that is', async () => {
  const args = ['rider', 'enrol', ...at(), ...phone('eve')];
  const first = await runStile(args);
  expect(first).toMatchObject({ code: 1, stderr: expect.not.stringContaining('new-key') });
  const second = await runStile(args);
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('eve.json.new-key') });
}, 120_000);
