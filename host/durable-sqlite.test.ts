/** SQLite files that are durable, migrated and told from those of other programs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDurable, openDurableInSteps, openToRead, type SqliteFile } from './durable-sqlite.ts';
import { scratchDir } from './testing/scratch-folder.ts';

const MIGRATIONS = ['CREATE TABLE t (x INTEGER) STRICT', 'ALTER TABLE t ADD COLUMN y INTEGER'];
const OURS = 0x54_45_53_54;

function schemaOf(version: number) {
  return {
    applicationId: OURS,
    version,
    firstWrite: 'DELETE FROM t WHERE x = -1',
    migrate(db: SqliteFile, from: number) {
      for (const sql of MIGRATIONS.slice(from, version)) db.exec(sql);
    },
  };
}

const newFile = () => join(scratchDir(), 'a.db');
const read = (db: SqliteFile, pragma: string) => db.pragma(pragma, { simple: true });

function stepsOf(statements: readonly (readonly string[])[]) {
  const migrations = statements.map((of, index) => ({ name: `step ${index}`, statements: of }));
  return { applicationId: OURS, migrations, firstWrite: 'DELETE FROM t WHERE x = -1' };
}

test('commits are durable after the first write, every time; the header says whose file it is', () => {
  const steps = stepsOf(MIGRATIONS.map((statement) => [statement]));
  const openers = [
    () => openDurable(newFile(), schemaOf(2)),
    () => openDurableInSteps(newFile(), steps),
  ];
  for (const open of openers) {
    const db = open();
    db.exec('INSERT INTO t VALUES (1, 2)');
    expect(read(db, 'synchronous')).toBe(2);
    expect(read(db, 'journal_mode')).toBe('wal');
    expect(read(db, 'foreign_keys')).toBe(1);
    expect(read(db, 'trusted_schema')).toBe(0);
    expect(read(db, 'cell_size_check')).toBe(1);
    expect(read(db, 'application_id')).toBe(OURS);
    expect(read(db, 'user_version')).toBe(2);
    db.close();
  }
});

test('an older file is taken to the new version; a migration that fails leaves it as it was', () => {
  const file = newFile();
  openDurable(file, schemaOf(1)).close();
  const broken = {
    ...schemaOf(2),
    migrate(db: SqliteFile) {
      db.exec('CREATE TABLE half (x)');
      throw new Error('in the middle');
    },
  };
  expect(() => openDurable(file, broken)).toThrow('in the middle');
  const db = new Database(file);
  expect(read(db, 'user_version')).toBe(1);
  expect(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(1);
  db.close();
  openDurable(file, schemaOf(2)).close();
});

test('each step is a transaction with its name and version, behind a copy of what was', () => {
  const file = newFile();
  const [first = '', second = ''] = MIGRATIONS;
  const before = openDurableInSteps(file, stepsOf([[first]]));
  before.exec('INSERT INTO t VALUES (7)');
  before.close();
  const half = stepsOf([[first], [second], ['CREATE TABLE half (x)', 'no SQL']]);
  expect(() => openDurableInSteps(file, half)).toThrow(/no/);
  const copy = openDurableInSteps(`${file}.v1`, stepsOf([[first]]));
  expect(copy.prepare('SELECT * FROM t').all()).toEqual([{ x: 7 }]);
  copy.close();
  const db = openDurableInSteps(file, stepsOf([[first], [second]]));
  expect(read(db, 'user_version')).toBe(2);
  expect(db.prepare('SELECT * FROM t').all()).toEqual([{ x: 7, y: null }]);
  expect(db.prepare('SELECT * FROM migration').raw().all()).toEqual([
    [1, 'step 0'],
    [2, 'step 1'],
  ]);
  db.close();
});

test('a file that went through other migrations is refused', () => {
  const file = newFile();
  openDurableInSteps(file, stepsOf([[MIGRATIONS[0] ?? '']])).close();
  const other = stepsOf([[MIGRATIONS[0] ?? '']]);
  const renamed = other.migrations.map((step) => ({ ...step, name: 'another' }));
  expect(() => openDurableInSteps(file, { ...other, migrations: renamed })).toThrow(
    /other software: it knows step 0/,
  );
});

test.each([
  ['a table', 'DROP TABLE t', /lost its index t_x, table t, trigger kept/],
  ['an index', 'DROP INDEX t_x', /lost its index t_x/],
  ['a trigger', 'DROP TRIGGER kept', /lost its trigger kept/],
  ['the names of its migrations', 'DROP TABLE migration', /lost its table migration/],
  [
    'one of these names',
    'DELETE FROM migration WHERE number = 2',
    /lost rows of its table migration/,
  ],
  ['the last name', 'DELETE FROM migration WHERE number = 3', /lost rows of its table migration/],
  ['all names', 'DELETE FROM migration', /lost rows of its table migration/],
])('a file that lost %s is refused by name', (_what, damage, words) => {
  const file = newFile();
  const steps = stepsOf([
    ['CREATE TABLE t (x INTEGER) STRICT'],
    ['CREATE INDEX t_x ON t (x)'],
    [`CREATE TRIGGER kept BEFORE DELETE ON t BEGIN SELECT raise(ABORT, 'kept'); END`],
  ]);
  const db = openDurableInSteps(file, steps);
  db.exec(damage);
  db.close();
  expect(() => openDurableInSteps(file, steps)).toThrow(
    expect.objectContaining({ code: 'STORE_CORRUPT', message: expect.stringMatching(words) }),
  );
});

test('so is one that is taken from version to version at once', () => {
  const file = newFile();
  const db = openDurable(file, schemaOf(2));
  db.exec('DROP TABLE t');
  db.close();
  expect(() => openDurable(file, schemaOf(2))).toThrow(/lost its table t/);
});

test("another program's file, a newer one, no database and no file are told apart", () => {
  const other = newFile();
  new Database(other).exec('CREATE TABLE t (x)').close();
  const newer = newFile();
  openDurable(newer, schemaOf(2)).close();
  const text = newFile();
  writeFileSync(text, 'no database at all, but long enough to look like one'.repeat(50));
  const folder = join(scratchDir(), 'none', 'a.db');
  const open = (file: string) => () => openDurable(file, schemaOf(1));
  expect(open(other)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  expect(open(newer)).toThrow(/newer version/);
  expect(open(text)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  expect(open(folder)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  expect(() => openToRead(folder, OURS)).toThrow(
    expect.objectContaining({ code: 'FILE_UNREADABLE' }),
  );
  expect(() => openToRead(other, OURS)).toThrow(/another program/);
  const db = openToRead(newer, OURS);
  expect(() => db.exec('INSERT INTO t VALUES (1, 2)')).toThrow(/readonly/);
  db.close();
});
