/**
 * Checks a settlement's data directory without changing it, also beside a running one: is the money
 * right, is every tap and payment accounted for, are the gates' logs whole. All checks see one instant.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_FILE } from '../data-dir.ts';
import { type Connection, openForReading } from '../store/sqlite/connection.ts';
import { auditMoney } from './ledger.ts';
import { auditLogs } from './logs.ts';
import { auditPayments } from './payments.ts';
import { auditTaps } from './taps.ts';

export type AuditCheck = { name: string; ok: boolean; detail: string };
export type AuditOptions = {
  /** Also checks every seal and every charged code's signatures again. Slow. */
  signatures?: boolean;
};

/** Whether this directory is a settlement's. */
export function isSettlementDir(dataDir: string): boolean {
  return existsSync(join(dataDir, DATABASE_FILE));
}

/** @throws Fault FILE_UNREADABLE or STORE_CORRUPT where there is no database that can be read. */
export async function auditSettlement(
  dataDir: string,
  { signatures = false }: AuditOptions = {},
): Promise<readonly AuditCheck[]> {
  const connection = openForReading(join(dataDir, DATABASE_FILE));
  try {
    return connection.db.transaction(() => [
      checkFile(connection),
      ...auditMoney(connection),
      ...auditPayments(connection),
      ...auditTaps(connection),
      ...auditLogs(connection, signatures),
      checkOutbox(connection),
    ])();
  } finally {
    connection.close();
  }
}

function checkFile({ db }: Connection): AuditCheck {
  const says = String(db.pragma('quick_check', { simple: true }));
  return { name: 'the file is sound', ok: says === 'ok', detail: says };
}

function checkOutbox({ db }: Connection): AuditCheck {
  const jobs = db
    .prepare(
      `SELECT count(*) AS open, count(*) FILTER (WHERE failed IS NOT NULL) AS failed FROM outbox`,
    )
    .get() as { open: number; failed: number };
  const detail = `${jobs.open} open, of which ${jobs.failed} failed`;
  return { name: 'no job is left over', ok: jobs.open === 0, detail };
}
