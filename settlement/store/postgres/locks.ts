/**
 * What a transaction holds until its end, always taken in one order, so that two that want the same wait and do not
 * block each other for good: gates, merchants, accounts, turns, then names that have no row. Rows are locked without
 * their keys: whoever only refers to them by a foreign key does not wait. A connection carries out its statements in
 * the order in which they are given: what is read behind a lock may be asked for before the lock has answered.
 */
import type { WriteSession } from './session.ts';

export type Locks = {
  gates?: readonly string[];
  merchants?: readonly string[];
  accounts?: readonly string[];
  /** Counters and lists of which there is one: whoever decides from them comes after the other. */
  turns?: readonly string[];
  /** Names that nobody else may own or share meanwhile. */
  owns?: readonly string[];
  /** Names that others may share too. */
  shares?: readonly string[];
};

/** What settling shares, and setting a fare owns. */
export const FARES = 'fares';

const GATES = 'SELECT 1 FROM gate WHERE gate = ANY($1::text[]) ORDER BY gate FOR NO KEY UPDATE';
const MERCHANTS =
  'SELECT 1 FROM merchant WHERE merchant = ANY($1::text[]) ORDER BY merchant FOR NO KEY UPDATE';
const ACCOUNTS =
  'SELECT 1 FROM account WHERE account = ANY($1::text[]) ORDER BY account FOR NO KEY UPDATE';
/** Each has its row from the first time on that it is taken. */
const TURNS = `INSERT INTO turn_lock (name)
  SELECT DISTINCT name FROM unnest($1::text[]) AS name ORDER BY name
  ON CONFLICT (name) DO UPDATE SET name = excluded.name`;
const NUMBERS = 'SELECT hashtextextended(name, 0) AS number FROM unnest($1::text[]) AS name';
const OWN = `SELECT pg_advisory_xact_lock(number) FROM (${NUMBERS} ORDER BY number) AS names`;
const SHARE = `SELECT pg_advisory_xact_lock_shared(number) FROM (${NUMBERS} ORDER BY number) AS names`;

/** Waits for all of them; what has no row is not locked. */
export async function lock(session: WriteSession, locks: Locks): Promise<void> {
  const { gates = [], merchants = [], accounts = [], turns = [], owns = [], shares = [] } = locks;
  const take = [
    { text: GATES, names: gates },
    { text: MERCHANTS, names: merchants },
    { text: ACCOUNTS, names: accounts },
    { text: TURNS, names: turns },
    { text: OWN, names: owns },
    { text: SHARE, names: shares },
  ].filter(({ names }) => names.length > 0);
  await Promise.all(take.map(({ text, names }) => session.run(text, [names])));
}
