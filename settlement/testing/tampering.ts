/** Books as somebody with a database editor leaves them: a copy of a data directory, and what nobody can do by our code. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import Database from 'better-sqlite3';

/** A data directory of its own, with the same books and keys. */
export function copyOf(dataDir: string): string {
  const copy = scratchDir();
  const original = new Database(join(dataDir, 'settlement.db'), { readonly: true });
  original.exec(`VACUUM INTO '${join(copy, 'settlement.db')}'`);
  original.close();
  cpSync(join(dataDir, 'keys'), join(copy, 'keys'), { recursive: true });
  return copy;
}

/** The file's own guards are taken away first. */
export function tamper(file: string, statement: string): void {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  const triggers = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).pluck();
  for (const trigger of triggers.all()) db.exec(`DROP TRIGGER ${trigger}`);
  db.exec(statement);
  db.close();
}
