/**
 * What an error of PostgreSQL, or of the way to it, means: one sentence with what to do, and whether the same use
 * case may simply be run again.
 */
import { asUnreadable, describeNetworkError } from '@stile/host/fault.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import pg from 'pg';

/** Another transaction was first: serialization, deadlock, a row that somebody else has just made. */
const RUN_AGAIN = new Set(['40001', '40P01', '23505']);

export function isWorthAnotherRun(error: unknown): boolean {
  return error instanceof pg.DatabaseError && RUN_AGAIN.has(error.code ?? '');
}

/** A page or an index that the server could not read: XX001 data_corrupted, XX002 index_corrupted. */
export function isDamage(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^XX00[12]$/.test(error.code ?? '');
}

/** A table, column, function or trigger that a migration would make is there: it has run, and nobody knows of it. */
const MADE_BEFORE = new Set(['42P07', '42701', '42723', '42710']);

/** What was thrown while rows were read and is not of the database itself, which says what it means elsewhere. */
export function asUnreadableData(error: unknown): unknown {
  return error instanceof pg.DatabaseError ? error : asUnreadable(error, 'the database');
}

/** Where a database is, without who asks and their password. */
export function placeOf(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname;
  return `${host || 'localhost'}:${port || '5432'}${pathname}`;
}

const WORDS: Readonly<Record<string, string>> = {
  '28P01': 'refuses this user and password: mend the URL of the database',
  '28000': 'refuses this user: mend the URL of the database, or pg_hba.conf of the server',
  '3D000': 'has no such database: make it with createdb, then start again',
  '42501': 'refuses a right: its user has to own the database',
  '53300': 'has no connection left: raise max_connections, or give settlement fewer',
  '57P01': 'is being shut down',
  '57P03': 'is starting up or shutting down: try again in a moment',
  '55P03': 'was busy for too long: a transaction of another process holds a lock',
  '25006': 'takes no writes: it is a standby, or read only',
};

/** @returns the Fault that says it; what is one already passes through. */
export function asPostgresFault(error: unknown, url: string): Fault {
  if (error instanceof Fault) return error;
  const place = `PostgreSQL at ${placeOf(url)}`;
  if (!(error instanceof pg.DatabaseError)) {
    return new Fault('STORE_FAILED', `${place} cannot be reached: ${describeNetworkError(error)}`, {
      cause: error,
    });
  }
  const code = error.code ?? '';
  if (code === '53100') {
    return new Fault('STORE_FULL', `${place}: no room left on its disk`, { cause: error });
  }
  if (isDamage(error)) {
    const why = `${place} has damaged data (${describeError(error)})`;
    return new Fault('STORE_CORRUPT', `${why}: look at its log and disk, restore the backup`, {
      cause: error,
    });
  }
  if (MADE_BEFORE.has(code)) {
    const why = `${place} has lost rows of its table schema_step (${describeError(error)})`;
    return new Fault('STORE_CORRUPT', `${why}: restore the backup`, { cause: error });
  }
  const words = WORDS[code];
  const said = describeError(error);
  const message = words === undefined ? `${place}: ${said}` : `${place} ${words} (${said})`;
  return new Fault('STORE_FAILED', message, { cause: error });
}
