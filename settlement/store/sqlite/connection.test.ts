/** The promises of the database file itself: durability settings, whose it is, what can't be changed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addGate, addRider, drain, ISSUER, LIMITS, NOW_MS } from '../../testing/log.ts';
import { APPLICATION_ID, openConnection } from './connection.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { openSqliteStore } from './store.ts';

function fail(error: Error): never {
  throw error;
}

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stile-connection-'));
  file = join(dir, 'settlement.db');
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

test('a commit is a promise: WAL and synchronous=FULL, also after writes and a second start', async () => {
  for (let start = 0; start < 2; start += 1) {
    const { db, close } = openConnection(file);
    db.exec(`INSERT OR REPLACE INTO meta VALUES ('x', '${start}')`);
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
    close();
  }
});

test('whatever is thrown while it is read is damage; what was thrown as a fault stays that', () => {
  const heard: string[] = [];
  const { read, guard, write, db, close } = openConnection(file, ({ code }) => heard.push(code));
  const corrupt = expect.objectContaining({ code: 'STORE_CORRUPT' });
  expect(() => read(() => JSON.parse('{'))).toThrow(corrupt);
  const busy = new Fault('UPLINK_BUSY', 'later');
  expect(() => read(() => fail(busy))).toThrow(busy);
  const twice = () => db.exec(`INSERT INTO meta VALUES ('twice', '1'), ('twice', '2')`);
  expect(() => guard(twice)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  expect(heard).toEqual([]);
  const page = new Database.SqliteError('database disk image is malformed', 'SQLITE_CORRUPT_INDEX');
  expect(() => read(() => fail(page))).toThrow(corrupt);
  expect(() => write(() => 1)).toThrow(corrupt);
  expect(heard).toEqual(['STORE_CORRUPT']);
  close();
});

test("another program's file, a newer one and no database at all are refused", async () => {
  const other = new Database(file);
  other.exec('CREATE TABLE t (x)');
  other.close();
  expect(() => openConnection(file)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  const newer = join(dir, 'newer.db');
  openConnection(newer).close();
  const db = new Database(newer);
  db.pragma('user_version = 99');
  db.close();
  expect(() => openConnection(newer)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  const text = join(dir, 'text.db');
  writeFileSync(text, 'not a database, and long enough to be looked at as one'.repeat(40));
  expect(() => openConnection(text)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
  expect(() => openConnection(join(dir, 'no', 'dir.db'))).toThrow(
    expect.objectContaining({ code: 'STORE_FAILED' }),
  );
});

test('a transaction that throws leaves nothing behind', async () => {
  const { db, write, close } = openConnection(file);
  const insert = () => {
    db.exec(`INSERT INTO meta VALUES ('half', 'done')`);
    throw new Error('stop');
  };
  expect(() => write(insert)).toThrow('stop');
  expect(db.prepare(`SELECT count(*) FROM meta WHERE key = 'half'`).pluck().get()).toBe(0);
  close();
});

test('a failed sync is final: nothing is written until the file is opened again, and its owner hears of it once', () => {
  const heard: string[] = [];
  const { db, write, close } = openConnection(file, (fault) => heard.push(fault.code));
  const insert = () => db.exec(`INSERT INTO meta VALUES ('late', 'done')`);
  const fail = () => {
    throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC');
  };
  expect(() => write(fail)).toThrow(/the disk failed/);
  expect(() => write(insert)).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
  expect(heard).toEqual(['STORE_FAILED']);
  close();
  const again = openConnection(file);
  const late = again.db.prepare(`SELECT count(*) FROM meta WHERE key = 'late'`).pluck();
  expect(late.get()).toBe(0);
  again.write(() => again.db.exec(`INSERT INTO meta VALUES ('late', 'done')`));
  expect(late.get()).toBe(1);
  again.close();
});

describe('history', () => {
  test.each([
    'UPDATE transfer SET amount_cents = 1',
    'DELETE FROM transfer',
    "UPDATE charge_event SET state = 'WITHHELD'",
    'DELETE FROM charge_event',
    'DELETE FROM charge',
    "UPDATE record SET line = x'00'",
    "UPDATE record SET ruling = 'accepted'",
    'DELETE FROM record',
    'DELETE FROM batch',
    'UPDATE top_up SET amount_cents = 1',
    "UPDATE ledger_account SET debits_cents = credits_cents + 1 WHERE kind = 'wallet'",
    "UPDATE ledger_account SET credits_cents = debits_cents + 1 WHERE kind = 'receivable'",
    'INSERT INTO transfer SELECT NULL, id, debit, credit, 1, code, 0, 0 FROM transfer LIMIT 1',
    "INSERT INTO transfer VALUES (NULL, 'n', 'cash', 'nobody', 1, 'TOP_UP', 0, 0)",
    "INSERT INTO transfer VALUES (NULL, 'n', 'cash', 'revenue:M1', 0, 'TOP_UP', 0, 0)",
    "INSERT INTO transfer VALUES (NULL, 'n', 'cash', 'revenue:M1', 1.5, 'TOP_UP', 0, 0)",
  ])('the file itself refuses: %s', async (statement) => {
    const store = await openSqliteStore({ file, limitsNow: LIMITS });
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    const account = await addRider(store, 'a');
    await store.topUp({ issuer: ISSUER, account, key: 'k', amountCents: 100, nowMs: NOW_MS });
    const gate = await addGate(store, { gate: 'g1', line: 'M1' });
    gate.ride({ account, counter: 1, atMs: NOW_MS });
    await gate.send(store);
    await drain(store);
    await store.close();
    const { db, close } = openConnection(file);
    expect(() => db.exec(statement)).toThrow(/append-only|constraint failed|cannot store/);
    close();
  });
});
