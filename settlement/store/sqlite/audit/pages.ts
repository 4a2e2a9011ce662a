/** Rows of a SELECT, page by page: what every table of the audit's reader is made of. */
import type { Connection } from '../connection.ts';

const PAGE_ROWS = 500;

type Query = {
  sql: string;
  parameters?: readonly (string | number)[];
  /** For rows that are large. */
  pageRows?: number;
};

/** Columns are named as the row's fields, so that a row is what the database gives. */
export function rowsOf<Row>(db: Connection['db'], query: Query): Iterable<readonly Row[]> {
  return mappedRowsOf(db, { ...query, toRow: (row: Row) => row });
}

export function* mappedRowsOf<Stored, Row>(
  db: Connection['db'],
  { sql, parameters = [], pageRows = PAGE_ROWS, toRow }: Query & { toRow: (stored: Stored) => Row },
): Iterable<readonly Row[]> {
  let page: Row[] = [];
  for (const stored of db.prepare(sql).iterate(...parameters)) {
    page.push(toRow(stored as Stored));
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  yield page;
}
