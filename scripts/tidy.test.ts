/**
 * Who may import whom, and that no import leads back to itself. Further rules of the house, a file each, are
 * in `scripts/house/`.
 */
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCircles } from './house/circles.ts';
import { importsOf, parseFile } from './house/syntax.ts';
import { isTestOnly, ourPath, ROOMS, sources } from './house/tree.ts';

type Rule = {
  /** Files under this path, longest match first. */
  path: string;
  /** Rooms and files of ours that they may import, besides their own folder. */
  ours: readonly string[];
  /** npm packages and `node:` modules; undefined: any. */
  outside?: readonly string[];
};

/** What programs of their own build upon: nobody imports demo, benchmark or scripts. */
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
  { path: 'scripts/', ours: PRODUCT },
];

/** Tests and test-only stand-ins may also use the scripted phone and the fixtures. */
const ALSO_FOR_TESTS = ['phone/', 'hardware/', 'host/', 'protocol/', 'crypto/', 'fixtures/'];
/** A page is tried as a rider or a merchant has it: before a real settlement and a real gate. */
const ALSO_FOR_BROWSERS = ['settlement/', 'gate/', 'web/'];

/** Every import of every file, types, tests and `import(…)` included. */
const imports = new Map(
  sources.map((file) => [file, importsOf(parseFile(file)).map((one) => one.specifier)]),
);

function ruleOf(file: string): Rule | undefined {
  return RULES.find((rule) => file.startsWith(rule.path));
}

function mayImport(file: string, specifier: string): boolean {
  const rule = ruleOf(file);
  const testOnly = isTestOnly(file);
  const path = ourPath(file, specifier);
  if (path === undefined) return testOnly || rule?.outside?.includes(specifier) !== false;
  const own = rule?.path.endsWith('/') ? rule.path : `${dirname(rule?.path ?? '')}/`;
  if (path.startsWith(own) || rule?.ours.some((room) => path.startsWith(room))) {
    return testOnly || !isTestOnly(path);
  }
  const room = `${file.split('/')[0]}/`;
  const also = [...ALSO_FOR_TESTS, room, ...(room === 'web/' ? ALSO_FOR_BROWSERS : [])];
  return testOnly && also.some((other) => path.startsWith(other));
}

describe('who may import whom', () => {
  test.each(sources.filter((file) => ruleOf(file) !== undefined))('%s', (file) => {
    const wrong = imports.get(file)?.filter((specifier) => !mayImport(file, specifier));
    expect(wrong).toEqual([]);
  });
});

test('the table refuses what it should', () => {
  const wrong: [string, string][] = [
    ['gate/core/gate.ts', 'node:fs'],
    ['gate/core/gate.ts', '@stile/host/clock.ts'],
    ['gate/main.ts', '@stile/settlement/main.ts'],
    ['settlement/http/app.ts', '../testing/town.ts'],
    ['settlement/main.ts', '@stile/gate/main.ts'],
    ['demo/main.ts', '../scripts/warm-cache.ts'],
    ['settlement/main.ts', '../cli/main.ts'],
    ['scripts/warm-cache.ts', '../bench/main.ts'],
  ];
  expect(wrong.filter(([file, specifier]) => mayImport(file, specifier))).toEqual([]);
});

test('no import leads back to itself', () => {
  const ours = new Map(
    sources.map((file) => [
      file,
      (imports.get(file) ?? []).flatMap((specifier) => ourPath(file, specifier) ?? []),
    ]),
  );
  expect(findCircles(ours).map((circle) => circle.join(' → '))).toEqual([]);
});

test('gate and settlement never meet but in protocol', () => {
  const meeting = sources.filter((file) => {
    const other = file.startsWith('gate/') ? 'settlement/' : 'gate/';
    const mine = file.startsWith('gate/') || file.startsWith('settlement/');
    return mine && imports.get(file)?.some((name) => ourPath(file, name)?.startsWith(other));
  });
  expect(meeting).toEqual([]);
});
