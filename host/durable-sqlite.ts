/**
 * The one way to open a SQLite file so that a commit is a promise. better-sqlite3 falls silently to
 * synchronous=NORMAL at the first write after switching to WAL, so every setting is made explicitly
 * and read back after that write. A file that could not be opened whole is closed again.
 */
import { existsSync } from 'node:fs';
import { assert, Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { asStoreFault } from './fault.ts';

export type SqliteFile = Database.Database;

/** Whose file it is, and what it looks like by now. */
export type DurableSchema = {
  /** Four bytes in the file's header that say whose file this is. */
  applicationId: number;
  /** How many migrations there are; the header keeps how many of them a file has had. */
  version: number;
  /** The first write of every opening: anything that is harmless to do again. */
  firstWrite: string;
};

const SYNCHRONOUS_FULL = 2;
const BUSY_MS = 2_000;

/**
 * Opens a durable file, creating or upgrading it; `migrate` gets the file and the version that it has.
 * The migrations and the new version are one transaction.
 * @throws Fault STORE_CORRUPT if the file is no database of this kind, STORE_FAILED otherwise.
 */
export function openDurable(
  file: string,
  schema: DurableSchema & { migrate: (db: SqliteFile, from: number) => void },
): SqliteFile {
  let db: SqliteFile | undefined;
  try {
    const opened = new Database(file);
    db = opened;
    const from = prepare(opened, file, schema);
    opened.transaction(() => {
      schema.migrate(opened, from);
      stamp(opened, schema);
    })();
    assertDurable(opened, schema.firstWrite);
    return opened;
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

/** The same for migrations that bring their own transactions, and wait between them. */
export async function openDurableInSteps(
  file: string,
  schema: DurableSchema & { migrate: (db: SqliteFile, from: number) => Promise<void> },
): Promise<SqliteFile> {
  let db: SqliteFile | undefined;
  try {
    db = new Database(file);
    const from = prepare(db, file, schema);
    await schema.migrate(db, from);
    stamp(db, schema);
    assertDurable(db, schema.firstWrite);
    return db;
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

/**
 * Opens a file to look at it only, also beside the program that owns it.
 * @throws Fault FILE_UNREADABLE if there is none, STORE_CORRUPT if it is another program's.
 */
export function openToRead(file: string, applicationId: number): SqliteFile {
  if (!existsSync(file)) throw new Fault('FILE_UNREADABLE', `there is no ${file}`);
  let db: SqliteFile | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    db.pragma(`busy_timeout = ${BUSY_MS}`);
    checkOwner(db, { file, applicationId });
    return db;
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

/** Makes the settings; returns the version that the file has. */
function prepare(db: SqliteFile, file: string, { applicationId, version }: DurableSchema): number {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma(`busy_timeout = ${BUSY_MS}`);
  checkOwner(db, { file, applicationId });
  const from = Number(db.pragma('user_version', { simple: true }));
  if (from > version) {
    throw new Fault('STORE_CORRUPT', `${file} was written by a newer version of this software`);
  }
  return from;
}

type Owned = { file: string; applicationId: number };

function checkOwner(db: SqliteFile, { file, applicationId }: Owned): void {
  const owner = Number(db.pragma('application_id', { simple: true }));
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  if (owner !== applicationId && (owner !== 0 || tables !== 0)) {
    throw new Fault('STORE_CORRUPT', `${file} belongs to another program`);
  }
}

/** Writes whose file this is and what it looks like. */
export function stamp(db: SqliteFile, schema: { applicationId: number; version: number }): void {
  db.pragma(`application_id = ${schema.applicationId}`);
  db.pragma(`user_version = ${schema.version}`);
}

function assertDurable(db: SqliteFile, firstWrite: string): void {
  db.pragma('foreign_keys = ON');
  db.pragma('synchronous = FULL');
  db.exec(firstWrite);
  const synchronous = db.pragma('synchronous', { simple: true });
  const journal = db.pragma('journal_mode', { simple: true });
  assert(synchronous === SYNCHRONOUS_FULL, `synchronous is ${synchronous} after a write, not FULL`);
  assert(journal === 'wal', `journal mode is ${journal}, not wal`);
}
