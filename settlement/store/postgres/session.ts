/**
 * One connection to PostgreSQL, inside a transaction or outside of one, and the pool that connections come from.
 * Statements are prepared by the server; numbers of eight bytes and sums come as numbers, bytes as Uint8Array.
 */
import { assert, Fault } from '@stile/protocol/fault.ts';
import pg from 'pg';
import { asPostgresFault } from './faults.ts';

export type Session = {
  /** Text with $1…; prepared by the server under a name made of the text. */
  all<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  first<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** Rows that changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
};

/** For who writes and does not ask how many rows that were. */
export type WriteSession = Pick<Session, 'all' | 'first'> & {
  run(text: string, values?: readonly unknown[]): Promise<unknown>;
};

export type SessionPool = {
  /** Each statement for itself, on whichever connection is free. */
  session: Session;
  /** A connection of one's own; an error of the connection ends it. */
  withSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

/** Statements that are prepared on a connection; our texts are far fewer, pages put together included. */
const STATEMENTS_MAX = 500;
const CONNECT_MS = 10_000;
/** A transaction that its process forgot holds its locks no longer than this. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** Longer than any wait for a lock that ends well. */
const LOCK_MS = 30_000;

const INT8 = 20;
const NUMERIC = 1700;
const BYTEA = 17;
const INT8_ARRAY = 1016;

function wholeNumber(text: string): number {
  const number = Number(text);
  assert(Number.isSafeInteger(number), `${text} is not a whole number below 2^53`);
  return number;
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text.slice(2), 'hex');
}

function numbersOf(text: string): (number | null)[] {
  const inside = text.slice(1, -1);
  if (inside === '') return [];
  return inside.split(',').map((one) => (one === 'NULL' ? null : wholeNumber(one)));
}

const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<
  number,
  (text: string) => unknown
>([
  [INT8, wholeNumber],
  [NUMERIC, wholeNumber],
  [BYTEA, bytesOf],
  [INT8_ARRAY, numbersOf],
]);

const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
} as pg.CustomTypesConfig;

export type PoolOptions = {
  url: string;
  connectionsMax: number;
  /** Hears of connections that broke while nobody used them; the next statement gets a new one. */
  onIdleError?: (error: Error) => void;
};

/** @throws Fault CONFIG_INVALID if it is no URL of a PostgreSQL database. */
export function openPool({ url, connectionsMax, onIdleError }: PoolOptions): SessionPool {
  checkUrl(url);
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionsMax,
    application_name: 'stile',
    connectionTimeoutMillis: CONNECT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    lock_timeout: LOCK_MS,
    // Statements are sent without waiting for the answers to those before them; they are carried out in their order.
    pipeline: true,
    types,
  });
  // Without a listener a server that stops would end this process.
  pool.on('error', (error) => onIdleError?.(error));
  const names = new Map<string, string>();
  const nameOf = (text: string) => statementName(names, text);
  // A transaction looks at what the database says before it gives up.
  const toFault = (error: unknown) =>
    error instanceof pg.DatabaseError ? error : asPostgresFault(error, url);

  async function withSession<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const client = await connect(pool, url);
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on('error', onError);
    try {
      return await work(sessionOn(client, { toFault, nameOf }));
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  return {
    // Nobody runs such a statement again: what the database says is a sentence at once.
    session: sessionOn(pool, { toFault: (error) => asPostgresFault(error, url), nameOf }),
    withSession,
    close: async () => await pool.end(),
  };
}

async function connect(pool: pg.Pool, url: string): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw asPostgresFault(error, url);
  }
}

function checkUrl(url: string): void {
  const isPostgres = /^postgres(ql)?:\/\//.test(url);
  if (isPostgres && URL.canParse(url)) return;
  throw new Fault(
    'CONFIG_INVALID',
    `the database has to be named as postgres://USER:PASSWORD@HOST:PORT/DATABASE`,
  );
}

/** The same text has the same name on every connection. */
function statementName(names: Map<string, string>, text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= STATEMENTS_MAX) return known;
  const name = `stile${names.size}`;
  names.set(text, name);
  return name;
}

type Queryable = Pick<pg.Pool, 'query'>;
type SessionParts = {
  toFault: (error: unknown) => Error;
  nameOf: (text: string) => string | undefined;
};

function sessionOn(client: Queryable, { toFault, nameOf }: SessionParts): Session {
  async function query(text: string, values: readonly unknown[]) {
    try {
      const name = nameOf(text);
      return await client.query({ ...(name && { name }), text, values: [...values] });
    } catch (error) {
      throw toFault(error);
    }
  }
  return {
    all: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await query(text, values)).rows as Row[],
    first: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await query(text, values)).rows[0] as Row | undefined,
    run: async (text, values = []) => (await query(text, values)).rowCount ?? 0,
  };
}
