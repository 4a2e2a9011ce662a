/** The facts of settling, of each use once more, read as settling itself reads them. It only reads. */
import type { AuditReader } from '../../../audit/port.ts';
import type { SettleFacts } from '../../../core/rides/settle.ts';
import type { Connection } from '../connection.ts';
import { createReaders } from '../database.ts';
import { SettleFactReader } from '../facts/settle-facts.ts';
import { mappedRowsOf } from './pages.ts';

/** A record that carries its use alone would be read again with each of its others: the first one stands for all. */
const USES = `SELECT min(id) AS id, use FROM record WHERE use IS NOT NULL GROUP BY use`;

export function readSettleFacts(connection: Connection): Pick<AuditReader, 'settleFacts'> {
  const reader = new SettleFactReader(connection, createReaders(connection));
  type Stored = { id: number; use: string };
  const toRow = (stored: Stored): SettleFacts => reader.settle([stored]);
  return { settleFacts: () => mappedRowsOf(connection.db, { sql: USES, toRow }) };
}
