/**
 * The one way to open a SQLite file so that a commit is a promise. better-sqlite3 falls silently to
 * synchronous=NORMAL at the first write after switching to WAL, so every setting is made explicitly
 * and read back after that write. A file that could not be opened whole is closed again.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { assert, Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { asStoreFault } from './fault.ts';
import { ensurePrivateFile, syncPath } from './private-files.ts';
import { objectsMadeBy, requireObjects } from './sqlite-objects.ts';

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
    ensurePrivateFile(file);
    const opened = new Database(file);
    db = opened;
    const from = prepare(opened, file, schema);
    opened.transaction(() => {
      schema.migrate(opened, from);
      stamp(opened, schema);
    })();
    const objects = objectsMadeBy((empty) => schema.migrate(empty, 0));
    requireObjects(opened, { file, objects });
    assertDurable(opened, schema.firstWrite);
    return opened;
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

/** One step of a file's shape: what it is called, and its statements, one each. */
export type DurableMigration = { name: string; statements: readonly string[] };

export type StepwiseSchema = {
  applicationId: number;
  /** Every one there ever was, in order; the header keeps how many of them a file has had. */
  migrations: readonly DurableMigration[];
  firstWrite: string;
};

/**
 * The same for a file that is too precious to lose in an upgrade: a copy is put beside it first, and each
 * migration is a transaction of its own, together with its name, the application id and the version. So a
 * file that was left in the middle is one of the version before. A new file gets all of them in one
 * transaction: left in the middle it is as new as before.
 */
export function openDurableInSteps(file: string, schema: StepwiseSchema): SqliteFile {
  const { applicationId, migrations, firstWrite } = schema;
  const version = migrations.length;
  let db: SqliteFile | undefined;
  try {
    ensurePrivateFile(file);
    const opened = new Database(file);
    db = opened;
    const from = prepare(opened, file, { applicationId, version, firstWrite });
    checkNames(opened, { file, migrations, from });
    if (from > 0 && from < version) copyBeside(opened, { file, from });
    migrateFrom(opened, { file, applicationId, migrations, from });
    const objects = ['table migration', ...objectsOf({ migrations, version })];
    requireObjects(opened, { file, objects });
    assertDurable(opened, firstWrite);
    return opened;
  } catch (error) {
    db?.close();
    throw asStoreFault(error, file);
  }
}

type Steps = Pick<StepwiseSchema, 'applicationId' | 'migrations'> & { file: string; from: number };

function migrateFrom(db: SqliteFile, { file, applicationId, migrations, from }: Steps): void {
  // Some make a table anew that others point at: what they point at is checked as a whole behind it.
  db.pragma('foreign_keys = OFF');
  const migrate = db.transaction((steps: readonly DurableMigration[], done: number) => {
    db.exec(NAMES);
    for (const [at, { name, statements }] of steps.entries()) {
      for (const statement of statements) db.exec(statement);
      db.prepare('INSERT INTO migration VALUES (?, ?)').run(done + at + 1, name);
    }
    const broken = db.pragma('foreign_key_check') as unknown[];
    if (broken.length > 0) {
      throw new Fault('STORE_CORRUPT', `${file}: ${broken.length} rows point at nothing`);
    }
    stamp(db, { applicationId, version: done + steps.length });
  });
  if (from === 0) {
    migrate.immediate(migrations, 0);
    return;
  }
  for (const [at, migration] of migrations.slice(from).entries()) {
    migrate.immediate([migration], from + at);
  }
}

const madeBy = new WeakMap<readonly DurableMigration[], Map<number, readonly string[]>>();

/** Tables, indexes and triggers of a file of that version, but the table `migration`, which the first versions had not. */
export function objectsOf({
  migrations,
  version,
}: Pick<StepwiseSchema, 'migrations'> & { version: number }): readonly string[] {
  const known = madeBy.get(migrations) ?? new Map<number, readonly string[]>();
  madeBy.set(migrations, known);
  const statements = migrations.slice(0, version).flatMap((one) => one.statements);
  const objects =
    known.get(version) ??
    objectsMadeBy((empty) => {
      for (const statement of statements) empty.exec(statement);
    });
  known.set(version, objects);
  return objects;
}

const NAMES =
  'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT';

type NameRow = { number: number; name: string };

/** A file that went through other migrations than ours has another shape, whatever its version says. */
function checkNames(
  db: SqliteFile,
  { file, migrations, from }: Omit<Steps, 'applicationId'>,
): void {
  const hasNames = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'migration'`).get();
  if (hasNames === undefined) return;
  const rows = db.prepare('SELECT number, name FROM migration ORDER BY number').all() as NameRow[];
  for (const { number, name } of rows) {
    if (migrations[number - 1]?.name === name) continue;
    throw new Fault('STORE_CORRUPT', `${file} was written by other software: it knows ${name}`);
  }
  // The first versions wrote no names: those of a file may begin later, but have no gap, and end with its version.
  const isWhole = rows.every(({ number }, at) => number === from - rows.length + 1 + at);
  if (isWhole && rows.length > 0) return;
  throw new Fault(
    'STORE_CORRUPT',
    `${file} has lost rows of its table migration: restore the backup`,
  );
}

/** As it was before this upgrade, under the name of its version. */
function copyBeside(db: SqliteFile, { file, from }: { file: string; from: number }): void {
  const copy = `${file}.v${from}`;
  const part = `${copy}.part`;
  rmSync(part, { force: true });
  ensurePrivateFile(part);
  db.prepare('VACUUM INTO ?').run(part);
  syncPath(part);
  renameSync(part, copy);
  syncPath(dirname(copy));
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
