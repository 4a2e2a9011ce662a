/** A lost phone from the command line: real `stile` processes before a real settlement with four eyes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDeafWire } from './testing/deaf-wire.ts';
import { useSettlement } from './testing/rig.ts';
import { runStile } from './testing/stile.ts';

const { folder, url, at, phone, rider, operate } = useSettlement({
  enrolment: { policy: 'open' },
  topUps: { mode: 'sandbox' },
  operators: { fourEyes: true },
});

async function operator(name: string): Promise<string[]> {
  const { token } = await operate<{ token: string }>(['add-operator', '--name', name]);
  const file = join(folder, `${name}.token`);
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return ['--token-file', file];
}

test('a lost phone is blocked with the code from anywhere, then its account goes to another', async () => {
  await rider('lost', ['enrol', ...at()]);
  await rider('lost', ['top-up', '--amount', '10.00', '--key', 'first']);
  const { code } = await rider<{ code: string }>('lost', ['recovery-code']);
  expect(await rider('lost', ['block', '--code', code, ...at()])).toEqual({ phones: 1 });
  const ended = await runStile(['rider', 'show', ...phone('lost')]);
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

test('a top-up says its key before it asks: without an answer the same key pays once', async () => {
  await rider('paid', ['enrol', ...at()]);
  const wire = await openDeafWire(url(), '/top-ups');
  const file = JSON.parse(readFileSync(join(folder, 'paid.json'), 'utf8'));
  writeFileSync(join(folder, 'deaf.json'), JSON.stringify({ ...file, settlementUrl: wire.url }));
  const deaf = await runStile(['rider', 'top-up', '--amount', '7.00', ...phone('deaf')]);
  wire.close();
  expect(deaf).toMatchObject({ code: 1, stdout: '' });
  const [, key = ''] = /^key (\S{36}) \(.*--key \1.*\)\n/.exec(deaf.stderr) ?? [];
  expect(await rider('paid', ['top-up', '--amount', '7.00', '--key', key])).toMatchObject({
    balanceCents: 700,
  });
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
    ...phone('mine'),
  ]);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/no such code/) });
  const confirmed = await rider('mine', ['confirm-recovery-code', '--code', code]);
  expect(confirmed).toEqual({ confirmed: true });
  expect(await shown()).toMatchObject({ unconfirmedCodeMadeAtMs: null });
  expect((await shown()).recoveryCodeMadeAtMs).toEqual(expect.any(Number));
  for (const args of [['recover'], ['block']]) {
    const named = ['--code', other, '--account', account, ...phone('nobody'), ...at()];
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
  expect((await runStile(['rider', 'show', ...phone('first')])).code).not.toBe(0);
  await rider('second', ['show']);
});

test('without a code an operator moves the account, and another one confirms it', async () => {
  const { account } = await rider<{ account: string }>('gone', ['enrol', ...at()]);
  const [vera, ben] = [await operator('Vera'), await operator('Ben')];
  const move = ['move-account', account, '--note', 'knew the last top-up', ...vera];
  const { approval } = await operate<{ approval: number }>(move);
  expect(await operate(['approvals'])).toMatchObject([{ id: approval, account, by: 'Vera' }]);
  const same = ['settlement', 'approve', String(approval), '--url', url(), ...vera];
  const refused = await runStile(same);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/another operator/);
  await operate(['approve', String(approval), ...ben]);
  const { code } = await operate<{ code: string }>(move);
  const next = await rider<{ account: string }>('new', ['recover', '--code', code, ...at()]);
  expect(next.account).toBe(account);
});
