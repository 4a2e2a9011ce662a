/**
 * The PostgreSQL database that books are moved into: one connection, which holds a lock as long as it lives. How far the
 * move is stands in the database, written with the rows.
 */
import { Fault } from '@stile/protocol/fault.ts';
import pg from 'pg';
import { z } from 'zod';
import { columnsOf } from '../store/postgres/changes/columns.ts';
import { asPostgresFault, placeOf } from '../store/postgres/faults.ts';
import { migrate } from '../store/postgres/migrate.ts';
import { MIGRATIONS } from '../store/postgres/migrations/all.ts';
import { openPool, type Session } from '../store/postgres/session.ts';
import { MOVE_KEY } from './half-move.ts';
import type { Row } from './tables.ts';

/** `STS3`: the lock of who moves books in. */
const MOVING = 0x53_54_53_33;
/** What a migration fills itself. */
const SEEDED = ['schema_step', 'outbox_shard', 'shard_turn'];

const TABLES = `SELECT relname AS name FROM pg_class
  WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname <> ALL ($1::text[])
  ORDER BY relname`;
const HAS_STEPS = `SELECT to_regclass('schema_step') IS NOT NULL AS "isOurs"`;
const COLUMNS = `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
  WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`;
const PROGRESS = 'SELECT value FROM meta WHERE key = $1';
const SAVE = `INSERT INTO meta (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
/** Payments that came keep their ids: the next one is above them all. */
const COUNTERS = `SELECT setval('payment_number',
  greatest(64, ((SELECT coalesce(max(id & 35184372088831), 0) FROM payment) / 64 + 1) * 64))`;

const progressSchema = z.strictObject({
  books: z.string(),
  /** What the file was when it began. */
  file: z.string(),
  /** Rows of each table that are there. */
  rows: z.record(z.string(), z.int()),
});
export type Progress = z.infer<typeof progressSchema>;

export type Target = {
  url: string;
  place: string;
  session: Session;
  /** All of it or nothing. */
  together<Result>(work: () => Promise<Result>): Promise<Result>;
  readProgress(): Promise<Progress | undefined>;
  saveProgress(progress: Progress): Promise<void>;
  /** Whether it has tables of ours. */
  isOurs(): Promise<boolean>;
  /** Names of tables in which there is something. */
  findFilled(): Promise<string[]>;
  /** Everything that is in it, whoever has written it. */
  empty(): Promise<void>;
  insert(table: string, rows: readonly Row[]): Promise<void>;
  setCounters(): Promise<void>;
};

/**
 * @throws Fault STORE_FAILED if it can't be reached or refuses a right, STORE_CORRUPT if it is another program's or a
 * newer version's, CONFLICT if somebody else moves books into it now.
 */
export async function withTarget<Result>(
  url: string,
  work: (target: Target) => Promise<Result>,
): Promise<Result> {
  const pool = openPool({ url, connectionsMax: 1 });
  try {
    return await pool.withSession(async (session) => {
      const place = `PostgreSQL at ${placeOf(url)}`;
      const row = await session.first<{ isHeld: boolean }>(
        'SELECT pg_try_advisory_lock($1) AS "isHeld"',
        [MOVING],
      );
      if (row?.isHeld !== true) {
        throw new Fault('CONFLICT', `another move is writing into ${place}: wait for its end`);
      }
      return await work(targetOn(session, { url, place }));
    });
  } catch (error) {
    throw error instanceof pg.DatabaseError ? asPostgresFault(error, url) : error;
  } finally {
    await pool.close();
  }
}

/** To the tables of this version; of a database that has books already nothing is changed. */
export async function migrateTarget(url: string): Promise<void> {
  await migrate({ url, migrations: MIGRATIONS });
}

function targetOn(session: Session, { url, place }: { url: string; place: string }): Target {
  const types = new Map<string, ReadonlyMap<string, string>>();

  async function typesOf(table: string): Promise<ReadonlyMap<string, string>> {
    const known = types.get(table);
    if (known !== undefined) return known;
    const rows = await session.all<{ name: string; type: string }>(COLUMNS, [table]);
    const found = new Map(rows.map(({ name, type }) => [name, type]));
    types.set(table, found);
    return found;
  }

  async function together<Result>(work: () => Promise<Result>): Promise<Result> {
    await session.run('BEGIN');
    try {
      const result = await work();
      await session.run('COMMIT');
      return result;
    } catch (error) {
      await session.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  async function isOurs(): Promise<boolean> {
    return (await session.first<{ isOurs: boolean }>(HAS_STEPS))?.isOurs === true;
  }

  async function tables(): Promise<string[]> {
    if (!(await isOurs())) return [];
    return (await session.all<{ name: string }>(TABLES, [SEEDED])).map(({ name }) => name);
  }

  return {
    url,
    place,
    session,
    together,
    isOurs,
    readProgress: async () => {
      if (!(await tables()).includes('meta')) return undefined;
      const row = await session.first<{ value: string }>(PROGRESS, [MOVE_KEY]);
      return row === undefined ? undefined : progressSchema.parse(JSON.parse(row.value));
    },
    saveProgress: async (progress) => {
      await session.run(SAVE, [MOVE_KEY, JSON.stringify(progress)]);
    },
    findFilled: async () => {
      const filled: string[] = [];
      for (const name of await tables()) {
        if ((await session.first(`SELECT 1 FROM "${name}" LIMIT 1`)) !== undefined)
          filled.push(name);
      }
      return filled;
    },
    empty: async () => {
      const names = (await tables()).map((name) => `"${name}"`).join(', ');
      await together(async () => {
        await session.run(`TRUNCATE ${names}`);
        await session.run('UPDATE outbox_shard SET last_number = 0');
      });
    },
    insert: async (table, rows) => {
      const [first] = rows;
      if (first === undefined) return;
      const known = await typesOf(table);
      const names = Object.keys(first);
      const arrays = names.map((name, at) => `$${at + 1}::${known.get(name)}[]`).join(', ');
      const text = `INSERT INTO "${table}" (${names.join(', ')}) SELECT * FROM unnest(${arrays})`;
      await session.run(text, columnsOf(rows.map((row) => names.map((name) => row[name]))));
    },
    setCounters: async () => {
      await session.run(COUNTERS);
    },
  };
}
