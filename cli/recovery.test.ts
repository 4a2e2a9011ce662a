/** A lost phone from the command line: real `stile` processes before a real settlement with four eyes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  await rider('lost', ['top-up', '1000']);
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
