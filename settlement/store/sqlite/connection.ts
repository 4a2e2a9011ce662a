/**
 * One SQLite file, one connection, commits that are promises kept. Kysely runs the migrations and
 * writes the SQL; statements are executed synchronously on better-sqlite3, so a transaction is one
 * uninterrupted turn and nothing can slip in between reading facts and writing what follows from them.
 */
import { existsSync } from 'node:fs';
import { assert, describeError, Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { type Compilable, Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from './migrations/all.ts';
import type { Tables } from './tables.ts';

/** `STS1`: whose file this is, in its header. */
export const APPLICATION_ID = 0x53_54_53_31;
const SYNCHRONOUS_FULL = 2;
const BUSY_MS = 2_000;
/** Prepared statements that are kept; our SQL texts are far fewer. */
const STATEMENTS_MAX = 500;

export type Connection = {
  db: Database.Database;
  /** Writes SQL; it executes nothing. */
  build: Kysely<Tables>;
  all<T>(query: Compilable<T>): T[];
  first<T>(query: Compilable<T>): T | undefined;
  run(query: Compilable<unknown>): Database.RunResult;
  /** One durable transaction; a throw inside undoes all of it. */
  write<T>(work: () => T): T;
  close(): void;
};

/** @throws Fault STORE_CORRUPT where the file is not ours, STORE_FAILED where it can't be used. */
export async function openConnection(file: string): Promise<Connection> {
  let db: Database.Database | undefined;
  try {
    db = new Database(file);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    db.pragma(`busy_timeout = ${BUSY_MS}`);
    checkOwner(db, file);
    if (await migrate(db)) checkForeignKeys(db, file);
    db.pragma('foreign_keys = ON');
    assertDurable(db);
    return connectionOf(db, file);
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

/** Opens a file to look at it only, also beside a running settlement. */
export function openForReading(file: string): Connection {
  if (!existsSync(file)) throw new Fault('FILE_UNREADABLE', `there is no ${file}`);
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    db.pragma(`busy_timeout = ${BUSY_MS}`);
    checkOwner(db, file);
    return connectionOf(db, file);
  } catch (error) {
    throw asStoreFault(error, file);
  }
}

function connectionOf(db: Database.Database, file: string): Connection {
  const build = new Kysely<Tables>({ dialect: new SqliteDialect({ database: db }) });
  const statements = new Map<string, Database.Statement>();

  function prepared(query: Compilable<unknown>) {
    const { sql, parameters } = query.compile();
    let statement = statements.get(sql);
    if (statement === undefined) {
      if (statements.size >= STATEMENTS_MAX) statements.clear();
      statement = db.prepare(sql);
      statements.set(sql, statement);
    }
    return { statement, parameters };
  }

  return {
    db,
    build,
    all: <T>(query: Compilable<T>) => {
      const { statement, parameters } = prepared(query);
      return statement.all(...parameters) as T[];
    },
    first: <T>(query: Compilable<T>) => {
      const { statement, parameters } = prepared(query);
      return statement.get(...parameters) as T | undefined;
    },
    run: (query) => {
      const { statement, parameters } = prepared(query);
      return statement.run(...parameters);
    },
    write: (work) => {
      try {
        return db.transaction(work).immediate();
      } catch (error) {
        if (error instanceof Database.SqliteError) throw asStoreFault(error, file);
        throw error;
      }
    },
    close: () => {
      db.close();
    },
  };
}

function checkOwner(db: Database.Database, file: string): void {
  const owner = Number(db.pragma('application_id', { simple: true }));
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (owner !== APPLICATION_ID && (owner !== 0 || tables !== 0)) {
    throw new Fault('STORE_CORRUPT', `${file} belongs to another program`);
  }
}

/** Whether there was anything to do. */
async function migrate(db: Database.Database): Promise<boolean> {
  const names = Object.keys(MIGRATIONS);
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > names.length) {
    throw new Fault(
      'STORE_CORRUPT',
      'the database was written by a newer version of this software',
    );
  }
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: db }) });
  const provider = { getMigrations: async () => ({ ...MIGRATIONS }) };
  db.pragma('foreign_keys = OFF');
  const { error } = await new Migrator({ db: kysely, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${names.length}`);
  return version < names.length;
}

/** Migrations run without the checks, because some make a table anew that others point at. */
function checkForeignKeys(db: Database.Database, file: string): void {
  const broken = db.pragma('foreign_key_check') as unknown[];
  if (broken.length > 0) {
    throw new Fault('STORE_CORRUPT', `${file}: ${broken.length} rows point at nothing`);
  }
}

/** better-sqlite3 falls to synchronous=NORMAL with the first write after WAL: set, write, look. */
function assertDurable(db: Database.Database): void {
  db.pragma('synchronous = FULL');
  db.exec(`INSERT OR REPLACE INTO meta (key, value) VALUES ('opened', 'yes')`);
  const synchronous = db.pragma('synchronous', { simple: true });
  const journal = db.pragma('journal_mode', { simple: true });
  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is ${synchronous}, not FULL`);
  assert(journal === 'wal', `journal mode is ${journal}, not wal`);
}

function asStoreFault(error: unknown, file: string): Error {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'SQLITE_FULL') return new Fault('STORE_FULL', `${file}: no room left`, error);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new Fault('STORE_CORRUPT', `${file} is damaged: ${describeError(error)}`, error);
  }
  return new Fault('STORE_FAILED', `${file}: ${describeError(error)}`, error);
}
