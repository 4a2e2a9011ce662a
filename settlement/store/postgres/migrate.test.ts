/** Migrations on PostgreSQL. */
import { expect, test } from 'vitest';
import { usePostgres } from '../../testing/postgres-server.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/all.ts';

const server = usePostgres();

test('all steps are done once', async () => {
  const url = await server.emptyDatabase();
  const steps = MIGRATIONS.flatMap(({ statements }) => statements).length;
  expect(await migrate({ url, migrations: MIGRATIONS })).toBe(steps);
  expect(await migrate({ url, migrations: MIGRATIONS })).toBe(0);
});
