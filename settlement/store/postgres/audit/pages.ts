/** Rows of a SELECT, page by page: what every table of the audit's reader is made of, on PostgreSQL. */
import type { Session } from '../session.ts';

const PAGE_ROWS = 500;

type Query = {
  sql: string;
  values?: readonly unknown[];
  /** For rows that are large. */
  pageRows?: number;
};

/** Columns are named as the row's fields, so that a row is what the database gives. */
export function rowsOf<Row>(session: Session, query: Query): AsyncIterable<readonly Row[]> {
  return mappedRowsOf<Row, Row>(session, { ...query, toRows: (page) => page });
}

/**
 * In the session's transaction, with a cursor that the server keeps. `toRows` makes a whole page at a time, so
 * that it can look up in one go what a page's rows need.
 */
export async function* mappedRowsOf<Stored, Row>(
  session: Session,
  {
    sql,
    values = [],
    pageRows = PAGE_ROWS,
    toRows,
  }: Query & { toRows: (page: readonly Stored[]) => readonly Row[] | Promise<readonly Row[]> },
): AsyncIterable<readonly Row[]> {
  cursors += 1;
  const cursor = `audit_${cursors}`;
  await session.run(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${sql}`, values);
  for (;;) {
    const page = await session.all<Stored>(`FETCH ${pageRows} FROM ${cursor}`);
    if (page.length > 0) yield await toRows(page);
    if (page.length < pageRows) break;
  }
  await session.run(`CLOSE ${cursor}`);
}

/** Pages of several tables may be read in turn: each has a cursor of its own. */
let cursors = 0;
