/** A database that settlement cannot use: whatever is started with it says one sentence, with what to do, and fails. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { migrate } from '@stile/settlement/store/postgres/migrate.ts';
import { MIGRATIONS } from '@stile/settlement/store/postgres/migrations/all.ts';
import { usePostgres } from '@stile/settlement/testing/postgres-server.ts';
import { beforeAll, expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

const server = usePostgres();

let empty: string;
let newer: string;
beforeAll(async () => {
  empty = await server.emptyDatabase();
  newer = await server.freshDatabase();
  const later = [...MIGRATIONS, { name: '9999-later', statements: ['CREATE TABLE later (a int)'] }];
  await migrate({ url: newer, migrations: later });
  await server.run(`CREATE ROLE guest LOGIN; CREATE ROLE locked LOGIN PASSWORD 'right'`);
  const file = (await server.run('SHOW hba_file')).rows[0] as { hba_file: string };
  await server.run(
    `COPY (SELECT 'local all locked scram-sha-256' UNION ALL SELECT 'local all all trust') TO '${file.hba_file}'`,
  );
  await server.run('SELECT pg_reload_conf()');
});

const as = (user: string) => empty.replace('stile@', `${user}@`);
const CASES: [what: string, url: () => string, words: string][] = [
  ['a wrong password', () => as('locked:wrong'), 'refuses this user and password: mend the URL'],
  ['a host without a server', () => 'postgres://stile@127.0.0.1:1/stile', 'cannot be reached'],
  ['a database that is not there', () => empty.replace(/test\d+/, 'missing'), 'createdb'],
  ['a user who may not make tables', () => as('guest'), 'has to own the database'],
  ['a newer schema', () => newer, 'newer version of this software: upgrade settlement'],
  ['another kind of database', () => 'mysql://localhost/x', 'postgres://USER:PASSWORD@HOST'],
];

test.each(CASES)('%s', async (_what, url, words) => {
  const data = join(scratchDir(), 'settlement');
  for (const command of ['start', 'migrate']) {
    const place = command === 'migrate' ? [] : ['--data', data];
    const args = ['settlement', command, ...place, '--database', url()];
    const { code, stdout, stderr } = await runStile(args);
    expect(stderr, command).toContain(words);
    expect(stderr.trim().split('\n'), command).toHaveLength(1);
    expect(stderr, 'no password is shown').not.toContain('wrong');
    expect(stdout).toBe('');
    expect(code, command).toBe(1);
  }
  // Nothing was begun that a right database would be refused for.
  expect(existsSync(join(data, 'database.json'))).toBe(false);
  expect(existsSync(join(data, 'keys', 'book.key'))).toBe(false);
});

test('the same directory starts with the right one', async () => {
  const data = join(scratchDir(), 'settlement');
  const init = (url: string) => runStile(['settlement', 'init', '--data', data, '--database', url]);
  expect((await init(as('guest'))).code).toBe(1);
  expect(await init(empty)).toMatchObject({ code: 0, stderr: '' });
});
