/** What the audit reads of published lists, on SQLite. It only reads. */
import type { AuditReader } from '../../../audit/port.ts';
import type { Connection } from '../connection.ts';
import { rowsOf } from './pages.ts';

type ListTable = 'trustLists' | 'denyVersions' | 'deniedIds';

export function readListTables({ db }: Connection): Pick<AuditReader, ListTable> {
  return {
    trustLists: () =>
      rowsOf(db, { sql: 'SELECT version, jws, payload FROM trust_list ORDER BY version' }),
    denyVersions: () =>
      rowsOf(db, {
        sql: `SELECT version, count, set_digest AS setDigest FROM deny_version
              ORDER BY version DESC LIMIT 1`,
      }),
    deniedIds: () => rowsOf(db, { sql: 'SELECT id FROM deny_entry WHERE removed_in IS NULL' }),
  };
}
