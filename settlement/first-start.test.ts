/** A first start that is refused: whatever it is refused for, a new directory is not there, and an old one as it was. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import { pino } from 'pino';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SettlementOptions } from './config.ts';
import { type FirstStart, requireStartable } from './first-start.ts';
import { initSettlement, startSettlement } from './main.ts';
import { migrate } from './store/postgres/migrate.ts';
import { MIGRATIONS } from './store/postgres/migrations/all.ts';
import { usePostgres } from './testing/postgres-server.ts';
import { openRedisServer } from './testing/redis-server.ts';

const server = usePostgres();
const log = pino({ level: 'silent' });

/** As the command line starts it. */
async function start(place: FirstStart, settings: SettlementOptions): Promise<void> {
  await requireStartable(place, settings);
  const { dataDir, database } = place;
  await initSettlement(dataDir, settings, { database });
  const settlement = await startSettlement(place, { log });
  await settlement.close();
}

let empty: string;
let newer: string;
let taken: string;
beforeAll(async () => {
  [empty, newer] = [await server.emptyDatabase(), await server.freshDatabase()];
  taken = await server.emptyDatabase();
  const later = [...MIGRATIONS, { name: '9999-later', statements: ['CREATE TABLE later (a int)'] }];
  await migrate({ url: newer, migrations: later });
  await server.run('CREATE ROLE visitor LOGIN');
  await initSettlement(join(scratchDir(), 'other'), {}, { database: taken });
});

type Refused = Partial<Omit<FirstStart, 'dataDir'>> & { settings?: object };

const CASES: Record<string, [words: RegExp, of: () => Refused | Promise<Refused>]> = {
  'a setting that is none': [
    /creditCents|offline/,
    () => ({ settings: { offline: { creditCents: -1 } } }),
  ],
  'a setting nobody knows': [/nonsense/, () => ({ settings: { nonsense: 1 } })],
  'made-up money for everybody': [
    /free money/,
    () => ({ host: '0.0.0.0', settings: { topUps: { mode: 'sandbox' } } }),
  ],
  'a seed key that is none': [/STILE_SEED_KEY/, () => ({ seedKeys: 'xyz' })],
  'a port that is taken': [/cannot listen/, takenPort],
  'an address of another machine': [/cannot listen/, () => ({ host: '192.0.2.1' })],
  'Redis without a database': [/needs --database/, () => ({ redis: 'redis://127.0.0.1:1/0' })],
  'an address that is not of Redis': [
    /redis:\/\/host/,
    () => ({ database: empty, redis: 'http://127.0.0.1' }),
  ],
  'a Redis that throws jobs away': [/noeviction/, forgetfulRedis],
  'an address that is no database': [/postgres:\/\/USER/, () => ({ database: 'mysql://x/y' })],
  'a server that is away': [/be reached/, () => ({ database: 'postgres://x@127.0.0.1:1/x' })],
  'a database that is not there': [
    /no such database/,
    () => ({ database: empty.replace(/test\d+/, 'missing') }),
  ],
  'a database without rights': [
    /own the database/,
    () => ({ database: empty.replace('stile@', 'visitor@') }),
  ],
  'a database of a newer version': [/newer version/, () => ({ database: newer })],
  "another settlement's database": [/books of another/, () => ({ database: taken })],
};

async function takenPort(): Promise<Refused> {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void other.close());
  const address = other.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}

async function forgetfulRedis(): Promise<Refused> {
  const redis = await openRedisServer({ maxmemoryPolicy: 'allkeys-lru' });
  onTestFinished(() => redis.close());
  return { database: empty, redis: redis.url };
}

async function refusalOf(dataDir: string, { settings = {}, ...place }: Refused): Promise<string> {
  try {
    await start({ dataDir, port: 0, ...place }, settings as SettlementOptions);
    return 'not refused';
  } catch (error) {
    return (error as Fault).message;
  }
}

function filesIn(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'hex'),
    ]),
  );
}

describe.each(Object.entries(CASES))('%s', (_what, [words, of]) => {
  test('leaves no directory that was not there', async () => {
    const parent = scratchDir();
    expect(await refusalOf(join(parent, 'deep', 'data'), await of())).toMatch(words);
    expect(readdirSync(parent)).toEqual([]);
  });

  test('leaves one that was there as it was, and the next start is good', async () => {
    const dataDir = join(scratchDir(), 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    writeFileSync(join(dataDir, 'notes.txt'), 'mine');
    expect(await refusalOf(dataDir, await of())).toMatch(words);
    expect(readdirSync(dataDir)).toEqual(['notes.txt']);
    await start({ dataDir, port: 0 }, {});
    expect(readFileSync(join(dataDir, 'notes.txt'), 'utf8')).toBe('mine');
  });
});

test.each(['identity.json', 'taps.db'])(
  'the directory of a gate, known by %s, is named',
  async (name) => {
    const dataDir = scratchDir();
    writeFileSync(join(dataDir, name), 'a gate');
    expect(await refusalOf(dataDir, {})).toMatch(/directory of a gate/);
    expect(readdirSync(dataDir)).toEqual([name]);
  },
);

test("another program's file under the name of the books is kept, and named", async () => {
  const dataDir = scratchDir();
  writeFileSync(join(dataDir, 'settlement.db'), 'not a database, but somebody needs it'.repeat(99));
  const before = filesIn(dataDir);
  expect(await refusalOf(dataDir, {})).not.toBe('not refused');
  expect(filesIn(dataDir)).toEqual(before);
});

test('a file where the directory would be, or above it, is kept', async () => {
  const file = join(scratchDir(), 'file');
  writeFileSync(file, 'mine');
  for (const dataDir of [file, join(file, 'data')]) {
    expect(await refusalOf(dataDir, {})).not.toBe('not refused');
  }
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(existsSync(join(file, 'data'))).toBe(false);
});
