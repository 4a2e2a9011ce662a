/** A lost phone from the command line: real `stile` processes before a real settlement with four eyes. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { initSettlement, type Settlement, startSettlement } from '@stile/settlement/main.ts';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const folder = mkdtempSync(join(tmpdir(), 'stile-lost-'));
const data = join(folder, 'data');
const phone = (name: string) => join(folder, `${name}.json`);
let settlement: Settlement;
beforeAll(async () => {
  await initSettlement(data, {
    enrolment: { policy: 'open' },
    topUps: { mode: 'sandbox' },
    operators: { fourEyes: true },
  });
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

const rider = <T>(name: string, args: readonly string[]) =>
  good<T>(['rider', ...args, '--phone', phone(name)]);
const at = () => ['--settlement', settlement.url];
const operate = <T>(args: readonly string[]) =>
  good<T>(['settlement', ...args, '--data', data, '--url', settlement.url]);

async function operator(name: string): Promise<string[]> {
  const { token } = await operate<{ token: string }>(['add-operator', '--name', name]);
  const file = join(folder, `${name}.token`);
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return ['--token-file', file];
}

test('a lost phone is blocked with the code from anywhere, then its account goes to another', async () => {
  await rider('lost', ['enrol', ...at()]);
  await rider('lost', ['top-up', '1000', '--key', 'first']);
  const { code } = await rider<{ code: string }>('lost', ['recovery-code']);
  expect(await rider('lost', ['block', '--code', code, ...at()])).toEqual({ phones: 1 });
  const ended = await runStile(['rider', 'show', '--phone', phone('lost')]);
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toMatch(/recovery code/);
  const next = await rider<{ serial: number; recoveryCode: string }>('found', [
    'recover',
    '--code',
    code.toLowerCase(),
    ...at(),
  ]);
  expect(next.serial).toBe(2);
  expect(next.recoveryCode).toMatch(/^(\w{5}-){4}\w{5}$/);
  expect(await rider('found', ['show'])).toMatchObject({ balanceCents: 1000, denied: false });
});

/** Hears everything and passes it on; what a top-up is answered gets lost. */
async function openDeafWire() {
  const wire = createServer(async (request, response) => {
    const body = await text(request);
    const { method = 'GET', url = '/' } = request;
    const headers = new Headers({ 'content-type': 'application/json' });
    const { authorization } = request.headers;
    if (authorization !== undefined) headers.set('authorization', authorization);
    const init = { method, headers, ...(body.length > 0 ? { body } : {}) };
    const passed = await fetch(new URL(url, settlement.url), init);
    const reply = await passed.text();
    if (url.endsWith('/top-ups')) return response.destroy();
    return response.writeHead(passed.status, { 'content-type': 'application/json' }).end(reply);
  });
  await once(wire.listen(0, '127.0.0.1'), 'listening');
  const { port } = wire.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => wire.close() };
}

test('a top-up says its key before it asks: without an answer the same key pays once', async () => {
  await rider('paid', ['enrol', ...at()]);
  const wire = await openDeafWire();
  const file = JSON.parse(readFileSync(phone('paid'), 'utf8'));
  writeFileSync(phone('deaf'), JSON.stringify({ ...file, settlementUrl: wire.url }));
  const deaf = await runStile(['rider', 'top-up', '700', '--phone', phone('deaf')]);
  wire.close();
  expect(deaf).toMatchObject({ code: 1, stdout: '' });
  const [, key = ''] = /^key (\S{36}) \(.*--key \1.*\)\n/.exec(deaf.stderr) ?? [];
  expect(await rider('paid', ['top-up', '700', '--key', key])).toMatchObject({ balanceCents: 700 });
});

test('a recovery code is confirmed by itself; one of another account does nothing', async () => {
  const { account } = await rider<{ account: string }>('mine', ['enrol', ...at()]);
  await rider('theirs', ['enrol', ...at()]);
  const { code } = await rider<{ code: string }>('mine', ['recovery-code']);
  const { code: other } = await rider<{ code: string }>('theirs', ['recovery-code']);
  const shown = () => rider<{ recoveryCodeMadeAtMs: number | null }>('mine', ['show']);
  expect(await shown()).toMatchObject({ recoveryCodeMadeAtMs: null });
  const wrong = await runStile([
    'rider',
    'confirm-recovery-code',
    '--code',
    other,
    '--phone',
    phone('mine'),
  ]);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/no such code/) });
  const confirmed = await rider('mine', ['confirm-recovery-code', '--code', code]);
  expect(confirmed).toEqual({ confirmed: true });
  expect(await shown()).toMatchObject({ unconfirmedCodeMadeAtMs: null });
  expect((await shown()).recoveryCodeMadeAtMs).toEqual(expect.any(Number));
  for (const args of [['recover'], ['block']]) {
    const named = ['--code', other, '--account', account, '--phone', phone('nobody'), ...at()];
    const ran = await runStile(['rider', ...args, ...named]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/another account/) });
  }
  await rider('theirs', ['show']);
});

test('a second phone joins and blocks the first', async () => {
  await rider('first', ['enrol', ...at()]);
  const { code } = await rider<{ code: string }>('first', ['phone-code']);
  expect(await rider('second', ['recover', '--code', code, ...at()])).not.toHaveProperty(
    'recoveryCode',
  );
  await rider('second', ['block', '--serial', '1']);
  expect((await runStile(['rider', 'show', '--phone', phone('first')])).code).not.toBe(0);
  await rider('second', ['show']);
});

test('without a code an operator moves the account, and another one confirms it', async () => {
  const { account } = await rider<{ account: string }>('gone', ['enrol', ...at()]);
  const [vera, ben] = [await operator('Vera'), await operator('Ben')];
  const move = ['move-account', account, '--note', 'knew the last top-up', ...vera];
  const { approval } = await operate<{ approval: number }>(move);
  expect(await operate(['approvals'])).toMatchObject([{ id: approval, account, by: 'Vera' }]);
  const same = ['settlement', 'approve', String(approval), '--url', settlement.url, ...vera];
  const refused = await runStile(same);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/another operator/);
  await operate(['approve', String(approval), ...ben]);
  const { code } = await operate<{ code: string }>(move);
  const next = await rider<{ account: string }>('new', ['recover', '--code', code, ...at()]);
  expect(next.account).toBe(account);
});
