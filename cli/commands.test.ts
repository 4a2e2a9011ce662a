/** The command line as a person meets it: real processes, their output and exit codes. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import { initSettlement } from '@stile/settlement/main.ts';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const TERMINAL_COLUMNS = 80;
const folder = mkdtempSync(join(tmpdir(), 'stile-cli-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  [],
  ['settlement'],
  ['settlement', 'add-gate'],
  ['gate'],
  ['gate', 'run'],
  ['gate', 'enrol'],
  ['scanner'],
  ['barrier'],
  ['display'],
  ['rider'],
  ['rider', 'code'],
  ['rider', 'payment-code'],
  ['rider', 'recover'],
  ['rider', 'block'],
  ['settlement', 'move-account'],
  ['settlement', 'add-merchant'],
  ['code', 'inspect'],
  ['keys'],
  ['audit'],
])('stile %s %s --help explains itself within eighty columns', async (group = '', command = '') => {
  const { code, stdout, stderr } = await runStile([group, command, '--help'].filter(Boolean));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Usage: stile');
  const wide = stdout.split('\n').filter((line) => line.length > TERMINAL_COLUMNS);
  expect(wide).toEqual([]);
});

test.each([
  [['frobnicate'], 2, /unknown command/],
  [['gate'], 2, /--config/],
  [['gate', '--config', 'missing.json'], 1, /cannot read the gate's configuration/],
  [['scanner', '--baud', 'fast'], 2, /whole number/],
  [['scanner', '--suffix', 'tab'], 2, /crlf or cr/],
  [['rider', 'code', '--phone', 'missing.json'], 1, /no phone at/],
  [['rider', 'enrol', '--settlement', 'nowhere'], 2, /not a URL/],
  [['rider', 'enrol', '--settlement', 'http://127.0.0.1:9'], 1, /does not answer/],
  [['rider', 'top-up', '1000'], 2, /--amount/],
  [['settlement', 'set-fare', 'L1', '250'], 2, /--fare/],
  [['rider', 'online-code', '--amount', '5'], 2, /unknown option '--amount'/],
  [['rider', 'recover', '--settlement', 'http://127.0.0.1:9', '--code', 'x'], 2, /not a code/],
  [['rider', 'block'], 2, /either --serial, or --code/],
  [['rider', 'payment-code', '--seed', 'ab', '--handle', '12345678'], 2, /64 hexadecimal/],
  [['rider', 'payment-code', '--seed', '00'.repeat(32), '--handle', '1234'], 2, /8 digits/],
  [['rider', 'payment-code', '--handle', '12345678'], 2, /belong together/],
  [['rider', 'payment-code', '--phone', 'missing.json'], 1, /no phone at/],
  [['code', 'inspect', '--at', 'yesterday', 'x'], 2, /an instant such as/],
  [['code', 'inspect', '--trust', 'missing.jws', 'x'], 1, /cannot read the trust list/],
  [['keys', 'check', 'zz'], 2, /32 or 33 bytes/],
  [['keys', 'show', 'missing.json'], 1, /cannot read/],
  [['audit', '/nonexistent'], 1, /neither settlement's nor a gate's/],
  [['settlement', 'gates', '--data', '/nonexistent'], 1, /no operator token/],
  [['settlement', 'gates', '--token-file', 'README.md'], 1, /README.md holds no operator token/],
  [['barrier', '--link', 'README.md/x'], 1, /README.md\/x: a part of this path is a file/],
  [
    ['settlement', 'gates', '--token-file', 'docs'],
    1,
    /no operator token in docs: cannot read: it is a folder/,
  ],
] as const)('stile %j ends with %i and a sentence, not a stack', async (args, expected, says) => {
  const { code, stderr } = await runStile(args);
  expect(code).toBe(expected);
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/\n\s+at |node:internal/);
});

test('an audit whose reader has gone (`| head`) ends quietly, with its own exit code', async () => {
  const data = join(folder, 'audited');
  await initSettlement(data);
  const audit = async () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const script = '{ "$@"; echo "code $?" >&2; } | true';
    const args = ['-c', script, 'sh', process.execPath, main, 'audit', data];
    return (await promisify(execFile)('sh', args)).stderr;
  };
  const db = new Database(join(data, 'settlement.db'));
  db.exec('DROP TRIGGER act_no_delete');
  db.close();
  expect(await audit()).toBe('code 1\n');
});

test('keys are made once, shown without their secret, and checked', async () => {
  const file = join(folder, 'key.json');
  const made = JSON.parse((await runStile(['keys', 'generate', file])).stdout);
  const again = await runStile(['keys', 'generate', file]);
  expect(again.code).toBe(1);
  const shown = (await runStile(['keys', 'show', file])).stdout;
  expect(JSON.parse(shown).publicKey).toBe(made.publicKey);
  expect(shown).not.toContain(JSON.parse(readFileSync(file, 'utf8')).d);
  const checked = JSON.parse((await runStile(['keys', 'check', made.publicKey])).stdout);
  expect(checked).toEqual({ algorithm: 'Ed25519', sound: true });
  const small = `01${'00'.repeat(31)}`;
  expect(JSON.parse((await runStile(['keys', 'check', small])).stdout).sound).toBe(false);
});

test('a configuration is written once, checked, and says what is wrong with it', async () => {
  const file = join(folder, 'gate.json');
  const url = 'http://127.0.0.1:8080';
  expect((await runStile(['gate', 'configure', '--config', file, '--settlement', url])).code).toBe(
    0,
  );
  expect((await runStile(['gate', '--config', file, '--check'])).stdout).toContain('good');
  expect((await runStile(['gate', 'configure', '--config', file, '--settlement', url])).code).toBe(
    1,
  );
  const unenrolled = await runStile(['gate', '--config', file]);
  expect(unenrolled.code).toBe(1);
  expect(unenrolled.stderr).toContain('not enrolled');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...config, barrier: { ...config.barrier, openMs: -1 } }));
  const wrong = await runStile(['gate', '--config', file, '--check']);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('barrier.openMs');
});

// RFC 6238 appendix B, SHA-256. Its counters are of 30 s; ours are of 60 s, so the times are other ones.
test.each([
  ['1970-01-01T00:01:00Z', '46119246'],
  ['1970-01-01T00:01:59Z', '46119246'],
  [new Date(0x23523ec * 60_000).toISOString(), '68084774'],
  [new Date(0x23523ed * 60_000).toISOString(), '67062674'],
  [new Date(0x273ef07 * 60_000).toISOString(), '91819424'],
  [new Date(0x3f940aa * 60_000).toISOString(), '90698825'],
  [new Date(0x27bc86aa * 60_000).toISOString(), '77737706'],
])(
  'a payment code at %s has the password of RFC 6238, and nothing else is said',
  async (at, otp) => {
    const seed = Buffer.from('12345678901234567890123456789012').toString('hex');
    const of = ['--seed', seed, '--handle', '00012345', '--at', at];
    const ran = await runStile(['rider', 'payment-code', ...of]);
    expect(ran).toEqual({ code: 0, stdout: `${addCheckDigits(`7100012345${otp}`)}\n`, stderr: '' });
  },
);

test('init again is nothing new; with other settings it is refused, says what is stored, and changes nothing', async () => {
  const data = join(folder, 'settlement');
  const settings = join(folder, 'settings.json');
  const init = (...more: string[]) => runStile(['settlement', 'init', '--data', data, ...more]);
  const open = ['--enrolment', 'open'];
  expect((await init(...open)).code).toBe(0);
  const stored = readFileSync(join(data, 'settlement.json'), 'utf8');
  expect((await init()).code).toBe(0);
  expect((await init(...open)).code).toBe(0);
  const other = await init('--enrolment', 'invite');
  expect(other).toMatchObject({ code: 1, stdout: '' });
  expect(other.stderr).toContain('enrolment.policy is "open", not "invite"');
  expect(other.stderr).toContain(`${data}/settlement.json`);
  expect((await init('--top-ups', 'sandbox')).stderr).toContain(
    'topUps.mode is "off", not "sandbox"',
  );
  writeFileSync(settings, '{"pass":{"ceiling":5000,"allowance":12}}');
  const { code, stderr } = await init('--settings', settings);
  expect([code, stderr]).toEqual([1, expect.stringContaining('pass.ceiling is 3500, not 5000')]);
  expect(stderr).not.toContain('allowance');
  expect(readFileSync(join(data, 'settlement.json'), 'utf8')).toBe(stored);
});

test('an option of init changes its own field of the settings and leaves the others of the file', async () => {
  const data = join(folder, 'both');
  const settings = join(folder, 'both.json');
  writeFileSync(settings, '{"enrolment":{"policy":"invite","perAddressPerHour":3}}');
  const of = ['--data', data, '--settings', settings, '--enrolment', 'open'];
  expect((await runStile(['settlement', 'init', ...of])).code).toBe(0);
  const stored = JSON.parse(readFileSync(join(data, 'settlement.json'), 'utf8'));
  expect(stored.enrolment).toMatchObject({ policy: 'open', perAddressPerHour: 3 });
});
