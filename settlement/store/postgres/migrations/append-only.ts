/** Triggers that refuse to rewrite history, so that no bug of ours can. */

/** The function behind them; the message names the table. */
export const REFUSE_CHANGE = `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$`;

/** Rows of the table are written once; with `columns` only these are, and others may still change. */
export function appendOnly(table: string, columns?: string): string[] {
  return [refusing(table, { what: 'UPDATE', columns }), refusing(table, { what: 'DELETE' })];
}

export function refusing(
  table: string,
  { what, columns }: { what: 'UPDATE' | 'DELETE'; columns?: string | undefined },
): string {
  const of = columns === undefined ? '' : ` OF ${columns}`;
  return `CREATE TRIGGER ${table}_no_${what.toLowerCase()} BEFORE ${what}${of} ON ${table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change()`;
}
