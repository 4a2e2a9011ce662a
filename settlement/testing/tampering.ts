/** Books in a SQLite file as somebody with a database editor leaves them. */
import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { auditSettlement } from '../audit/audit.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import { type Books, besideGuards, type KindOfBooks, LIMITS_OF_BOOKS } from './books.ts';
import { ScriptedTown } from './town.ts';

export const SQLITE_BOOKS: KindOfBooks = {
  openTown: async () => await ScriptedTown.open(),
  booksOf: async ({ dataDir }) => booksIn(dataDir, { town: dataDir, isLoose: false }),
  dropTrigger: (name) => `DROP TRIGGER ${name}`,
  countsPayments: true,
  lastPlace: { columns: 'number', values: '999' },
};

/** Copies lie in the directory of the town, which goes with it. */
function booksIn(dataDir: string, place: { town: string; isLoose: boolean }): Books {
  const { town } = place;
  let { isLoose } = place;
  const file = join(dataDir, 'settlement.db');
  return {
    dataDir,
    audit: async (options) => besideGuards(await auditSettlement(dataDir, options), { isLoose }),
    copy: async () => booksIn(copyOf(dataDir, mkdtempSync(join(town, 'copy-'))), { town, isLoose }),
    tamper: async (statements) => {
      isLoose = true;
      tamper(file, statements);
    },
    run: async (statements) => {
      const db = new Database(file);
      db.exec(statements);
      db.close();
    },
    read: async <Row>(query: string) => {
      const db = new Database(file, { readonly: true });
      const rows = db.prepare(query).all() as Row[];
      db.close();
      return rows;
    },
    openStore: async () => await openSqliteStore({ file, limitsNow: LIMITS_OF_BOOKS }),
  };
}

/** A data directory of its own, with the same books and keys. */
function copyOf(dataDir: string, copy: string): string {
  const original = new Database(join(dataDir, 'settlement.db'), { readonly: true });
  original.exec(`VACUUM INTO '${join(copy, 'settlement.db')}'`);
  original.close();
  cpSync(join(dataDir, 'keys'), join(copy, 'keys'), { recursive: true });
  return copy;
}

/** The file's own guards are taken away first. */
function tamper(file: string, statements: string): void {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  const triggers = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).pluck();
  for (const trigger of triggers.all()) db.exec(`DROP TRIGGER ${trigger}`);
  db.exec(statements);
  db.close();
}
