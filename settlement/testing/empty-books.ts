/**
 * Books with nothing in them, made once in a test's process and copied: bringing a new file through every
 * migration takes longer than most tests. That a real start makes the same is the migrations' own test.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection } from '../store/sqlite/connection.ts';

let template: Buffer | undefined;

/** Puts them under this name, which nothing has yet. */
export function copyEmptyBooks(file: string): void {
  template ??= makeTemplate();
  writeFileSync(file, template, { mode: 0o600, flag: 'wx' });
}

function makeTemplate(): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'stile-books-'));
  const file = join(dir, 'settlement.db');
  openConnection(file).close();
  const bytes = readFileSync(file);
  rmSync(dir, { recursive: true });
  return bytes;
}
