/**
 * The audit's port on SQLite: SELECTs in one read transaction of a connection of its own, so that all
 * rows are of one instant, also beside a running settlement. No rule and no sum is in it.
 */
import { missingObjects } from '@stile/host/sqlite-objects.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { AuditReader } from '../../../audit/port.ts';
import { objectsOfFile, openForReading } from '../connection.ts';
import { readListTables } from './lists.ts';
import { readMoneyTables } from './money.ts';
import { readPaymentTables } from './payments.ts';
import { readRecordTables } from './records.ts';
import { readResolutions } from './resolutions.ts';
import { readSettleFacts } from './settle-facts.ts';

/** @throws Fault FILE_UNREADABLE or STORE_CORRUPT if there is no database that can be read. */
export function openAuditReader(file: string): { reader: AuditReader; close: () => void } {
  const connection = openForReading(file);
  const { db } = connection;
  requireTables(connection, file);
  db.exec('BEGIN');
  const reader = {
    checkFiles: async () => String(db.pragma('quick_check', { simple: true })),
    listLost: async () => lostIn(connection),
    goOnBehind: async () => undefined,
    rootStatements: async () => rootStatementsIn(connection),
    ...readMoneyTables(connection),
    ...readPaymentTables(connection),
    ...readRecordTables(connection),
    ...readListTables(connection),
    ...readResolutions(connection),
    ...readSettleFacts(connection),
  };
  return { reader, close: () => connection.close() };
}

type Reading = Pick<ReturnType<typeof openForReading>, 'db'>;

function lostIn({ db }: Reading): string[] {
  return missingObjects(db, objectsOfFile(db));
}

/** Without a table nothing that hangs on it can be asked for: which one is all that can be said. */
function requireTables(reading: Reading, file: string): void {
  const lost = lostIn(reading).filter((one) => one.startsWith('table '));
  if (lost.length === 0) return;
  throw new Fault('STORE_CORRUPT', `${file} has lost its ${lost.join(', ')}: restore the backup`);
}

/** As text, unchecked; none if the database is older than they are. */
function rootStatementsIn({ db }: Reading): string[] {
  const find = db.prepare("SELECT value FROM meta WHERE key = 'operatorKeys'").pluck();
  const book = find.get() as string | undefined;
  return book === undefined ? [] : (JSON.parse(book) as { statements: string[] }).statements;
}
