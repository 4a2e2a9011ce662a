/** Fixtures are what their generator makes, and between them they show every reason and their order. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SUITE_0_TEXT, SUITE_1_TEXT } from '@stile/crypto/testing/published-vector.ts';
import { REASONS, type Reason } from '@stile/protocol/reasons.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CODE_CASES, makeFixtures } from './all.ts';
import { findStale } from './make-fixtures.ts';
import type { Tree } from './tree.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const PICTURES_BYTES_MAX = 1_500_000;

/** Reasons that no code and nothing known about it can cause, and why. */
const NO_CASE: Partial<Record<Reason, string>> = {
  STORAGE_FAILED: 'the disk failed, before a code could be judged or after; admit never says it',
};

/** Neighbours in REASONS of which never both apply, and why; what lies around them has cases. */
const NEVER_MEET: Partial<Record<Reason, [second: Reason, why: string]>> = {
  PASS_NOT_YET_VALID: [
    'PASS_EXPIRED',
    'no pass ends before it begins: its lifetime is not negative',
  ],
  CODE_EXPIRED: [
    'CODE_FROM_FUTURE',
    'no code is too old and too new: its lifetime is not negative',
  ],
  LISTS_EXPIRED: ['LISTS_STALE', 'a list is past one step of the ladder at a time'],
  OUT_OF_ORDER: ['STORAGE_FAILED', 'admit never says the second, see NO_CASE'],
};

let tree: Tree;
beforeAll(async () => {
  tree = await makeFixtures();
});

test('the fixtures are what "npm run fixtures" writes, to the byte', () => {
  expect(findStale(tree, FOLDER)).toEqual([]);
});

test('they are made the same each time', async () => {
  const again = await makeFixtures();
  expect([...again.keys()]).toEqual([...tree.keys()]);
  const other = [...again].filter(
    ([path, bytes]) => !Buffer.from(bytes).equals(tree.get(path) ?? Buffer.alloc(0)),
  );
  expect(other.map(([path]) => path)).toEqual([]);
});

describe('a change is found', () => {
  const copy = mkdtempSync(join(tmpdir(), 'stile-fixtures-'));
  afterAll(() => rmSync(copy, { recursive: true }));

  test('a byte more, a file less, a file more', () => {
    cpSync(FOLDER, copy, { recursive: true });
    appendFileSync(join(copy, 'codes/good-vector-suite-0.json'), ' ');
    appendFileSync(join(copy, 'pictures/photo.jpg'), Buffer.of(0));
    rmSync(join(copy, 'lists/trust.jws'));
    writeFileSync(join(copy, 'codes/mine.json'), '{}');
    const found = findStale(tree, copy).map(({ path, what }) => `${what}: ${path}`);
    expect(found.sort()).toEqual([
      'left over: codes/mine.json',
      'missing: lists/trust.jws',
      'stale: codes/good-vector-suite-0.json',
      'stale: pictures/photo.jpg',
    ]);
  });
});

test('the command says that all is well, and what it takes', () => {
  const script = fileURLToPath(new URL('make-fixtures.ts', import.meta.url));
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [script, ...args], { stdio: 'pipe' });
  expect(run('--check').toString()).toMatch(/^\d+ fixtures are up to date\.\n$/);
  expect(() => run('--chek')).toThrow('usage: node scripts/testing/make-fixtures.ts [--check]');
});

test('the published vectors are among the codes', () => {
  for (const [suite, text] of [SUITE_0_TEXT, SUITE_1_TEXT].entries()) {
    const entry: unknown = JSON.parse(textOf(`codes/good-vector-suite-${suite}.json`));
    expect(entry).toMatchObject({
      text,
      at: '2026-01-01T01:00:00Z',
      expected: { verdict: 'open' },
    });
  }
});

describe('every reason has a case', () => {
  const expected = new Set(CODE_CASES.map((entry) => entry.expected));
  test.each(REASONS)('%s', (reason) => {
    expect(expected.has(reason)).toBe(NO_CASE[reason] === undefined);
  });

  test.each([
    'open',
    'BAD_ISSUER_SIGNATURE',
    'BAD_DEVICE_SIGNATURE',
    'MALFORMED',
    'REPLAY',
  ] as const)('%s has one in each suite', (reason) => {
    const names = CODE_CASES.filter((entry) => entry.expected === reason).map(({ name }) => name);
    for (const suite of ['suite-0', 'suite-1']) {
      expect(names.some((name) => name.endsWith(suite))).toBe(true);
    }
  });
});

describe('every pair of neighbours has a case that shows which comes first', () => {
  const shown = new Set(
    CODE_CASES.map(({ expected, precedence }) => `${expected} ${precedence?.second}`),
  );
  const neighbours = REASONS.slice(0, -1).map((first, at) => [first, REASONS[at + 1] ?? first]);
  test.each(neighbours)('%s before %s', (first, second) => {
    const never = NEVER_MEET[first as Reason];
    expect(shown.has(`${first} ${second}`)).toBe(never === undefined);
    if (never !== undefined) expect(never[0]).toBe(second);
  });

  test.each([
    ['PASS_NOT_YET_VALID', 'CODE_EXPIRED'],
    ['PASS_EXPIRED', 'CODE_FROM_FUTURE'],
    ['CODE_EXPIRED', 'WRONG_SCOPE'],
    ['LISTS_EXPIRED', 'WRONG_SCOPE'],
  ])('%s before %s, around neighbours that never meet', (first, second) => {
    expect(shown.has(`${first} ${second}`)).toBe(true);
  });
});

test('names are files and say what they show; no two cases are the same', () => {
  const names = CODE_CASES.map(({ name }) => name);
  expect(names.filter((name) => !/^[a-z0-9-]+$/.test(name))).toEqual([]);
  expect(
    CODE_CASES.filter(({ description }) => description.length < 6).map(({ name }) => name),
  ).toEqual([]);
  const contents = CODE_CASES.map(({ name }) => {
    const { text, at, trustList, gate } = JSON.parse(textOf(`codes/${name}.json`));
    return JSON.stringify([text, at, trustList, gate]);
  });
  const repeated = names.filter((_name, at) => contents.indexOf(contents[at] ?? '') !== at);
  expect(repeated).toEqual([]);
});

test('the pictures are small enough to live here', () => {
  let total = 0;
  for (const [path, bytes] of tree) if (path.startsWith('pictures/')) total += bytes.length;
  expect(total).toBeLessThan(PICTURES_BYTES_MAX);
});

test('no machine path and no private key of anybody is in a fixture', () => {
  const marked = [...tree.keys()].filter((path) => /"d": "/.test(textOf(path)));
  expect(marked.length).toBeGreaterThan(10);
  expect(marked.filter((path) => !path.startsWith('keys/test-'))).toEqual([]);
  expect([...tree.keys()].filter((path) => /\/(home|root|tmp|work)\//.test(textOf(path)))).toEqual(
    [],
  );
});

function textOf(path: string): string {
  return Buffer.from(tree.get(path) ?? []).toString('utf8');
}
