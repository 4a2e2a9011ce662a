/**
 * Databases of every earlier schema come through whole, also if the process is killed at any statement of the
 * upgrade: what a kill leaves is the files as they lie there at that moment, copied away and opened again.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DurableMigration, openDurableInSteps } from '@stile/host/durable-sqlite.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { APPLICATION_ID } from '../connection.ts';
import { openSqliteStore } from '../store.ts';
import { MIGRATIONS } from './all.ts';

/** Rows of the first schema, in every table that a later one makes anew. */
const FILL = `
  INSERT INTO account VALUES ('a', 1);
  INSERT INTO ledger_account VALUES ('cash', 'cash', 500, 0), ('wallet:a', 'wallet', 250, 500),
    ('revenue:L', 'revenue', 0, 250);
  INSERT INTO transfer VALUES (1, 't1', 'cash', 'wallet:a', 500, 'TOP_UP', 1, 1),
    (2, 't2', 'wallet:a', 'revenue:L', 250, 'WITHHOLD', 1, 1);
  INSERT INTO gate VALUES ('g', 1, 1, 1, 1, 1, 1, 1);
  INSERT INTO gate_epoch VALUES (1, 'g', 'e', 1, zeroblob(32));
  INSERT INTO batch VALUES (1, 1, x'00', x'00', 1, 1);
  INSERT INTO record VALUES (1, 1, 1, 1, x'01', x'02', 'tap', 'open', NULL, 1, 'TRUSTED', 'L', NULL,
    '1/a/1/1', 'accepted', NULL, 1, 'CHARGED');
  INSERT INTO charge VALUES ('1/a/1/1', 'a', 1, 1, 'L', 250, 0, 'WITHHELD', NULL, 1, 1);`;

const BOOKS = [
  'SELECT name, kind, debits_cents, credits_cents FROM ledger_account ORDER BY name',
  'SELECT number, id, debit, credit, amount_cents FROM transfer ORDER BY number',
  'SELECT id, epoch_id, seq, line, hash, kind, use, ruling, outcome FROM record ORDER BY id',
  'SELECT use, account, record, fare_cents, owed_cents, state FROM charge ORDER BY use',
];

function open(file: string, migrations: readonly DurableMigration[] = MIGRATIONS) {
  const firstWrite = `INSERT OR REPLACE INTO meta (key, value) VALUES ('opened', 'yes')`;
  return openDurableInSteps(file, { applicationId: APPLICATION_ID, migrations, firstWrite });
}

function booksOf(db: Database.Database): unknown[] {
  return BOOKS.map((query) => db.prepare(query).raw().all());
}

/** A file of that many migrations; a filled one had its rows since the first. */
function makeFile(version: number, { isFilled }: { isFilled: boolean }): string {
  const file = join(scratchDir(), 'settlement.db');
  if (version === 0) return file;
  const first = open(file, MIGRATIONS.slice(0, 1));
  if (isFilled) first.exec(FILL);
  first.close();
  open(file, MIGRATIONS.slice(0, version)).close();
  return file;
}

/** Runs `work`, and copies the files at every statement of it, before and behind; what is the same once. */
function imagesOf(file: string, work: () => void): { images: string[]; moments: number } {
  const dir = scratchDir();
  const images = new Map<string, string>();
  let moments = 0;
  const copy = () => {
    moments += 1;
    const ends = ['', '-wal', '-shm'].filter((end) => existsSync(file + end));
    const digest = createHash('sha256');
    for (const end of ends) digest.update(`${end}:`).update(readFileSync(file + end));
    const name = digest.digest('hex');
    if (images.has(name)) return;
    mkdirSync(join(dir, name));
    for (const end of ends) copyFileSync(file + end, join(dir, name, `settlement.db${end}`));
    images.set(name, join(dir, name, 'settlement.db'));
  };
  for (const method of ['exec', 'pragma'] as const) {
    const original = Database.prototype[method] as (...args: unknown[]) => unknown;
    vi.spyOn(Database.prototype, method).mockImplementation(function (
      this: Database.Database,
      ...args: unknown[]
    ) {
      copy();
      const result = original.apply(this, args);
      copy();
      return result as never;
    });
  }
  work();
  vi.restoreAllMocks();
  return { images: [...images.values()], moments };
}

const versions = MIGRATIONS.map((_, version) => version);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('killed at every statement', () => {
  test.each(versions)('between schema %i and the next', (version) => {
    const file = makeFile(version, { isFilled: true });
    const isFilled = version > 0;
    const next = MIGRATIONS.slice(0, version + 1);
    const { images, moments } = imagesOf(file, () => open(file, next).close());
    expect(moments).toBeGreaterThan(next.at(-1)?.statements.length ?? 0);
    expect(images.length).toBeGreaterThan(1);
    const whole = open(file, next);
    const expected = isFilled ? booksOf(whole) : [[], [], [], []];
    whole.close();
    for (const image of images) {
      const db = open(image, next);
      expect(booksOf(db), image).toEqual(expected);
      expect(db.pragma('integrity_check', { simple: true }), image).toBe('ok');
      expect(db.pragma('user_version', { simple: true }), image).toBe(next.length);
      db.close();
    }
  });

  test('of a first start: the file is new or whole', () => {
    const file = makeFile(0, { isFilled: false });
    const { images, moments } = imagesOf(file, () => open(file).close());
    expect(moments).toBeGreaterThan(MIGRATIONS.flatMap(({ statements }) => statements).length);
    const versionsLeft = images.map((image) => {
      const left = new Database(image);
      const version = left.pragma('user_version', { simple: true });
      left.close();
      return version;
    });
    expect(new Set(versionsLeft)).toEqual(new Set([0, MIGRATIONS.length]));
    for (const image of images) {
      const db = open(image);
      expect(booksOf(db), image).toEqual([[], [], [], []]);
      expect(db.pragma('user_version', { simple: true }), image).toBe(MIGRATIONS.length);
      db.close();
    }
  });
});

test.each(versions.slice(1))('from schema %i to the latest nothing is lost', (version) => {
  for (const isFilled of [false, true]) {
    const file = makeFile(version, { isFilled });
    const before = open(file, MIGRATIONS.slice(0, version));
    const expected = booksOf(before);
    before.close();
    const db = open(file);
    expect(booksOf(db)).toEqual(expected);
    expect(db.pragma('foreign_key_check')).toEqual([]);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    db.close();
    const copy = open(`${file}.v${version}`, MIGRATIONS.slice(0, version));
    expect(booksOf(copy)).toEqual(expected);
    copy.close();
  }
});

test.each([
  'DELETE FROM record',
  "UPDATE record SET line = x'05'",
  "INSERT INTO transfer VALUES (9, 't9', 'cash', 'nobody', 1, 'TOP_UP', 1, 1)",
])('history stays closed: %s', (statement) => {
  const db = open(makeFile(1, { isFilled: true }));
  expect(() => db.exec(statement)).toThrow(/append-only|FOREIGN KEY/);
  db.close();
});

test('acts of before lose the names of persons, and are append-only again', () => {
  const version = MIGRATIONS.findIndex(({ name }) => name.endsWith('-act-persons'));
  const file = makeFile(version, { isFilled: false });
  const before = open(file, MIGRATIONS.slice(0, version));
  const add = before.prepare(`INSERT INTO act VALUES (?, 1, 'Vera', 'OPERATOR', ?, ?)`);
  add.run(1, 'POST /v1/operator/invites', '{"kind":"verified","person":"Wanda"}');
  add.run(2, 'POST /v1/operator/invites', '{"person":"Wanda Wil');
  add.run(3, 'POST /v1/operator/gates', '{"gate":"person"}');
  before.close();
  const db = open(file);
  const details = db.prepare('SELECT detail FROM act ORDER BY number').pluck().all();
  expect(details).toEqual(['{"kind":"verified"}', '{}', '{"gate":"person"}']);
  expect(() => db.exec(`UPDATE act SET detail = ''`)).toThrow(/append-only/);
  db.close();
});

test('of lists that were stored before, what rulings need is kept at the first opening', async () => {
  const version = MIGRATIONS.findIndex(({ name }) => name.endsWith('-retention'));
  const file = makeFile(version, { isFilled: true });
  const before = open(file, MIGRATIONS.slice(0, version));
  const payload = JSON.stringify(LIST);
  before.prepare('INSERT INTO trust_list VALUES (7, ?, ?, 1)').run('signed', payload);
  before.close();
  const limitsNow = LIST.limits;
  await (await openSqliteStore({ file, limitsNow })).close();
  const db = open(file);
  const rows = db
    .prepare('SELECT version, issued_at_s, skew_s, revoked FROM list_rules')
    .raw()
    .all();
  expect(rows).toEqual([[7, 123, 21, '["1/2"]']]);
  expect(() => db.exec('DELETE FROM trust_list')).not.toThrow();
  expect(() => db.exec('DELETE FROM list_rules')).toThrow(/append-only/);
  db.close();
});

const KEY = {
  issuer: 1,
  publicKey: '0'.repeat(64),
  notBeforeS: 0,
  notAfterS: 9,
  ceilingExponent: 0,
} as const;
const LIST: TrustList = {
  stile: 'trust-list/1',
  operator: 'Stile',
  currency: 'EUR',
  version: 7,
  issuedAtS: 123,
  expiresAtS: 456,
  issuers: [
    { ...KEY, keyId: 1, status: 'active' },
    { ...KEY, keyId: 2, status: 'revoked' },
  ],
  limits: { codeLifetimeSMax: 90, skewS: 21 },
  tariff: { version: 1, lines: [] },
  deny: { version: 0, count: 0, setDigest: '0'.repeat(64) },
  roots: [],
};

test.each([
  `DELETE FROM payment WHERE key = 'paid'`,
  `DELETE FROM payment WHERE key = 'refused'`,
  'DELETE FROM trust_list',
  'DELETE FROM refused_key',
])('nothing goes before what has to stay of it is there: %s', (statement) => {
  const db = open(join(scratchDir(), 'settlement.db'));
  db.exec(`INSERT INTO trust_list VALUES (1, 'signed', '{}', 1);
    INSERT INTO refused_key VALUES ('m', 'kept', 'REVERSED', 1);
    INSERT INTO refused_key VALUES ('m', 'paid', 'REVERSED', 1)`);
  const add = db.prepare(
    `INSERT INTO payment VALUES (NULL, 'm', @key, '', @outcome, @reason, NULL, @account, 1, NULL, NULL, NULL, NULL,
       1, 0, NULL, 1)`,
  );
  add.run({ key: 'paid', outcome: 'PAID', reason: null, account: 'a' });
  for (const key of ['kept', 'refused'])
    add.run({ key, outcome: 'REFUSED', reason: 'REVERSED', account: null });
  expect(() => db.exec(statement)).toThrow(/append-only/);
  expect(db.prepare(`DELETE FROM payment WHERE key = 'kept'`).run().changes).toBe(1);
  db.close();
});

test('migrations are numbered without a gap', () => {
  expect(MIGRATIONS.map(({ name }) => name.slice(0, 5))).toEqual(
    MIGRATIONS.map((_, index) => `${String(index + 1).padStart(4, '0')}-`),
  );
});
