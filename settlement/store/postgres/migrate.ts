/**
 * Brings a database to the schema of this program, one statement after the other, each in one transaction with its
 * number and name: a migrator that is killed leaves a database that the next one goes on with. Two of them wait for one
 * another.
 */
import { Fault } from '@stile/protocol/fault.ts';
import pg from 'pg';
import { asPostgresFault, placeOf } from './faults.ts';
import type { Migration } from './migrations/migration.ts';
import { objectsMadeBy, requireObjects } from './objects.ts';
import { openPool, type Session } from './session.ts';

/** `STS1`: whose database this is, and the name of the lock that migrators take. */
const LOCK = 0x53_54_53_31;
const VERSION_NUMBER_MIN = 150_000;

const STEPS = `CREATE TABLE IF NOT EXISTS schema_step (
  number integer PRIMARY KEY, name text COLLATE "C" NOT NULL)`;

const BACKEND = 'SELECT pg_backend_pid() AS backend';

type Step = { name: string; statement: string };
export type MigrateOptions = {
  url: string;
  migrations: readonly Migration[];
  /** Behind the statement of each step, before it is noted. */
  onStep?: (step: { number: number; backend: number }) => void | Promise<void>;
};

/**
 * @returns how many steps were done.
 * @throws Fault STORE_CORRUPT if the schema is another program's or a newer one's, STORE_FAILED if the server is too old,
 * cannot be reached or refuses a right.
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const pool = openPool({ url: options.url, connectionsMax: 1 });
  try {
    return await pool.withSession(async (session) => await migrateOn(session, options));
  } catch (error) {
    if (error instanceof pg.DatabaseError) throw asPostgresFault(error, options.url);
    throw error;
  } finally {
    await pool.close();
  }
}

async function migrateOn(
  session: Session,
  { url, migrations, onStep = () => undefined }: MigrateOptions,
): Promise<number> {
  const place = `PostgreSQL at ${placeOf(url)}`;
  await checkServer(session, place);
  const { backend = 0 } = (await session.first<{ backend: number }>(BACKEND)) ?? {};
  const steps = stepsOf(migrations);
  let done = 0;
  for (;;) {
    const number = await inTransaction(session, async () => {
      // Of the transaction: a migrator that dies holds up nobody.
      await session.run('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      await refuseOtherSchema(session, place);
      await session.run(STEPS);
      const next = (await countDone(session, { steps, place })) + 1;
      const step = steps[next - 1];
      if (step === undefined) return null;
      await session.run(step.statement);
      await onStep({ number: next, backend });
      await session.run('INSERT INTO schema_step VALUES ($1, $2)', [next, step.name]);
      return next;
    });
    if (number === null) break;
    done += 1;
  }
  await requireObjects(session, { place, objects: objectsMadeBy(migrations) });
  return done;
}

async function inTransaction<Result>(
  session: Session,
  work: () => Promise<Result>,
): Promise<Result> {
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

function stepsOf(migrations: readonly Migration[]): Step[] {
  return migrations.flatMap(({ name, statements }) =>
    statements.map((statement, index) => ({ name: `${name}/${index + 1}`, statement })),
  );
}

async function checkServer(session: Session, place: string): Promise<void> {
  const server = await session.first<Server>(
    `SELECT current_setting('server_version_num')::int AS version, version() AS text,
       pg_is_in_recovery() AS "isStandby", current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS commit`,
  );
  const problem = server === undefined ? 'says nothing of itself' : findUnfitServer(server);
  if (problem !== null) throw new Fault('STORE_FAILED', `${place} ${problem}`);
}

export type Server = {
  version: number;
  text: string;
  isStandby: boolean;
  fsync: string;
  commit: string;
};

/** Why settlement does not run on it; null: it does. */
export function findUnfitServer({
  version,
  text,
  isStandby,
  fsync,
  commit,
}: Server): string | null {
  if (version < VERSION_NUMBER_MIN) return `is ${text}: 15 or newer is needed`;
  if (isStandby) return 'is a standby: name the server that takes writes';
  if (fsync === 'off' || commit === 'off') {
    return 'may forget a commit: set fsync and synchronous_commit to on';
  }
  return null;
}

/** A database with tables and without our steps is somebody else's. */
async function refuseOtherSchema(session: Session, place: string): Promise<void> {
  const row = await session.first<{ tables: number; steps: number }>(
    `SELECT count(*) AS tables, count(*) FILTER (WHERE relname = 'schema_step') AS steps
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p') AND nspname = current_schema()`,
  );
  if (row === undefined || row.tables === 0 || row.steps > 0) return;
  throw new Fault('STORE_CORRUPT', `${place} belongs to another program: give settlement its own`);
}

async function countDone(
  session: Session,
  { steps, place }: { steps: readonly Step[]; place: string },
): Promise<number> {
  const rows = await session.all<{ number: number; name: string }>(
    'SELECT number, name FROM schema_step ORDER BY number',
  );
  if (rows.length > steps.length) {
    throw new Fault(
      'STORE_CORRUPT',
      `${place} was written by a newer version of this software: upgrade settlement`,
    );
  }
  const other = rows.find(({ number, name }) => steps[number - 1]?.name !== name);
  if (other !== undefined) {
    throw new Fault(
      'STORE_CORRUPT',
      `${place} was written by other software: it knows ${other.name}`,
    );
  }
  if (rows.every(({ number }, at) => number === at + 1)) return rows.length;
  throw new Fault(
    'STORE_CORRUPT',
    `${place} has lost rows of its table schema_step: restore the backup`,
  );
}
