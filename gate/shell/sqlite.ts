/**
 * How the gate opens a SQLite file so that a commit is a promise. better-sqlite3 falls silently to
 * synchronous=NORMAL at the first write after switching to WAL, so every setting is made explicitly
 * and read back after that write.
 */

import { assert, describeError, Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';

export type Connection = Database.Database;

export type Schema = {
  /** Four bytes in the file's header that say whose file this is. */
  applicationId: number;
  /** Statements that take the file from version n to n + 1; append only. */
  migrations: readonly string[];
};

const SYNCHRONOUS_FULL = 2;

/**
 * Opens a durable file, creating or upgrading it.
 * @throws Fault STORE_CORRUPT where the file is no database of this kind, STORE_FAILED otherwise.
 */
export function openDurable(file: string, schema: Schema, quotaMb?: number): Connection {
  let db: Connection | undefined;
  try {
    db = new Database(file);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    db.pragma('busy_timeout = 2000');
    migrate(db, file, schema);
    if (quotaMb !== undefined) {
      const pageBytes = Number(db.pragma('page_size', { simple: true }));
      db.pragma(`max_page_count = ${Math.floor((quotaMb * 1024 * 1024) / pageBytes)}`);
    }
    db.exec('CREATE TABLE IF NOT EXISTS opened (at INTEGER NOT NULL) STRICT');
    db.exec('DELETE FROM opened');
    db.exec('INSERT INTO opened VALUES (1)');
    const synchronous = db.pragma('synchronous', { simple: true });
    const journal = db.pragma('journal_mode', { simple: true });
    assert(
      synchronous === SYNCHRONOUS_FULL,
      `synchronous is ${synchronous} after a write, not FULL`,
    );
    assert(journal === 'wal', `journal mode is ${journal}, not wal`);
    return db;
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

function migrate(db: Connection, file: string, schema: Schema): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  const applicationId = Number(db.pragma('application_id', { simple: true }));
  const empty = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (applicationId !== schema.applicationId && (applicationId !== 0 || empty.n > 0)) {
    throw new Fault('STORE_CORRUPT', `${file} belongs to another program`);
  }
  if (version > schema.migrations.length) {
    throw new Fault('STORE_CORRUPT', `${file} was written by a newer version of this software`);
  }
  db.transaction(() => {
    for (const statements of schema.migrations.slice(version)) db.exec(statements);
    db.pragma(`application_id = ${schema.applicationId}`);
    db.pragma(`user_version = ${schema.migrations.length}`);
  })();
}

/** What a SQLite error means to the gate: full, damaged, or failed. Faults are passed through. */
export function asStoreFault(error: unknown, file: string): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'SQLITE_FULL') return new Fault('STORE_FULL', `${file}: no room left`, error);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new Fault('STORE_CORRUPT', `${file} is damaged: ${describeError(error)}`, error);
  }
  return new Fault('STORE_FAILED', `${file}: ${describeError(error)}`, error);
}
