/** Every fact, asked for on a database with nothing in it: what PostgreSQL finds is what SQLite finds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unchanged } from '../../core/changes.ts';
import { CUT_CALLS, LOG_CALLS, MONEY_CALLS, withoutNumbers } from '../../testing/fact-calls.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import type { Database, Facts } from '../database.ts';
import { openConnection } from '../sqlite/connection.ts';
import { createDatabase } from '../sqlite/database.ts';
import { factsOf } from './facts-of.ts';
import { KnownRules } from './known-rules.ts';
import { openPool, type SessionPool } from './session.ts';

const server = usePostgres();
const folder = mkdtempSync(join(tmpdir(), 'stile-facts-'));
let sqlite: Database;
let pool: SessionPool;

beforeAll(async () => {
  const connection = openConnection(join(folder, 'settlement.db'));
  sqlite = createDatabase(connection, () => new Uint8Array(32));
  pool = openPool({ url: await server.freshDatabase(), connectionsMax: 2 });
});

afterAll(async () => {
  await sqlite.close();
  await pool.close();
  rmSync(folder, { recursive: true });
});

type Call = (facts: Facts) => unknown;

async function onPostgres(call: Call): Promise<unknown> {
  return await pool.withSession(async (session) => {
    await session.run('BEGIN');
    const found = await call(factsOf(session, { rules: new KnownRules() }));
    await session.run('ROLLBACK');
    return found;
  });
}

async function onSqlite(call: Call): Promise<unknown> {
  return await sqlite.transact({ read: call, decide: (found) => unchanged(found) });
}

test.each(Object.entries<Call>({ ...MONEY_CALLS, ...LOG_CALLS, ...CUT_CALLS }))(
  '%s',
  async (_name, call) => {
    const found = await onPostgres(call);
    expect(withoutNumbers(found)).toEqual(withoutNumbers(await onSqlite(call)));
  },
);
