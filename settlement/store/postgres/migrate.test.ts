/** Migrations on PostgreSQL: killed at every statement, two at a time, and databases that are not ours to change. */
import { expect, test } from 'vitest';
import { usePostgres } from '../../testing/postgres-server.ts';
import { findUnfitServer, migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { openPool } from './session.ts';

const server = usePostgres();
const STEPS = MIGRATIONS.flatMap(({ statements }) => statements).length;

const SCHEMA = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS what
    FROM information_schema.columns WHERE table_schema = 'public'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`;

async function look<Row>(url: string, text: string): Promise<Row[]> {
  const pool = openPool({ url, connectionsMax: 1 });
  try {
    return await pool.session.all<Row>(text);
  } finally {
    await pool.close();
  }
}

const countSteps = async (url: string) =>
  (await look(url, 'SELECT 1 FROM schema_step').catch(() => [])).length;

test('killed behind every statement, the next migrator goes on, and ends in the same schema', async () => {
  const url = await server.emptyDatabase();
  for (let step = 1; step <= STEPS; step += 1) {
    const killed = migrate({
      url,
      migrations: MIGRATIONS,
      onStep: async ({ number, backend }) => {
        if (number === step) await server.run(`SELECT pg_terminate_backend(${backend})`);
      },
    });
    await expect(killed).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await countSteps(url)).toBe(step - 1);
    if (step === STEPS) break;
    const stop = new Error('one step further');
    const once = migrate({
      url,
      migrations: MIGRATIONS,
      onStep: ({ number }) => {
        if (number > step) throw stop;
      },
    });
    await expect(once).rejects.toBe(stop);
  }
  expect(await migrate({ url, migrations: MIGRATIONS })).toBe(1);
  expect(await migrate({ url, migrations: MIGRATIONS })).toBe(0);
  const undisturbed = await server.freshDatabase();
  expect(await look(url, SCHEMA)).toEqual(await look(undisturbed, SCHEMA));
});

test('of migrators that start together each statement is done by one', async () => {
  const url = await server.emptyDatabase();
  const options = { url, migrations: MIGRATIONS };
  const done = await Promise.all([migrate(options), migrate(options), migrate(options)]);
  expect(done.reduce((sum, one) => sum + one)).toBe(STEPS);
  expect(await countSteps(url)).toBe(STEPS);
});

test('a newer schema, another one, and tables of another program are left alone', async () => {
  const newer = await server.freshDatabase();
  const later = [...MIGRATIONS, { name: '9999-later', statements: ['CREATE TABLE later (a int)'] }];
  await migrate({ url: newer, migrations: later });
  await expect(migrate({ url: newer, migrations: MIGRATIONS })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('newer version of this software: upgrade settlement'),
  });
  const other = await server.freshDatabase();
  await look(other, `UPDATE schema_step SET name = 'other/1' WHERE number = 3`);
  await expect(migrate({ url: other, migrations: MIGRATIONS })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('other software: it knows other/1'),
  });
  const foreign = await server.emptyDatabase();
  await look(foreign, 'CREATE TABLE theirs (a int)');
  await expect(migrate({ url: foreign, migrations: MIGRATIONS })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('belongs to another program'),
  });
  expect(await look(foreign, `SELECT relname FROM pg_class WHERE relname = 'schema_step'`)).toEqual(
    [],
  );
});

test.each([
  [
    'a table',
    'DROP TABLE approval',
    /lost its table approval, index approval_pkey, index approval_of, index approval_end/,
  ],
  ['an index', 'DROP INDEX record_by_use', /lost its index record_by_use/],
  [
    'a trigger',
    'DROP TRIGGER transfer_no_update ON transfer',
    /lost its trigger transfer_no_update/,
  ],
  [
    'a trigger that is off',
    'ALTER TABLE transfer DISABLE TRIGGER transfer_no_update',
    /transfer_no_update/,
  ],
  [
    'a key',
    'ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_pkey CASCADE',
    /lost its index ledger_account_pkey/,
  ],
  ['its sequence', 'DROP SEQUENCE payment_number', /lost its sequence payment_number/],
  [
    'the name of one of its steps',
    'DELETE FROM schema_step WHERE number = 3',
    /lost rows of its table/,
  ],
  [
    'the names of its last steps',
    'DELETE FROM schema_step WHERE number > 3',
    /lost rows of its table/,
  ],
])('a database that lost %s is refused by name', async (_what, damage, words) => {
  const url = await server.freshDatabase();
  await look(url, damage);
  await expect(migrate({ url, migrations: MIGRATIONS })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(words),
  });
});

test('a wrong or unreachable URL and missing rights: a sentence each', async () => {
  const url = await server.emptyDatabase();
  await server.run('CREATE ROLE guest LOGIN');
  const cases: [url: string, code: string, words: string][] = [
    ['mysql://localhost/x', 'CONFIG_INVALID', 'postgres://USER:PASSWORD@HOST:PORT/DATABASE'],
    ['postgres://nobody@127.0.0.1:1/x', 'STORE_FAILED', '127.0.0.1:1/x cannot be reached'],
    [url.replace(/test\d+/, 'missing'), 'STORE_FAILED', 'has no such database'],
    [url.replace('stile@', 'stranger@'), 'STORE_FAILED', 'refuses this user'],
    [url.replace('stile@', 'guest@'), 'STORE_FAILED', 'refuses a right'],
  ];
  for (const [wrong, code, words] of cases) {
    await expect(migrate({ url: wrong, migrations: MIGRATIONS }), wrong).rejects.toMatchObject({
      name: 'Fault',
      code,
      message: expect.stringContaining(words),
    });
  }
  expect(await countSteps(url)).toBe(0);
});

test('a server that is too old, a standby or forgetful is not used', () => {
  const fit = { version: 150_000, text: 'x', isStandby: false, fsync: 'on', commit: 'on' };
  expect(findUnfitServer(fit)).toBeNull();
  const old = { ...fit, version: 140_011, text: 'PostgreSQL 14.11' };
  expect(findUnfitServer(old)).toBe('is PostgreSQL 14.11: 15 or newer is needed');
  expect(findUnfitServer({ ...fit, isStandby: true })).toContain('is a standby');
  expect(findUnfitServer({ ...fit, fsync: 'off' })).toContain('may forget a commit');
  expect(findUnfitServer({ ...fit, commit: 'off' })).toContain('may forget a commit');
});
