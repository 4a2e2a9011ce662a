/** A database of the first schema, with rows in every table that is made anew, comes through whole. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, test } from 'vitest';
import { APPLICATION_ID, openConnection } from '../connection.ts';
import { MIGRATIONS } from './all.ts';

async function makeFirst(file: string): Promise<void> {
  const db = new Database(file);
  const kysely = new Kysely<unknown>({ dialect: new SqliteDialect({ database: db }) });
  const [[name, migration] = []] = Object.entries(MIGRATIONS);
  if (name === undefined || migration === undefined) throw new Error('there is a first migration');
  const provider = { getMigrations: async () => ({ [name]: migration }) };
  const { error } = await new Migrator({ db: kysely, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma('user_version = 1');
  db.exec(`
    INSERT INTO account VALUES ('a', 1);
    INSERT INTO ledger_account VALUES ('cash', 'cash', 500, 0), ('wallet:a', 'wallet', 250, 500),
      ('revenue:L', 'revenue', 0, 250);
    INSERT INTO transfer VALUES (1, 't1', 'cash', 'wallet:a', 500, 'TOP_UP', 1, 1),
      (2, 't2', 'wallet:a', 'revenue:L', 250, 'WITHHOLD', 1, 1);
    INSERT INTO gate VALUES ('g', 1, 1, 1, 1, 1, 1, 1);
    INSERT INTO gate_epoch VALUES (1, 'g', 'e', 1, zeroblob(32));
    INSERT INTO batch VALUES (1, 1, x'00', x'00', 1, 1);
    INSERT INTO record VALUES (1, 1, 1, 1, x'01', x'02', 'tap', 'open', NULL, 1, 'TRUSTED', 'L', NULL,
      '1/a/1/1', 'accepted', NULL, 1, 'CHARGED');
    INSERT INTO charge VALUES ('1/a/1/1', 'a', 1, 1, 'L', 250, 0, 'WITHHELD', NULL, 1, 1);`);
  db.close();
}

test('nothing is lost, nothing points nowhere, and history stays closed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stile-migration-'));
  const file = join(dir, 'settlement.db');
  try {
    await makeFirst(file);
    const { db, close } = await openConnection(file);
    expect(db.pragma('user_version', { simple: true })).toBe(Object.keys(MIGRATIONS).length);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(db.pragma('foreign_key_check')).toEqual([]);
    expect(
      db.prepare('SELECT name, debits_cents, credits_cents FROM ledger_account').all(),
    ).toEqual([
      { name: 'cash', debits_cents: 500, credits_cents: 0 },
      { name: 'revenue:L', debits_cents: 0, credits_cents: 250 },
      { name: 'wallet:a', debits_cents: 250, credits_cents: 500 },
    ]);
    expect(db.prepare('SELECT seq, kind, outcome FROM record').all()).toEqual([
      { seq: 1, kind: 'tap', outcome: 'CHARGED' },
    ]);
    for (const statement of [
      'DELETE FROM record',
      "UPDATE record SET line = x'05'",
      "INSERT INTO transfer VALUES (9, 't9', 'cash', 'nobody', 1, 'TOP_UP', 1, 1)",
    ]) {
      expect(() => db.exec(statement), statement).toThrow(/append-only|FOREIGN KEY/);
    }
    db.exec(`INSERT INTO ledger_account VALUES ('merchant:m', 'merchant', 0, 0)`);
    close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
