/** The key of the books: made once, never anew, and nothing is sealed again that was sealed before. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { auditSettlement } from '../../audit/audit.ts';
import { bookKeyFile } from '../book-key.ts';
import { openSqliteStore } from './store.ts';

const LIMITS = { codeLifetimeSMax: 60, skewS: 20 };

async function reopen(file: string): Promise<void> {
  const store = await openSqliteStore({ file, limitsNow: LIMITS });
  await store.close();
}

async function made(): Promise<{ dir: string; file: string; keyFile: string }> {
  const dir = scratchDir();
  const file = join(dir, 'settlement.db');
  await reopen(file);
  return { dir, file, keyFile: bookKeyFile(file) };
}

async function sealOf(dir: string) {
  const checks = await auditSettlement(dir);
  return checks.find(({ name }) => name === 'the books are as they were sealed');
}

test('new books are sealed, and stay so when they are opened again', async () => {
  const { dir, file, keyFile } = await made();
  const key = readFileSync(keyFile, 'utf8');
  await reopen(file);
  expect(readFileSync(keyFile, 'utf8')).toBe(key);
  expect(await sealOf(dir)).toMatchObject({ ok: true });
});

test('sealed books without their key do not open, and no new key is made', async () => {
  const { file, keyFile } = await made();
  rmSync(keyFile);
  await expect(reopen(file)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect(existsSync(keyFile)).toBe(false);
});

test('a key without sealed books does not seal them anew', async () => {
  const { file } = await made();
  const db = new Database(file);
  db.exec('DELETE FROM book_seal');
  db.close();
  await expect(reopen(file)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});

test('a crash behind the seal, before the key has its name, is finished by the next start', async () => {
  const { dir, file, keyFile } = await made();
  renameSync(keyFile, `${keyFile}.next`);
  await reopen(file);
  expect(existsSync(keyFile)).toBe(true);
  expect(await sealOf(dir)).toMatchObject({ ok: true });
});

test('a crash before the seal is finished by the next start, with the same key', async () => {
  const { dir, file, keyFile } = await made();
  const key = readFileSync(keyFile, 'utf8');
  renameSync(keyFile, `${keyFile}.next`);
  const db = new Database(file);
  db.exec('DELETE FROM book_seal');
  db.close();
  await reopen(file);
  expect(readFileSync(keyFile, 'utf8')).toBe(key);
  expect(await sealOf(dir)).toMatchObject({ ok: true });
});

test('a damaged key is said so', async () => {
  const { file, keyFile } = await made();
  writeFileSync(keyFile, 'zz');
  await expect(reopen(file)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

test('another key than the one that the books were sealed with does not open them', async () => {
  const { file, keyFile } = await made();
  const other = 'ab'.repeat(32);
  const key = readFileSync(keyFile, 'utf8');
  writeFileSync(keyFile, other);
  await expect(reopen(file)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  writeFileSync(keyFile, key);
  await reopen(file);
});

test('books of an earlier version, which noted no key, are held against the key once', async () => {
  const { dir, file, keyFile } = await made();
  const db = new Database(file);
  db.exec(`DELETE FROM meta WHERE key = 'bookKeyCheck'`);
  db.exec(`UPDATE book_seal SET link = x'${'01'.repeat(32)}'`);
  db.close();
  await expect(reopen(file)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect(await sealOf(dir)).toMatchObject({ ok: false });
  expect(existsSync(keyFile)).toBe(true);
});
