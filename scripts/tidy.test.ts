/**
 * The house rules that a machine can check: who may import whom, what pure rooms never do, how long a
 * file may be, that documents point at things that exist. A cheap guard by text, not a proof.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const FILE_LINES_MAX = 400;
const ROOM_README_LINES_MAX = 30;
/** Normative documents: as long as the formats need. */
const LONG_READMES = new Set(['protocol/README.md', 'hardware/README.md']);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

const ROOMS = [
  'protocol',
  'crypto',
  'host',
  'hardware',
  'phone',
  'gate',
  'settlement',
  'web',
  'cli',
  'demo',
  'bench',
  'scripts',
] as const;

type Rule = {
  /** Files under this path, longest match first. */
  path: string;
  /** Rooms and files of ours that they may import, besides their own folder. */
  ours: readonly string[];
  /** npm packages and `node:` modules; undefined: any. */
  outside?: readonly string[];
};

/** What products of their own, the command line among them, may build upon. */
const PRODUCT = ROOMS.filter((room) => !['demo', 'bench', 'scripts'].includes(room)).map(
  (room) => `${room}/`,
);

const RULES: readonly Rule[] = [
  { path: 'gate/core/', ours: ['protocol/'], outside: [] },
  { path: 'settlement/core/', ours: ['protocol/'], outside: [] },
  { path: 'gate/main.ts', ours: ['gate/', 'host/', 'protocol/', 'crypto/', 'hardware/'] },
  { path: 'gate/shell/devices.ts', ours: ['gate/', 'host/', 'protocol/', 'hardware/'] },
  {
    path: 'protocol/',
    ours: [],
    outside: ['jose', 'zod', '@otplib/totp', '@otplib/plugin-crypto-noble'],
  },
  { path: 'crypto/', ours: ['protocol/'] },
  { path: 'host/', ours: ['protocol/'] },
  { path: 'hardware/', ours: ['host/'] },
  { path: 'phone/', ours: ['host/', 'protocol/', 'crypto/'] },
  { path: 'gate/', ours: ['gate/', 'host/', 'protocol/', 'crypto/'] },
  { path: 'settlement/', ours: ['settlement/', 'host/', 'protocol/', 'crypto/'] },
  { path: 'web/wallet/core/', ours: ['protocol/'], outside: ['zod'] },
  { path: 'web/till/core/', ours: ['protocol/'], outside: ['zod'] },
  { path: 'web/', ours: ['web/', 'protocol/'] },
  { path: 'cli/', ours: PRODUCT },
  { path: 'demo/', ours: PRODUCT },
  { path: 'bench/', ours: PRODUCT },
  { path: 'scripts/', ours: ROOMS.map((room) => `${room}/`) },
];

/** Tests and test-only stand-ins may also use the scripted phone and the fixtures. */
const ALSO_FOR_TESTS = ['phone/', 'hardware/', 'host/', 'protocol/', 'crypto/', 'fixtures/'];
/** A page is tried as a rider or a merchant has it: before a real settlement and a real gate. */
const ALSO_FOR_BROWSERS = ['settlement/', 'gate/', 'web/'];

const PURE = [
  'protocol/',
  'gate/core/',
  'settlement/core/',
  'phone/code.ts',
  'web/wallet/core/',
  'web/till/core/',
];
/** jose answers with promises; signing and opening a list is still a pure function of its input. */
const MAY_AWAIT = new Set(['protocol/signed.ts']);
const IMPURE: readonly [string, RegExp][] = [
  ['reads the clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\./],
  ['draws random numbers', /\bMath\.random\b|\brandomBytes\b|\bgetRandomValues\b/],
  ['sets timers', /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/],
  ['touches the process', /\bprocess\.|\bconsole\.|\bglobalThis\b/],
  ['does I/O', /\bfetch\(|\bimport\(|\brequire\(/],
];

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT })
  .toString()
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)));
const sources = tracked.filter((file) => /\.tsx?$/.test(file));

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Source without comments, so that prose may speak of clocks. */
function codeOf(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');
}

/** By path: what only tests use lives in `testing/`, contracts stand beside the port that they test. */
function isTestOnly(file: string): boolean {
  return /\.(test|contract)\.ts$|(^|\/)testing\//.test(file);
}

function importsOf(file: string): string[] {
  const found = codeOf(file).matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g);
  return [...found].map((match) => match[1] ?? '');
}

/** The path in this repository that an import names, or undefined for npm and node. */
function ourPath(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('@stile/')) return specifier.slice('@stile/'.length);
  if (!specifier.startsWith('.')) return undefined;
  return relative(ROOT, normalize(join(ROOT, dirname(file), specifier)));
}

function ruleOf(file: string): Rule | undefined {
  return RULES.find((rule) => file.startsWith(rule.path));
}

describe('who may import whom', () => {
  test.each(sources.filter((file) => ruleOf(file) !== undefined))('%s', (file) => {
    const rule = ruleOf(file);
    const testOnly = isTestOnly(file);
    const wrong = importsOf(file).filter((specifier) => {
      const path = ourPath(file, specifier);
      if (path === undefined) {
        return !testOnly && rule?.outside?.includes(specifier) === false;
      }
      const own = rule?.path.endsWith('/') ? rule.path : `${dirname(rule?.path ?? '')}/`;
      if (path.startsWith(own) || rule?.ours.some((room) => path.startsWith(room))) {
        return !testOnly && isTestFile(path);
      }
      const room = `${file.split('/')[0]}/`;
      const also = [...ALSO_FOR_TESTS, room, ...(room === 'web/' ? ALSO_FOR_BROWSERS : [])];
      return !(testOnly && also.some((other) => path.startsWith(other)));
    });
    expect(wrong).toEqual([]);
  });

  function isTestFile(path: string): boolean {
    return existsSync(join(ROOT, path)) && isTestOnly(path);
  }
});

describe('pure rooms stay pure', () => {
  const pure = sources.filter(
    (file) => PURE.some((path) => file.startsWith(path)) && !isTestOnly(file),
  );
  test.each(pure)('%s', (file) => {
    const code = codeOf(file);
    const broken = IMPURE.filter(([, pattern]) => pattern.test(code)).map(([what]) => what);
    if (/\basync\b|\bawait\b|\bPromise\b/.test(code) && !MAY_AWAIT.has(file)) {
      broken.push('waits');
    }
    expect(broken).toEqual([]);
  });
});

test('every source file holds one thing: at most 400 lines', () => {
  const long = sources.filter((file) => read(file).split('\n').length - 1 > FILE_LINES_MAX);
  expect(long).toEqual([]);
});

test('every source file begins by saying what it is', () => {
  const silent = sources.filter(
    (file) => !/^(#!.*\n)?\/\*\*/.test(read(file)) && !file.endsWith('.test.ts'),
  );
  expect(silent.filter((file) => !file.endsWith('.config.ts'))).toEqual([]);
});

test('every room has a README that says what lives here, what never does and where to start', () => {
  for (const room of [...ROOMS, 'fixtures']) {
    const file = `${room}/README.md`;
    expect(existsSync(join(ROOT, file)), file).toBe(true);
    if (LONG_READMES.has(file)) continue;
    const text = read(file);
    for (const heading of ['What lives here', 'What never does', 'Start reading at']) {
      expect(text, file).toContain(heading);
    }
    expect(text.split('\n').length - 1, file).toBeLessThanOrEqual(ROOM_README_LINES_MAX);
  }
});

test('no room for odds and ends, no barrel, no skipped or lonely test, no leftover', () => {
  const catchAll = /(^|\/)(utils?|helpers?|common|misc|index)(\.ts|\/)/;
  expect(tracked.filter((file) => catchAll.test(file))).toEqual([]);
  const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', '@ts-' + 'ignore'].join('|'));
  expect(sources.filter((file) => marks.test(read(file)))).toEqual([]);
  const tests = sources.filter((file) => file.endsWith('.test.ts'));
  expect(tests.filter((file) => /\.(skip|only)\(/.test(read(file)))).toEqual([]);
});

test('links between documents lead somewhere', () => {
  const broken: string[] = [];
  for (const file of tracked.filter((name) => name.endsWith('.md'))) {
    for (const match of read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const target = match[1] ?? '';
      if (/^[a-z]+:/.test(target)) continue;
      if (!existsSync(join(ROOT, dirname(file), target))) broken.push(`${file} → ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('gate and settlement never meet but in protocol', () => {
  const meeting = sources.filter((file) => {
    const other = file.startsWith('gate/') ? 'settlement/' : 'gate/';
    const mine = file.startsWith('gate/') || file.startsWith('settlement/');
    return mine && importsOf(file).some((name) => ourPath(file, name)?.startsWith(other));
  });
  expect(meeting).toEqual([]);
});
