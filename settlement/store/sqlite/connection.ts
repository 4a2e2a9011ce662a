/**
 * One SQLite file, one connection, commits that are promises kept. Kysely writes the SQL;
 * statements are executed synchronously on better-sqlite3, so a transaction is one
 * uninterrupted turn and nothing can slip in between reading facts and writing what follows from them.
 */
import { openDurableInSteps, openToRead } from '@stile/host/durable-sqlite.ts';
import { asStoreFault } from '@stile/host/fault.ts';
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { type Compilable, Kysely, SqliteDialect } from 'kysely';
import { MIGRATIONS } from './migrations/all.ts';
import type { Tables } from './tables.ts';

/** `STS1`: whose file this is, in its header. */
export const APPLICATION_ID = 0x53_54_53_31;
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

/**
 * `onDiskFailure` hears, once, of a write that the disk failed: what is in its memory then, nobody knows.
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

function connectionOf(
  db: Database.Database,
  { file, onDiskFailure }: { file: string; onDiskFailure: (fault: Fault) => void },
): Connection {
  const build = new Kysely<Tables>({ dialect: new SqliteDialect({ database: db }) });
  const statements = new Map<string, Database.Statement>();
  /** After a failed sync nobody knows what of the file is on the disk: nothing more is promised. */
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
      if (diskFailure !== null) throw diskFailure;
      try {
        return db.transaction(work).immediate();
      } catch (error) {
        if (!(error instanceof Database.SqliteError)) throw error;
        if (!error.code.startsWith('SQLITE_IOERR')) throw asStoreFault(error, file);
        diskFailure = finalFault(error, file);
        onDiskFailure(diskFailure);
        throw diskFailure;
      }
    },
    close: () => {
      db.close();
    },
  };
}

function finalFault(error: Error, file: string): Fault {
  const why = `${file}: the disk failed a write (${error.message})`;
  return new Fault('STORE_FAILED', `${why}: nothing is written until settlement is started again`, {
    cause: error,
  });
}
