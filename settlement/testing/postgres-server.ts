/**
 * A PostgreSQL server of a test's own: in a folder of its own, reached by a socket in it, ended with the test and also
 * when the test's process dies. Every test gets a fresh database, made from one that is migrated already.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { migrate } from '../store/postgres/migrate.ts';
import { MIGRATIONS } from '../store/postgres/migrations/all.ts';

const USER = 'stile';
/** Where a run of all tests keeps a cluster with today's tables, of which each server is a copy. */
const MADE_BEFORE = process.env.STILE_TEST_POSTGRES;
const MIGRATED = 'migrated';
const SETTINGS = [
  'listen_addresses=',
  'shared_buffers=32MB',
  'max_connections=200',
  'deadlock_timeout=200ms',
  'max_wal_size=256MB',
  // Tables that were never counted look large to the planner, and compiling a small query costs most of its time.
  'jit=off',
];
/** Ends the server when this pipe closes, for whatever reason, and takes its folder away; `down` and `up` by line. */
const KEEPER = `
  dir=$1; bin=$2; shift 2
  exec 3<&0
  up() { "$bin/postgres" -D "$dir/data" -k "$dir" "$@" </dev/null 3<&- & server=$!; }
  down() { kill -INT $server; while kill -0 $server 2>/dev/null; do wait $server; done; }
  # Whoever ends the whole group of processes leaves no folder either.
  trap 'down; rm -rf "$dir"; exit' TERM INT HUP
  up "$@"
  # Only the server holds the output: it ends with a server that does not start.
  exec 2>/dev/null
  while read -r word <&3; do
    case $word in down) down ;; up) up "$@" ;; esac
  done
  down
  rm -rf "$dir"`;

/**
 * Deletes every row that a test has written, past the triggers that forbid it: a sixth of the time that making
 * a database takes. What the migrations wrote is there as before.
 */
const EMPTY = `
  SET session_replication_role = replica;
  DO $$ DECLARE one text; BEGIN
    FOR one IN SELECT relname FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_step'
        AND pg_relation_size(oid) > 0 LOOP
      EXECUTE format('DELETE FROM %I', one);
    END LOOP;
  END $$`;
const FIRST_ROWS = MIGRATIONS.flatMap(({ statements }) => statements).filter((statement) =>
  statement.trimStart().startsWith('INSERT INTO'),
);

export type PostgresServer = {
  url(database: string): string;
  /** A new database with the tables of today, and its URL. */
  freshDatabase(): Promise<string>;
  /** Takes one back that nobody uses any more: emptied, it is the next fresh one. */
  recycle(url: string): Promise<void>;
  /** A new database with nothing in it, and its URL. */
  emptyDatabase(): Promise<string>;
  /** A new database with all that is in this one, which nobody uses; its URL. */
  copyOf(database: string): Promise<string>;
  /** Statements as the server's owner, on any database. */
  run(sql: string, database?: string): Promise<pg.QueryResult>;
  /** Shuts it down as an administrator does, at once; what it has stays. */
  down(): Promise<void>;
  /** Starts it again. */
  up(): Promise<void>;
  stop(): Promise<void>;
};

const READ_AGAIN_MS = 20;
const NOBODY_THERE = new Set(['ENOENT', 'ECONNREFUSED']);

/** One server for a file of tests, there from its first test to its last. */
export function usePostgres(): Pick<
  PostgresServer,
  'url' | 'freshDatabase' | 'recycle' | 'emptyDatabase' | 'copyOf' | 'run' | 'down' | 'up'
> {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => await server?.stop());
  const started = () => {
    if (server === undefined) throw new Error('the server starts before the first test');
    return server;
  };
  return {
    url: (database) => started().url(database),
    down: () => started().down(),
    up: () => started().up(),
    freshDatabase: () => started().freshDatabase(),
    recycle: (url) => started().recycle(url),
    emptyDatabase: () => started().emptyDatabase(),
    copyOf: (database) => started().copyOf(database),
    run: (sql, database) => started().run(sql, database),
  };
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = findPrograms(['initdb', 'postgres']);
  const user = userToRunAs();
  const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const dir = mkdtempSync(join(base, 'stile-postgres-'));
  if (user !== undefined) chownSync(dir, user.uid, user.gid);
  const options = { ...user, cwd: dir, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  const data = join(dir, 'data');
  const isCopied = MADE_BEFORE !== undefined && existsSync(MADE_BEFORE);
  if (isCopied) execFileSync('cp', ['-a', MADE_BEFORE, data]);
  else {
    const cluster = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '-N', '--locale=C'];
    execFileSync(join(bin, 'initdb'), cluster, { ...options, stdio: 'pipe' });
  }
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const child = spawn('/bin/sh', ['-c', KEEPER, 'keeper', dir, bin, ...settings], {
    ...options,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  await untilReady(child);
  const server = serverIn(dir, child);
  if (!isCopied) {
    await migrate({ url: await makeDatabase(server, MIGRATED), migrations: MIGRATIONS });
    await keepForOthers(server, data);
  }
  return server;
}

/** The first of a run leaves its cluster, shut down, to all that follow; who comes meanwhile makes its own. */
async function keepForOthers(server: PostgresServer, data: string): Promise<void> {
  if (MADE_BEFORE === undefined) return;
  const part = `${MADE_BEFORE}.part`;
  try {
    mkdirSync(part);
  } catch {
    return;
  }
  await server.down();
  // It answers nobody before its last checkpoint is written.
  while (existsSync(join(data, 'postmaster.pid'))) await setTimeout(READ_AGAIN_MS);
  execFileSync('cp', ['-a', data, join(part, 'data')]);
  renameSync(join(part, 'data'), MADE_BEFORE);
  await server.up();
}

function serverIn(dir: string, child: ChildProcess): PostgresServer {
  const url = (database: string) =>
    `postgres://${USER}@localhost/${database}?host=${encodeURIComponent(dir)}`;
  let made = 0;
  const next = () => {
    made += 1;
    return `test${made}`;
  };
  const recycled: string[] = [];
  const server: PostgresServer = {
    url,
    freshDatabase: async () =>
      recycled.pop() ?? (await makeDatabase(server, `${next()} TEMPLATE ${MIGRATED}`)),
    recycle: async (used) => {
      await server.run([EMPTY, ...FIRST_ROWS].join(';'), new URL(used).pathname.slice(1));
      recycled.push(used);
    },
    emptyDatabase: () => makeDatabase(server, next()),
    copyOf: (database) => makeDatabase(server, `${next()} TEMPLATE ${database}`),
    run: async (sql, database = 'postgres') => {
      const client = new pg.Client({ connectionString: url(database) });
      // A server that goes down says so between two answers too; whoever asks hears of it by their own answer.
      client.on('error', () => undefined);
      await client.connect();
      try {
        return await client.query(sql);
      } finally {
        await client.end();
      }
    },
    down: async () => {
      child.stdin?.write('down\n');
      await untilAnswer(server, false);
    },
    up: async () => {
      child.stdin?.write('up\n');
      await untilAnswer(server, true);
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
  return server;
}

/** A server that is on its way up or down refuses with words of its own, or breaks off. */
async function untilAnswer(server: PostgresServer, isUp: boolean): Promise<void> {
  const asked = () =>
    server.run('SELECT 1').then(
      () => true,
      (error: { code?: string }) => (NOBODY_THERE.has(error.code ?? '') ? false : null),
    );
  while ((await asked()) !== isUp) await setTimeout(READ_AGAIN_MS);
}

/** One of PostgreSQL's own programs: pg_dump, pg_restore. */
export async function runPostgresProgram(name: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(join(findPrograms([name]), name), args);
}

async function makeDatabase(server: PostgresServer, what: string): Promise<string> {
  await server.run(`CREATE DATABASE ${what}`);
  return server.url(what.split(' ')[0] ?? what);
}

/** @throws Error if PostgreSQL is not installed: a test without it is a failure, never left out. */
function findPrograms(names: readonly string[]): string {
  const onPath = (process.env.PATH ?? '').split(delimiter);
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort() : [];
  const folders = [...onPath, ...versions.reverse().map((version) => join(debian, version, 'bin'))];
  const found = folders.find((folder) =>
    names.every((name) => folder !== '' && existsSync(join(folder, name))),
  );
  if (found !== undefined) return found;
  throw new Error('these tests need PostgreSQL 15 or newer: apt-get install postgresql');
}

/** PostgreSQL does not run as root. */
function userToRunAs(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const numberOf = (flag: string) =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: numberOf('-u'), gid: numberOf('-g') };
    } catch {
      // The next one.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody');
}

async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error('the server has an output');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (line.includes('ready to accept connections')) {
      // Nobody reads further; a full pipe would stop the server.
      child.stderr.resume();
      return;
    }
  }
  throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
}
