/**
 * The audit's port on SQLite: SELECTs in one read transaction of a connection of its own, so that all
 * rows are of one instant, also beside a running settlement. No rule and no sum is in it.
 */
import { objectsOf } from '@stile/host/durable-sqlite.ts';
import { missingObjects } from '@stile/host/sqlite-objects.ts';
import type { AuditReader } from '../../../audit/port.ts';
import { openForReading } from '../connection.ts';
import { MIGRATIONS } from '../migrations/all.ts';
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
  const version = Number(db.pragma('user_version', { simple: true }));
  return missingObjects(db, objectsOf({ migrations: MIGRATIONS, version }));
}

/** As text, unchecked; none if the database is older than they are. */
function rootStatementsIn({ db }: Reading): string[] {
  const find = db.prepare("SELECT value FROM meta WHERE key = 'operatorKeys'").pluck();
  const book = find.get() as string | undefined;
  return book === undefined ? [] : (JSON.parse(book) as { statements: string[] }).statements;
}
