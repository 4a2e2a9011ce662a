/** Many rows as one statement takes them: an array for each column, for `unnest`. */

/** @example columnsOf([[1, 'a'], [2, 'b']]) // [[1, 2], ['a', 'b']] */
export function columnsOf(rows: readonly (readonly unknown[])[]): unknown[][] {
  const [first = []] = rows;
  return first.map((_, column) => rows.map((row) => row[column]));
}

/** Where several rows have the same key, the last of them. */
export function lastOfEach<Row>(rows: readonly Row[], keyOf: (row: Row) => unknown): Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}
