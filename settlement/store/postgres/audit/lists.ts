/** What the audit reads of published lists, on PostgreSQL. It only reads. */
import type { AuditReader } from '../../../audit/port.ts';
import type { Session } from '../session.ts';
import { rowsOf } from './pages.ts';

type ListTable = 'trustLists' | 'listRules' | 'cuts' | 'denyVersions' | 'deniedIds';

/** A list may be half a megabyte. */
const PAGE_LISTS = 8;

export function readListTables(session: Session): Pick<AuditReader, ListTable> {
  return {
    trustLists: () =>
      rowsOf(session, {
        sql: 'SELECT version, jws, payload FROM trust_list ORDER BY version',
        pageRows: PAGE_LISTS,
      }),
    listRules: () =>
      rowsOf(session, {
        sql: `SELECT version, issued_at_s AS "issuedAtS", code_lifetime_s_max AS "codeLifetimeSMax",
                skew_s AS "skewS", revoked, list_sha256 AS "listSha256", seal
              FROM list_rules ORDER BY version`,
      }),
    cuts: () => rowsOf(session, { sql: 'SELECT kind, rows, link, seal FROM cut ORDER BY kind' }),
    denyVersions: () =>
      rowsOf(session, {
        sql: `SELECT version, count, set_digest AS "idsDigest", salt FROM deny_version
              ORDER BY version DESC LIMIT 1`,
      }),
    deniedIds: () => rowsOf(session, { sql: 'SELECT id FROM deny_entry WHERE removed_in IS NULL' }),
  };
}
