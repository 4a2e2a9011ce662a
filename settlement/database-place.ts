/**
 * Where a settlement's books lie: in a file of its data directory, or in a PostgreSQL database. The directory names
 * such a database by the id of its books and not by its address, which holds a password and may change.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '@stile/host/private-files.ts';
import type { Random } from '@stile/host/random.ts';
import { parseStrictJson } from '@stile/host/strict-json.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';
import { requireNoHalfMove } from './move/half-move.ts';
import type { Store } from './store/port.ts';

/** Lies in the directory if the books do not. */
export const PLACE_FILE = 'database.json';
export const DATABASE_FILE = 'settlement.db';
/** Under which name of `meta` the id stands. */
export const BOOKS_KEY = 'booksId';
const ID_BYTES = 16;
const placeSchema = z.strictObject({
  stile: z.literal('database/1'),
  kind: z.literal('postgres'),
  books: z.string().regex(/^[0-9a-f]{32}$/),
});

/** Undefined: in a file of the directory, or nowhere yet. @throws Fault FILE_UNREADABLE if it is damaged. */
export function findBooksId(dataDir: string): string | undefined {
  const file = join(dataDir, PLACE_FILE);
  if (!existsSync(file)) return undefined;
  try {
    return placeSchema.parse(parseStrictJson(readFileSync(file, 'utf8'))).books;
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `${file} is damaged: restore it from the backup`, {
      cause: error,
    });
  }
}

/** @throws Fault CONFIG_INVALID if the books of this directory are in PostgreSQL. */
export function requireBooksInFile(dataDir: string): void {
  requireNoHalfMove(dataDir);
  if (findBooksId(dataDir) === undefined) return;
  throw new Fault(
    'CONFIG_INVALID',
    `the books of ${dataDir} are in a PostgreSQL database: copy it with pg_dump and the directory after it, as ` +
      'docs/operations.md says',
  );
}

/**
 * The database that is named, if any, has to be the place where this directory's books lie.
 * @throws Fault CONFIG_INVALID, CONFLICT if they are half moved
 */
export function requirePlace(dataDir: string, database: string | undefined): void {
  requireNoHalfMove(dataDir);
  const isFile = existsSync(join(dataDir, DATABASE_FILE));
  if (database !== undefined && isFile) {
    throw new Fault(
      'CONFIG_INVALID',
      `the books of ${dataDir} are in ${DATABASE_FILE} there and not in PostgreSQL: start it without --database`,
    );
  }
  if (database === undefined && findBooksId(dataDir) !== undefined) {
    throw new Fault(
      'CONFIG_INVALID',
      `the books of ${dataDir} are in a PostgreSQL database: name it with --database or STILE_DATABASE`,
    );
  }
}

/** @throws Fault CONFIG_INVALID if the books are in a file: one process works on them. */
export function requireBooksId(dataDir: string): string {
  const books = findBooksId(dataDir);
  if (books !== undefined) return books;
  throw new Fault(
    'CONFIG_INVALID',
    `the books of ${dataDir} are in a file, on which one process works: Redis and workers need --database`,
  );
}

/** What a database says of its books: their id, and whether a settlement was initialised on them. */
export type StoredBooks = { books: string | undefined; isInitialised: boolean };

/**
 * The books in a PostgreSQL database have to be this directory's, or none yet.
 * @throws Fault CONFIG_INVALID if they are another settlement's, FILE_UNREADABLE if they are gone
 */
export function requireOwnBooks(dataDir: string, { books, isInitialised }: StoredBooks): void {
  const expected = findBooksId(dataDir);
  if (expected === undefined) {
    if (!isInitialised) return;
    throw new Fault(
      'CONFIG_INVALID',
      `the database has the books of another directory than ${dataDir}: name the right one, or restore ${dataDir}`,
    );
  }
  if (books === expected) return;
  if (books === undefined) {
    throw new Fault(
      'FILE_UNREADABLE',
      `the database is empty, but ${dataDir} was initialised: name the right one, or restore it from the backup`,
    );
  }
  throw new Fault(
    'CONFIG_INVALID',
    `the database has other books than those of ${dataDir}: name the right one with --database`,
  );
}

/** From now on this directory and these books belong together. The database knows first. */
export async function recordBooks(
  store: Store,
  { dataDir, random }: { dataDir: string; random: Random },
): Promise<void> {
  if (findBooksId(dataDir) !== undefined) return;
  const stored = await store.readMeta(BOOKS_KEY);
  const books = stored ?? newBooksId(random);
  if (stored === undefined) await store.writeMeta(BOOKS_KEY, books);
  writePlace(dataDir, books);
}

export function newBooksId(random: Random): string {
  return random.hex(ID_BYTES);
}

/** The books with this id are in a PostgreSQL database. */
export function writePlace(dataDir: string, books: string): void {
  const place = { stile: 'database/1', kind: 'postgres', books };
  writePrivateFile(join(dataDir, PLACE_FILE), `${JSON.stringify(place)}\n`, { mayReplace: true });
}
