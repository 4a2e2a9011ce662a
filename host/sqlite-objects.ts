/**
 * The tables, indexes and triggers that a SQLite file has to have: those that its migrations make. One that somebody
 * dropped is a part that is lost; nothing else would say so before it is needed, and of a trigger nothing ever.
 */
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';

/** `sqlite_…` are SQLite's own. */
const OBJECTS = `SELECT type || ' ' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
  ORDER BY 1`;

/** As `table charge`; `make` runs in an empty database. */
export function objectsMadeBy(make: (db: Database.Database) => void): readonly string[] {
  const db = new Database(':memory:');
  try {
    make(db);
    return objectsIn(db);
  } finally {
    db.close();
  }
}

/** Of these, what is not there; what is there besides is not looked at. */
export function missingObjects(db: Database.Database, objects: readonly string[]): string[] {
  const there = new Set(objectsIn(db));
  return objects.filter((one) => !there.has(one));
}

/** @throws Fault STORE_CORRUPT with what is missing. */
export function requireObjects(
  db: Database.Database,
  { file, objects }: { file: string; objects: readonly string[] },
): void {
  const missing = missingObjects(db, objects);
  if (missing.length === 0) return;
  throw new Fault(
    'STORE_CORRUPT',
    `${file} has lost its ${missing.join(', ')}: restore the backup`,
  );
}

function objectsIn(db: Database.Database): string[] {
  return db.prepare(OBJECTS).pluck().all() as string[];
}
