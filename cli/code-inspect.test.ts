/** `stile code inspect` as a person or a program runs it, on the cases of fixtures/codes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@stile/crypto/sign.ts';
import { buildDenyFile } from '@stile/gate/shell/store/deny-file.ts';
import { denyId, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { expect, test } from 'vitest';
import { type Ran, runStile } from './testing/stile.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

type CodeCase = {
  text: string;
  at: string;
  trustList: string;
  expected: { verdict: string; reason: string | null };
  fields: Record<string, unknown> | null;
};

function readFixture<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, 'fixtures', path), 'utf8')) as T;
}

function fixture(path: string): string {
  return join('fixtures', path);
}

function inspect(args: readonly string[], input = ''): Promise<Ran> {
  return runStile(['code', 'inspect', ...args], { input });
}

/** The one JSON object on stdout, of a run that could judge. */
async function judged(run: Promise<Ran>): Promise<Record<string, unknown>> {
  const ran = await run;
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout);
}

const vector = readFixture<CodeCase>('codes/good-vector-suite-1.json');
const TRUST = ['--trust', fixture('lists/trust.jws')];
const { rootKey } = readFixture<{ rootKey: { x: string } }>('lists/trust-expected.json');

test.each<[string, string[]]>([
  ['good-vector-suite-0', []],
  ['good-vector-suite-1', ['--root', rootKey.x]],
  ['refused-key-revoked', []],
  ['refused-code-from-future', []],
  ['edge-code-one-beyond-suite-0', []],
  ['edge-code-last-millisecond', []],
  ['refused-wrong-scope', ['--scope', '1']],
  ['edge-fare-after-change', ['--line', 'ferry-1']],
  ['forged-signed-by-other-issuer-suite-0', []],
  ['forged-high-s-suite-1', []],
  ['malformed-trailing-space-suite-0', []],
  ['malformed-lower-case-suite-1', []],
  ['unsupported-version-2-suite-1', []],
])('%s is judged as its case says', async (name, more) => {
  const entry = readFixture<CodeCase>(`codes/${name}.json`);
  const args = ['--at', entry.at, '--trust', fixture(entry.trustList), ...more, entry.text];
  const found = await judged(inspect(args));
  expect(found).toMatchObject(entry.expected);
  expect(found.fields).toEqual(entry.fields ?? {});
});

test.each([
  ['good-vector-suite-0', '\n'],
  ['good-vector-suite-1', '\r\n'],
  ['malformed-trailing-space-suite-1', '\n'],
  ['malformed-leading-space-suite-1', ''],
  ['malformed-nul-suite-0', '\n'],
  ['malformed-high-byte-suite-1', '\n'],
])('%s is read from standard input', async (name, lineEnd) => {
  const entry = readFixture<CodeCase>(`codes/${name}.json`);
  const found = await judged(inspect(['--at', entry.at, ...TRUST, '-'], entry.text + lineEnd));
  expect(found).toMatchObject(entry.expected);
});

test('without a trust list no issuer is known', async () => {
  const found = await judged(inspect(['--at', vector.at, vector.text]));
  expect(found).toMatchObject({ verdict: 'refuse', reason: 'KEY_UNKNOWN', fields: vector.fields });
});

test('an instant may be given in any time zone', async () => {
  const found = await judged(inspect(['--at', '2026-01-01T02:00:00+01:00', ...TRUST, vector.text]));
  expect(found).toMatchObject({ verdict: 'open', judged: { at: '2026-01-01T01:00:00.000Z' } });
});

test('a deny file of a gate is looked up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stile-inspect-'));
  try {
    const body = denyId({ issuer: 7, account: '0123456789abcdef', serial: 0 });
    const setDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: [body], removes: [], sha256 });
    const file = join(folder, 'deny.db');
    await buildDenyFile(file, {
      head: { version: 1, count: 1, setDigest, idsDigest: setDigest, salt: null },
      body,
      pause: async () => undefined,
    });
    const found = await judged(inspect(['--at', vector.at, ...TRUST, '--deny', file, vector.text]));
    expect(found).toMatchObject({ verdict: 'refuse', reason: 'DENIED' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each<[string, string[], RegExp]>([
  ['an instant without a time', ['--at', 'yesterday'], /--at.*It must be an instant such as 2026/s],
  ['a scope that does not fit', ['--scope', '65536'], /--scope.*whole number from 0 to 65535/s],
  ['an option that does not exist', ['--tust', 'x'], /unknown option '--tust'/],
  ['two codes', [vector.text, vector.text], /too many arguments/],
  ['a line without a fare', [...TRUST, '--line', 'moon-1', vector.text], /no fare for line moon-1/],
])('%s is told in a sentence, with exit code 2', async (_what, args, sentence) => {
  const run = await inspect(args);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(run.stderr).toMatch(sentence);
  expect(run.stderr).not.toMatch(/^\s+at /m);
});

test.each<[string, string[], RegExp]>([
  ['a trust list that is not there', ['--trust', 'no-such-file'], /cannot read the trust list/],
  [
    'a trust list of another root',
    ['--trust', fixture('lists/trust-wrong-root.jws'), '--root', rootKey.x],
    /refused/,
  ],
  [
    'a trust list that was changed',
    ['--trust', fixture('lists/trust-changed-payload.jws')],
    /refused/,
  ],
  [
    'a trust list that is none',
    ['--trust', fixture('lists/trust-no-jws.jws')],
    /not a signed list/,
  ],
])('%s is told in a sentence, with exit code 1', async (_what, args, sentence) => {
  const run = await inspect(['--at', vector.at, ...args, vector.text]);
  expect(run).toMatchObject({ code: 1, stdout: '' });
  expect(run.stderr).toMatch(/^stile: .*\n$/);
  expect(run.stderr).toMatch(sentence);
});
