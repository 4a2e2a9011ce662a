/**
 * Opens settlement's SQLite file so that a commit is a promise, and brings its schema up to date.
 * One connection, one process. Kysely speaks to it, so that the same statements can run on PostgreSQL.
 */

import { assert, describeError, Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { up } from '../migrations/0001-start.ts';
import type { Tables } from './schema.ts';

const SYNCHRONOUS_FULL = 2;
const APPLICATION_ID = 0x53_54_53_31;
const MIGRATIONS: Record<string, Migration> = { '0001-start': { up } };

/** @throws Fault STORE_FAILED where the file cannot be opened or is another program's. */
export async function openDatabase(file: string): Promise<Kysely<Tables>> {
  let sqlite: Database.Database | undefined;
  try {
    sqlite = new Database(file);
    const found = Number(sqlite.pragma('application_id', { simple: true }));
    if (found !== 0 && found !== APPLICATION_ID) throw new Error('it belongs to another program');
    sqlite.pragma('journal_mode = WAL');
    // better-sqlite3 falls to NORMAL at the first write after WAL unless FULL was asked for.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('foreign_keys = ON');
    sqlite.pragma('trusted_schema = OFF');
    sqlite.pragma('busy_timeout = 2000');
    const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: sqlite }) });
    const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
    sqlite.pragma(`application_id = ${APPLICATION_ID}`);
    const synchronous = sqlite.pragma('synchronous', { simple: true });
    assert(synchronous === SYNCHRONOUS_FULL, `synchronous is ${synchronous}, not FULL`);
    return db;
  } catch (error) {
    sqlite?.close();
    throw new Fault('STORE_FAILED', `cannot open ${file}: ${describeError(error)}`, error);
  }
}
