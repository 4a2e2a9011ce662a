/** What a gate's configuration may say and how each mistake is named. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { expect, test } from 'vitest';
import { parseConfig, readConfig } from './config.ts';

const LEAST = {
  dataDir: 'data',
  scanner: { path: 'run/ttyGATE0' },
  barrier: { path: '/dev/ttyUSB1' },
  settlement: { url: 'http://127.0.0.1:8080' },
};

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error('a fault is thrown');
}

const refusal = (config: unknown) =>
  messageOf(() =>
    parseConfig(typeof config === 'string' ? config : JSON.stringify(config), 'g.json'),
  );

test('the least that a gate needs to know is completed with what is usual', () => {
  expect(parseConfig(JSON.stringify(LEAST), 'g.json')).toEqual({
    dataDir: 'data',
    scanner: { path: 'run/ttyGATE0', baud: 115_200, configure: 'none', heartbeatMs: 1_000 },
    barrier: { path: '/dev/ttyUSB1', baud: 9_600, channel: 1, openMs: 3_000 },
    settlement: {
      url: 'http://127.0.0.1:8080',
      plainHttp: false,
      syncEveryMs: 5_000,
      listsEveryMs: 60_000,
      timeoutMs: 10_000,
      payBudgetMs: 2_500,
    },
    rules: {
      products: null,
      passbackS: 120,
      maxListAgeS: 3 * 86_400,
      closeListAgeS: 30 * 86_400,
      onClockUnknown: 'admit',
      presentationMs: 1_500,
    },
    store: { unconfirmedMax: 500_000, ringMax: 50_000, quotaMb: 1_024 },
    log: { level: 'info' },
  });
});

test("paths are relative to the configuration's own folder", () => {
  const dir = scratchDir();
  const file = join(dir, 'gate.json');
  writeFileSync(file, JSON.stringify({ ...LEAST, display: { path: '../tty' } }));
  const config = readConfig(file);
  expect(config.dataDir).toBe(join(dir, 'data'));
  expect(config.scanner.path).toBe(join(dir, 'run/ttyGATE0'));
  expect(config.barrier.path).toBe('/dev/ttyUSB1');
  expect(config.display?.path).toBe(join(dir, '../tty'));
  expect(config.display?.baud).toBe(9_600);
});

const scanner = (more: object) => ({ ...LEAST, scanner: { path: 's', ...more } });
const barrier = (more: object) => ({ ...LEAST, barrier: { path: 'b', ...more } });
const settlement = (more: object) => ({ ...LEAST, settlement: { ...LEAST.settlement, ...more } });
const rules = (more: object) => ({ ...LEAST, rules: more });

test.each<[string, unknown, RegExp]>([
  ['text that is no JSON', '{ "dataDir": ', /^CONFIG_INVALID g\.json is not JSON: /],
  ['nothing', '', /^CONFIG_INVALID g\.json is not JSON: /],
  ['a list', [], / {2}the file: .*expected object/],
  ['null', 'null', / {2}the file: .*expected object/],
  ['no data directory', { ...LEAST, dataDir: undefined }, / {2}dataDir: .*expected string/],
  ['an empty data directory', { ...LEAST, dataDir: '' }, / {2}dataDir: /],
  ['no scanner', { ...LEAST, scanner: undefined }, / {2}scanner: .*expected object/],
  [
    'a scanner without a path',
    scanner({ path: undefined }),
    / {2}scanner\.path: .*expected string/,
  ],
  ['a baud rate that is none', scanner({ baud: 9_601 }), / {2}scanner\.baud: /],
  [
    'an unknown setting of scanners',
    scanner({ configure: 'em4100' }),
    /configure: .*"none"\|"gm65"/,
  ],
  ['a heartbeat that is too slow', scanner({ heartbeatMs: 60_001 }), /heartbeatMs: .*60000/],
  [
    'a heartbeat that is a text',
    scanner({ heartbeatMs: '1000' }),
    /heartbeatMs: .*expected number/,
  ],
  ['no barrier', { ...LEAST, barrier: undefined }, / {2}barrier: .*expected object/],
  ['a channel that no board has', barrier({ channel: 0 }), / {2}barrier\.channel: .*>=1/],
  ['an arm that hardly opens', barrier({ openMs: 99 }), / {2}barrier\.openMs: .*>=100/],
  ['an arm that stays open', barrier({ openMs: 60_001 }), / {2}barrier\.openMs: .*<=60000/],
  ['half a millisecond', barrier({ openMs: 1_000.5 }), / {2}barrier\.openMs: .*int/],
  ['a display without a path', { ...LEAST, display: {} }, / {2}display\.path: /],
  ['an address that is none', settlement({ url: 'settlement' }), / {2}settlement\.url: .*URL/],
  ['an address of another kind', settlement({ url: 'ftp://a' }), / {2}settlement\.url: .*URL/],
  [
    'http to another machine',
    settlement({ url: 'http://backoffice' }),
    / {2}settlement\.url: .*http to another machine/,
  ],
  ['a hot sync loop', settlement({ syncEveryMs: 0 }), / {2}settlement\.syncEveryMs: .*>=100/],
  ['no time for an answer', settlement({ timeoutMs: 1 }), / {2}settlement\.timeoutMs: .*>=100/],
  [
    'a budget shorter than an answer',
    settlement({ payBudgetMs: 499 }),
    / {2}settlement\.payBudgetMs: .*>=500/,
  ],
  [
    'a budget longer than a rider waits',
    settlement({ payBudgetMs: 10_001 }),
    / {2}settlement\.payBudgetMs: .*<=10000/,
  ],
  ['no scope at all', rules({ scopes: [] }), / {2}rules\.scopes: /],
  ['a scope that does not fit', rules({ scopes: [1, 65_536] }), / {2}rules\.scopes\.1: .*<=65535/],
  ['a product that does not fit', rules({ products: [256] }), / {2}rules\.products\.0: .*<=255/],
  ['a passback of years', rules({ passbackS: 1e9 }), / {2}rules\.passbackS: .*<=86400/],
  [
    'lists that close before they are old',
    rules({ maxListAgeS: 100, closeListAgeS: 99 }),
    / {2}rules\.closeListAgeS: .*below rules\.maxListAgeS/,
  ],
  ['an unknown clock rule', rules({ onClockUnknown: 'ask' }), /"refuse"\|"admit"/],
  ['a log of nothing', { ...LEAST, store: { unconfirmedMax: 9 } }, / {2}store\.unconfirmedMax: /],
  ['a quota too small', { ...LEAST, store: { quotaMb: 3 } }, / {2}store\.quotaMb: .*>=4/],
  ['an unknown log level', { ...LEAST, log: { level: 'loud' } }, / {2}log\.level: /],
  ['a misspelt field', { ...LEAST, dataDirr: 'x' }, / {2}the file: .*"dataDirr"/],
  ['a misspelt field inside', rules({ passback: 1 }), / {2}rules: .*"passback"/],
])('%s is refused, and the message names the field', (_name, config, expected) => {
  const message = refusal(config);
  expect(message).toMatch(/^CONFIG_INVALID /);
  expect(message).toMatch(expected);
});

test('every mistake has its line', () => {
  const message = refusal({ ...LEAST, dataDir: 1, barrier: { path: 'b', channel: 99, openMs: 1 } });
  expect(message.split('\n')).toHaveLength(4);
  for (const field of ['dataDir', 'barrier.channel', 'barrier.openMs']) {
    expect(message).toContain(`  ${field}: `);
  }
});

test('a file that is not there, is a folder or is huge is refused with its name', () => {
  const dir = scratchDir();
  const missing = join(dir, 'none.json');
  expect(messageOf(() => readConfig(missing))).toMatch(/^FILE_UNREADABLE .*none\.json.*ENOENT/);
  mkdirSync(join(dir, 'folder.json'));
  expect(messageOf(() => readConfig(join(dir, 'folder.json')))).toMatch(/^FILE_UNREADABLE /);
  const huge = join(dir, 'huge.json');
  writeFileSync(huge, ' '.repeat(64 * 1024 + 1));
  expect(messageOf(() => readConfig(huge))).toMatch(/^CONFIG_INVALID .*huge\.json is larger than/);
});

test.each([
  ['"dataDir":"data"', '"dataDir":"data","dataDir":"other"'],
  ['{"path":"/dev/ttyUSB1"}', '{"channel":2,"path":"/dev/ttyUSB1","channel":1}'],
])('a key that stands twice is refused', (once, twice) => {
  const text = JSON.stringify(LEAST).replace(once, twice);
  expect(refusal(text)).toMatch(/^CONFIG_INVALID .*a key stands twice/);
});

test('one serial port for two devices is refused, also by another name of it', () => {
  const dir = scratchDir();
  writeFileSync(join(dir, 'tty1'), '');
  symlinkSync('tty1', join(dir, 'by-id'));
  const file = join(dir, 'gate.json');
  const read = (paths: object) => {
    writeFileSync(file, JSON.stringify({ ...LEAST, ...paths }));
    return messageOf(() => readConfig(file));
  };
  expect(read({ scanner: { path: 'x' }, barrier: { path: './x' } })).toMatch(
    /scanner.path and barrier.path/,
  );
  expect(read({ scanner: { path: 'tty1' }, display: { path: 'by-id' } })).toMatch(
    /scanner.path and display.path are the same port/,
  );
  expect(read({ scanner: { path: 'tty1' }, verdicts: { path: 'by-id' } })).toMatch(
    /scanner.path and verdicts.path are the same port/,
  );
});

test('http to another machine is spoken if a person has said so', () => {
  const config = settlement({ url: 'http://backoffice', plainHttp: true });
  expect(parseConfig(JSON.stringify(config), 'g.json').settlement.plainHttp).toBe(true);
});
