/**
 * The audit's port on PostgreSQL: SELECTs in one read-only transaction of a connection of its own, so that all
 * rows are of one instant, also beside a running settlement. No rule is in it.
 */

import { Fault } from '@stile/protocol/fault.ts';
import pg from 'pg';
import type { AuditReader } from '../../../audit/port.ts';
import { SettleFactReader } from '../facts/settle-facts.ts';
import { createReaders } from '../facts-of.ts';
import { asPostgresFault, isDamage, placeOf } from '../faults.ts';
import { MIGRATIONS } from '../migrations/all.ts';
import { missingObjects, objectsMadeBy, requireObjects } from '../objects.ts';
import { openPool, type Session } from '../session.ts';
import { readListTables } from './lists.ts';
import { readMoneyTables } from './money.ts';
import { readPaymentTables } from './payments.ts';
import { readRecordTables } from './records.ts';
import { readResolutions } from './resolutions.ts';
import { readSettleFacts } from './settle-facts.ts';

const BEGIN = [
  'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  // It locks nothing, and a check may think for as long as it likes.
  'SET LOCAL idle_in_transaction_session_timeout = 0',
  // Cursors are read to their end.
  'SET LOCAL cursor_tuple_fraction = 1',
  // An error ends a transaction, unless it goes back to here.
  'SAVEPOINT audit',
];

/** What the server itself knows to be wrong: pages that it could not read, keys that do not hold. */
const DAMAGE = `
  SELECT 'index ' || indexrelid::regclass || ' is not valid' AS damage
  FROM pg_index WHERE NOT indisvalid AND indrelid >= 16384
  UNION ALL
  SELECT 'constraint ' || conname || ' of ' || conrelid::regclass || ' was never checked'
  FROM pg_constraint WHERE NOT convalidated AND conrelid >= 16384
  UNION ALL
  SELECT checksum_failures || ' pages with a wrong checksum'
  FROM pg_stat_database WHERE datname = current_database() AND checksum_failures > 0
  ORDER BY damage`;

/** @throws Fault CONFIG_INVALID, STORE_CORRUPT or STORE_FAILED if there is no database that can be read. */
export async function readInOneInstant<Result>(
  url: string,
  work: (reader: AuditReader) => Promise<Result>,
): Promise<Result> {
  const pool = openPool({ url, connectionsMax: 1 });
  try {
    return await pool.withSession(async (session) => {
      for (const statement of BEGIN) await session.run(statement);
      try {
        await refuseOtherSchema(session, url);
        return await work(readerOn(session));
      } catch (error) {
        throw error instanceof pg.DatabaseError ? asPostgresFault(error, url) : error;
      } finally {
        await session.run('ROLLBACK').catch(() => undefined);
      }
    });
  } finally {
    await pool.close();
  }
}

/** Tables of another day would be read as damage. */
async function refuseOtherSchema(session: Session, url: string): Promise<void> {
  const has = await session.first<{ steps: string | null }>(
    `SELECT to_regclass('schema_step')::text AS steps`,
  );
  const place = `PostgreSQL at ${placeOf(url)}`;
  if (has === undefined || has.steps === null) {
    throw new Fault('STORE_CORRUPT', `${place} has no books of a settlement: name its database`);
  }
  const steps = MIGRATIONS.reduce((sum, { statements }) => sum + statements.length, 0);
  const done = await session.first<{ steps: number }>('SELECT count(*) AS steps FROM schema_step');
  if (done?.steps === steps) return await requireTables(session, place);
  throw new Fault(
    'STORE_CORRUPT',
    `${place} was written by another version of this software: audit it with that one, or start settlement once`,
  );
}

/** Without a table nothing that hangs on it can be asked for: which one is all that can be said. */
async function requireTables(session: Session, place: string): Promise<void> {
  const tables = objectsMadeBy(MIGRATIONS).filter((one) => one.startsWith('table '));
  await requireObjects(session, { place, objects: tables });
}

function readerOn(session: Session): AuditReader {
  const settling = new SettleFactReader(session, createReaders(session));
  return {
    checkFiles: () => checkFiles(session),
    listLost: () => missingObjects(session, objectsMadeBy(MIGRATIONS)),
    goOnBehind: (error) => goOnBehind(session, error),
    rootStatements: () => rootStatementsIn(session),
    ...readMoneyTables(session),
    ...readPaymentTables(session),
    ...readRecordTables(session),
    ...readListTables(session),
    ...readResolutions(session),
    ...readSettleFacts(session, (records) => settling.look(records)),
  };
}

async function goOnBehind(session: Session, error: unknown): Promise<void> {
  if (error instanceof Fault || (error instanceof pg.DatabaseError && !isDamage(error)))
    throw error;
  await session.run('ROLLBACK TO SAVEPOINT audit');
}

async function checkFiles(session: Session): Promise<string> {
  const found = await session.all<{ damage: string }>(DAMAGE);
  return found.length === 0 ? 'ok' : found.map(({ damage }) => damage).join(', ');
}

/** As text, unchecked; none if there are no keys of an operator yet. */
async function rootStatementsIn(session: Session): Promise<string[]> {
  const row = await session.first<{ value: string }>(
    `SELECT value FROM meta WHERE key = 'operatorKeys'`,
  );
  return row === undefined ? [] : (JSON.parse(row.value) as { statements: string[] }).statements;
}
