/**
 * Who may import whom, as a table: a row for each room, and for each folder or file within a room that is
 * held to less or may do more. ARCHITECTURE draws the same, and a test compares the two.
 */
import { isTestOnly, ourPath } from './tree.ts';

export type ImportRule = {
  /** Files under this path; the longest path that fits counts. */
  path: string;
  /** What of ours they may import, beside what the same row holds. */
  ours: readonly string[];
  /** What they may not, although it lies under a path of `ours`. */
  never?: readonly string[];
  /** npm packages and `node:` modules; undefined: any. */
  outside?: readonly string[];
};

const SETTLEMENT_BENEATH = ['settlement/core/', 'host/', 'protocol/', 'crypto/'];
const DATABASES = ['settlement/store/sqlite/', 'settlement/store/postgres/'];

export const IMPORT_RULES: readonly ImportRule[] = [
  {
    path: 'protocol/',
    ours: [],
    outside: ['jose', 'zod', '@otplib/totp', '@otplib/plugin-crypto-noble'],
  },
  { path: 'crypto/', ours: ['protocol/'] },
  { path: 'host/', ours: ['protocol/'] },
  { path: 'hardware/', ours: ['host/'] },
  { path: 'phone/', ours: ['host/', 'protocol/', 'crypto/'] },

  { path: 'gate/core/', ours: ['protocol/'], outside: [] },
  { path: 'gate/shell/', ours: ['gate/core/', 'host/', 'protocol/', 'crypto/'] },
  {
    path: 'gate/shell/devices.ts',
    ours: ['gate/shell/', 'host/', 'protocol/', 'hardware/'],
  },
  { path: 'gate/', ours: ['gate/', 'host/', 'protocol/', 'crypto/'] },
  { path: 'gate/main.ts', ours: ['gate/', 'host/', 'protocol/', 'crypto/', 'hardware/'] },

  { path: 'settlement/core/', ours: ['protocol/'], outside: [] },
  { path: 'settlement/store/', ours: SETTLEMENT_BENEATH, never: DATABASES },
  {
    path: 'settlement/store/postgres/',
    ours: ['settlement/store/', 'settlement/audit/', ...SETTLEMENT_BENEATH],
    never: ['settlement/audit/audit.ts', 'settlement/store/sqlite/'],
  },
  {
    path: 'settlement/store/sqlite/',
    ours: ['settlement/store/', 'settlement/audit/', ...SETTLEMENT_BENEATH],
    never: ['settlement/audit/audit.ts', 'settlement/store/postgres/'],
  },
  {
    path: 'settlement/keys/',
    ours: [
      'settlement/store/port.ts',
      'settlement/config.ts',
      'settlement/data-dir.ts',
      ...SETTLEMENT_BENEATH,
    ],
  },
  {
    path: 'settlement/work/',
    ours: [
      'settlement/store/',
      'settlement/keys/',
      'settlement/config.ts',
      // To go: what work tells riders is a function that it is given.
      'settlement/http/event-streams.ts',
      ...SETTLEMENT_BENEATH,
    ],
    never: DATABASES,
  },
  {
    path: 'settlement/http/',
    ours: [
      'settlement/work/',
      'settlement/store/',
      'settlement/keys/',
      'settlement/config.ts',
      ...SETTLEMENT_BENEATH,
    ],
    never: DATABASES,
  },
  { path: 'settlement/audit/', ours: SETTLEMENT_BENEATH },
  { path: 'settlement/', ours: ['settlement/', 'host/', 'protocol/', 'crypto/'] },
  { path: 'settlement/audit/audit.ts', ours: ['settlement/', 'host/', 'protocol/', 'crypto/'] },

  { path: 'web/wallet/core/', ours: ['protocol/'], outside: ['zod'] },
  { path: 'web/till/core/', ours: ['protocol/'], outside: ['zod'] },
  { path: 'web/', ours: ['web/', 'protocol/'] },

  {
    path: 'cli/',
    ours: ['gate/', 'settlement/', 'phone/', 'hardware/', 'host/', 'protocol/', 'crypto/'],
  },
  { path: 'demo/', ours: ['phone/', 'hardware/', 'host/', 'protocol/', 'crypto/'] },
  {
    path: 'bench/',
    ours: ['cli/', 'gate/', 'settlement/', 'phone/', 'hardware/', 'host/', 'protocol/', 'crypto/'],
  },
  {
    path: 'scripts/',
    ours: ['cli/', 'gate/', 'settlement/', 'phone/', 'hardware/', 'host/', 'protocol/', 'crypto/'],
  },
];

/** Tests and what only tests use may also use the scripted phone, devices and the fixtures. */
const ALSO_FOR_TESTS = ['phone/', 'hardware/', 'host/', 'protocol/', 'crypto/', 'fixtures/'];
/** A page is tried as a rider or a merchant has it: before a real settlement and a real gate. */
const ALSO_FOR_BROWSERS = ['settlement/', 'gate/', 'web/'];

export function ruleOf(file: string): ImportRule | undefined {
  const fitting = IMPORT_RULES.filter((rule) => file.startsWith(rule.path));
  return fitting.sort((a, b) => b.path.length - a.path.length)[0];
}

export function mayImport(file: string, specifier: string): boolean {
  const rule = ruleOf(file);
  const testOnly = isTestOnly(file);
  if (rule === undefined) return testOnly;
  const path = ourPath(file, specifier);
  if (path === undefined) return testOnly || rule.outside?.includes(specifier) !== false;
  return testOnly ? mayTestImport(file, path) : !isTestOnly(path) && mayReach(rule, path);
}

function mayReach({ path: own, ours, never = [] }: ImportRule, path: string): boolean {
  if (never.some((one) => path.startsWith(one))) return false;
  return ruleOf(path)?.path === own || ours.some((one) => path.startsWith(one));
}

/** A test may use the whole of its room, and what the room may. */
function mayTestImport(file: string, path: string): boolean {
  const room = `${file.split('/')[0]}/`;
  const also = [...ALSO_FOR_TESTS, room, ...(room === 'web/' ? ALSO_FOR_BROWSERS : [])];
  const ofRoom = IMPORT_RULES.find((rule) => rule.path === room)?.ours ?? [];
  return [...also, ...ofRoom].some((one) => path.startsWith(one));
}
