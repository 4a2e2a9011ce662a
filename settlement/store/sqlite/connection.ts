/**
 * One SQLite file, one connection, commits that are promises kept. Kysely writes the SQL;
 * statements are executed synchronously on better-sqlite3, so a transaction is one
 * uninterrupted turn and nothing can slip in between reading facts and writing what follows from them.
 */
import { objectsOf, openDurableInSteps, openToRead } from '@stile/host/durable-sqlite.ts';
import { asStoreFault, asUnreadable } from '@stile/host/fault.ts';
import { requireObjects } from '@stile/host/sqlite-objects.ts';
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { type Compilable, Kysely, SqliteDialect } from 'kysely';
import { MIGRATIONS } from './migrations/all.ts';
import type { Tables } from './tables.ts';

/** `STS1`: whose file this is, in its header. */
export const APPLICATION_ID = 0x53_54_53_31;
/** Prepared statements that are kept; our SQL texts are far fewer. */
const STATEMENTS_MAX = 500;
/** A read, a write or a sync that failed; a page that is not what SQLite wrote. */
const OF_THE_DISK = /^SQLITE_(IOERR|CORRUPT|NOTADB)/;

export type Connection = {
  db: Database.Database;
  /** Writes SQL; it executes nothing. */
  build: Kysely<Tables>;
  all<T>(query: Compilable<T>): T[];
  first<T>(query: Compilable<T>): T | undefined;
  run(query: Compilable<unknown>): Database.RunResult;
  /** Whatever SQLite throws in here becomes a Fault; what the disk itself did wrong ends all writing to this file. */
  guard<T>(work: () => T): T;
  /** The same for reading: any other throw means that what is stored cannot be understood. */
  read<T>(work: () => T): T;
  /** One durable transaction; a throw inside undoes all of it. */
  write<T>(work: () => T): T;
  close(): void;
};

/**
 * `onDiskFailure` hears, once, of a write that the disk failed, or of a page that cannot be read: what is on the disk
 * then, nobody knows.
 * @throws Fault STORE_CORRUPT if the file is not ours, STORE_FAILED if it can't be used.
 */
export function openConnection(
  file: string,
  onDiskFailure: (fault: Fault) => void = () => undefined,
): Connection {
  const db = openDurableInSteps(file, {
    applicationId: APPLICATION_ID,
    migrations: MIGRATIONS,
    firstWrite: `INSERT OR REPLACE INTO meta (key, value) VALUES ('opened', 'yes')`,
  });
  return connectionOf(db, { file, onDiskFailure });
}

/** Opens a file to look at it only, also beside a running settlement. */
export function openForReading(file: string): Connection {
  const onDiskFailure = () => undefined;
  return connectionOf(openToRead(file, APPLICATION_ID), { file, onDiskFailure });
}

/** @throws Fault STORE_CORRUPT with the tables, indexes and triggers that the file has lost. */
export function requireWholeSchema({ db }: Pick<Connection, 'db'>, file: string): void {
  requireObjects(db, { file, objects: objectsOfFile(db) });
}

/** What a file of its version has to have. */
export function objectsOfFile(db: Database.Database): readonly string[] {
  const version = Number(db.pragma('user_version', { simple: true }));
  const objects = objectsOf({ migrations: MIGRATIONS, version });
  // The first versions kept no names of their migrations.
  return version < MIGRATIONS.length ? objects : ['table migration', ...objects];
}

function connectionOf(
  db: Database.Database,
  { file, onDiskFailure }: { file: string; onDiskFailure: (fault: Fault) => void },
): Connection {
  const build = new Kysely<Tables>({ dialect: new SqliteDialect({ database: db }) });
  const statements = new Map<string, Database.Statement>();
  /** After a failed sync, or beside a damaged page, nobody knows what the file holds: nothing more is promised. */
  let diskFailure: Fault | null = null;

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

  function guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      if (!OF_THE_DISK.test(error.code)) throw asStoreFault(error, file);
      const fault = finalFault(error, file);
      if (diskFailure === null) {
        diskFailure = fault;
        onDiskFailure(fault);
      }
      throw fault;
    }
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
    guard,
    read: (work) => {
      try {
        return guard(work);
      } catch (error) {
        throw asUnreadable(error, file);
      }
    },
    write: (work) => {
      if (diskFailure !== null) throw diskFailure;
      return guard(() => db.transaction(work).immediate());
    },
    close: () => {
      db.close();
    },
  };
}

function finalFault(error: InstanceType<typeof Database.SqliteError>, file: string): Fault {
  const isDamage = !error.code.startsWith('SQLITE_IOERR');
  const why = isDamage
    ? `${file} is damaged (${error.message})`
    : `${file}: the disk failed (${error.message})`;
  return new Fault(
    isDamage ? 'STORE_CORRUPT' : 'STORE_FAILED',
    `${why}: nothing is written until settlement is started again`,
    { cause: error },
  );
}
