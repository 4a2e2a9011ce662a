/**
 * How many transfers a second the ledger takes, with seals and balances, durable: in postings of one, a hundred and a
 * thousand, on both databases; on PostgreSQL with the money of one part of the ledger, where all wait for one row of
 * each account, and of all 64. The floor is the same number of rows in the same commits, by as many connections.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import type { DatedTransfer } from '@stile/settlement/core/changes.ts';
import { CASH, revenueOf, walletOf } from '@stile/settlement/core/money/ledger.ts';
import { postingOf } from '@stile/settlement/core/money/money-changes.ts';
import type { Database } from '@stile/settlement/store/database.ts';
import { createDatabase as onPostgres } from '@stile/settlement/store/postgres/database.ts';
import { PARTS, partOf } from '@stile/settlement/store/postgres/ids.ts';
import { migrate } from '@stile/settlement/store/postgres/migrate.ts';
import { MIGRATIONS } from '@stile/settlement/store/postgres/migrations/all.ts';
import { openSeals as openPostgresSeals } from '@stile/settlement/store/postgres/seals.ts';
import { openPool } from '@stile/settlement/store/postgres/session.ts';
import { createTransactions } from '@stile/settlement/store/postgres/transactions.ts';
import { openConnection } from '@stile/settlement/store/sqlite/connection.ts';
import { createDatabase as onSqlite } from '@stile/settlement/store/sqlite/database.ts';
import { openSeals as openSqliteSeals } from '@stile/settlement/store/sqlite/seals.ts';
import Sqlite from 'better-sqlite3';
import { median } from './statistics.ts';

const BATCHES = [1, 100, 1_000] as const;
/** Postings that wait at the same time, as requests of as many people do. */
const AT_ONCE = 16;
const ACCOUNTS = 256;
const MONEY_CENTS = 2 ** 40;
const LINE = 'L1';
/** About a transfer's row. */
const ROW_BYTES = 200;
/** Transfers of one round, of each size of posting. */
const TRANSFERS = { 1: 1_500, 100: 20_000, 1000: 40_000 } as const;
const QUICK = 5;
const ROUNDS = 3;

export type PostingsReport = readonly {
  database: string;
  batch: number;
  perS: number;
  floorPerS: number;
}[];

type Ledger = { post(transfers: readonly DatedTransfer[]): Promise<void>; close(): Promise<void> };
type Floor = { add(rows: number): Promise<void>; close(): Promise<void> };
type Subject = {
  name: string;
  accounts: readonly string[];
  ledger: () => Promise<Ledger>;
  floor: () => Promise<Floor>;
};

export async function measurePostings(options: {
  folder: string;
  /** Of a PostgreSQL on the same disk. */
  url: string;
  isQuick: boolean;
  say: (text: string) => void;
}): Promise<PostingsReport> {
  const { folder, url, isQuick, say } = options;
  const all = Array.from({ length: ACCOUNTS }, (_, n) => accountOf(n));
  const ofOnePart = Array.from({ length: ACCOUNTS * PARTS * 2 }, (_, n) => accountOf(n))
    .filter((account) => partOf(account) === 0)
    .slice(0, ACCOUNTS);
  const sqlite = {
    ledger: async () => await sqliteLedger(folder),
    floor: async () => sqliteFloor(join(folder, 'postings-floor.db')),
  };
  const postgres = {
    ledger: async () => await postgresLedger({ folder, url }),
    floor: async () => await postgresFloor(url),
  };
  const subjects: Subject[] = [
    { name: 'SQLite', accounts: all, ...sqlite },
    { name: 'PostgreSQL, 1 row an account', accounts: ofOnePart, ...postgres },
    { name: `PostgreSQL, ${PARTS} rows`, accounts: all, ...postgres },
  ];
  const report: PostingsReport[number][] = [];
  for (const subject of subjects) {
    say(`postings: ${subject.name}`);
    report.push(...(await measure(subject, { isQuick })));
  }
  return report;
}

async function measure(
  { name, accounts, ledger, floor }: Subject,
  { isQuick }: { isQuick: boolean },
): Promise<PostingsReport[number][]> {
  const [opened, bare] = [await ledger(), await floor()];
  try {
    await opened.post(
      accounts.map((account) =>
        transferOf({ debit: CASH, credit: walletOf(account), amountCents: MONEY_CENTS }),
      ),
    );
    const rows: PostingsReport[number][] = [];
    for (const batch of BATCHES) {
      const count = Math.ceil(TRANSFERS[batch] / (isQuick ? QUICK : 1) / batch);
      const rates: { perS: number; floorPerS: number }[] = [];
      // In turns: a slow moment of the machine is one of both.
      for (let round = 0; round < ROUNDS; round += 1) {
        const floorPerS = await rateOf({ count, batch }, () => bare.add(batch));
        const perS = await rateOf({ count, batch }, (at) =>
          opened.post(faresOf(accounts, { batch, at })),
        );
        rates.push({ perS, floorPerS });
      }
      const perS = median(rates.map((rate) => rate.perS));
      rows.push({
        database: name,
        batch,
        perS,
        floorPerS: median(rates.map((rate) => rate.floorPerS)),
      });
    }
    return rows;
  } finally {
    await opened.close();
    await bare.close();
  }
}

/** Rows a second, of `count` commits of `batch` rows each. */
async function rateOf(
  { count, batch }: { count: number; batch: number },
  commit: (at: number) => Promise<void>,
): Promise<number> {
  let next = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        next += 1;
        await commit(next);
      }
    }),
  );
  return (count * batch * 1_000) / (performance.now() - from);
}

function accountOf(n: number): string {
  return createHash('sha256').update(`rider ${n}`).digest('hex').slice(0, 16);
}

function transferOf(of: Pick<DatedTransfer, 'debit' | 'credit' | 'amountCents'>): DatedTransfer {
  const id = `bench:${randomBytes(12).toString('hex')}`;
  return { id, ...of, code: 'WITHHOLD', happenedAtMs: Date.now() };
}

/** A fare of one rider after the other. */
function faresOf(
  accounts: readonly string[],
  { batch, at }: { batch: number; at: number },
): DatedTransfer[] {
  return Array.from({ length: batch }, (_, index) => {
    const account = accounts[(at * batch + index) % accounts.length] ?? '';
    return transferOf({ debit: walletOf(account), credit: revenueOf(LINE), amountCents: 1 });
  });
}

function ledgerOn(database: Database): Ledger {
  return {
    post: (transfers) =>
      database.transactTogether({
        read: () => null,
        decide: () => ({ changes: postingOf(transfers, Date.now()), result: undefined }),
      }),
    close: () => database.close(),
  };
}

async function sqliteLedger(folder: string): Promise<Ledger> {
  const file = join(folder, 'postings.db');
  const connection = openConnection(file);
  return ledgerOn(
    onSqlite(connection, openSqliteSeals(connection, { file, random: systemRandom })),
  );
}

/** With durable commits that are shared, as settlement's are. */
function sqliteFloor(file: string): Floor {
  const db = new Sqlite(file);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE row (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT');
  db.pragma('synchronous = FULL');
  const insert = db.prepare('INSERT INTO row (content) VALUES (?)');
  const content = randomBytes(ROW_BYTES);
  const together = createTogether((rows) =>
    db.transaction(() => {
      for (let n = 0; n < rows; n += 1) insert.run(content);
    })(),
  );
  return { add: together, close: async () => void db.close() };
}

/** What is asked for in one turn of the event loop is one commit. */
function createTogether(commit: (rows: number) => void): (rows: number) => Promise<void> {
  let waiting: { rows: number; done: () => void }[] = [];
  return (rows) =>
    new Promise((done) => {
      waiting.push({ rows, done });
      if (waiting.length > 1) return;
      setImmediate(() => {
        const group = waiting;
        waiting = [];
        commit(group.reduce((sum, one) => sum + one.rows, 0));
        for (const one of group) one.done();
      });
    });
}

async function postgresLedger({ folder, url }: { folder: string; url: string }): Promise<Ledger> {
  const dataDir = join(folder, 'postings');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  await migrate({ url, migrations: MIGRATIONS });
  const pool = openPool({ url, connectionsMax: AT_ONCE });
  const transactions = createTransactions({ pool, url, clock: systemClock, random: systemRandom });
  const { keyedHash, finish } = await transactions((session) =>
    openPostgresSeals(session, { url, dataDir, random: systemRandom }),
  );
  finish();
  return ledgerOn(onPostgres({ pool, transactions, keyedHash }));
}

async function postgresFloor(url: string): Promise<Floor> {
  const pool = openPool({ url, connectionsMax: AT_ONCE });
  await pool.session.run('DROP TABLE IF EXISTS bare');
  await pool.session.run(
    'CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content bytea NOT NULL)',
  );
  const content = randomBytes(ROW_BYTES);
  return {
    add: async (rows) => {
      await pool.session.run('INSERT INTO bare (content) SELECT $1 FROM generate_series(1, $2)', [
        content,
        rows,
      ]);
    },
    close: async () => {
      await pool.session.run('DROP TABLE bare');
      await pool.close();
    },
  };
}
