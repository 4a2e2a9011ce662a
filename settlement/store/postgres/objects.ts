/**
 * The tables, indexes, triggers, functions and sequences that a database has to have: those that its migrations make.
 * One that somebody dropped is a part that is lost; nothing else would say so before it is needed, and of a trigger
 * nothing ever.
 */
import { Fault } from '@stile/protocol/fault.ts';
import type { Migration } from './migrations/migration.ts';
import type { Session } from './session.ts';

const WORD = /^\s*(CREATE|DROP)(?: UNIQUE)? (TABLE|INDEX|TRIGGER|FUNCTION|SEQUENCE) (\w+)/;

/** A trigger of a constraint is PostgreSQL's own. */
const OBJECTS = `
  SELECT 'table' AS kind, tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()
  UNION ALL SELECT 'index', indexname FROM pg_indexes WHERE schemaname = current_schema()
  UNION ALL SELECT 'sequence', sequencename FROM pg_sequences WHERE schemaname = current_schema()
  UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
  UNION ALL SELECT 'trigger', tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
  WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgenabled <> 'D'`;

/** As `table charge`, in the order in which they were made. */
export function objectsMadeBy(migrations: readonly Migration[]): readonly string[] {
  const made = new Set(['table schema_step']);
  for (const statement of migrations.flatMap(({ statements }) => statements)) {
    const [, verb, kind = '', name = ''] = WORD.exec(statement) ?? [];
    const object = `${kind.toLowerCase()} ${name}`;
    if (verb === 'CREATE') made.add(object);
    // Without it rows come twice, and what is kept once is not.
    if (verb === 'CREATE' && kind === 'TABLE' && statement.includes('PRIMARY KEY')) {
      made.add(`index ${name}_pkey`);
    }
    if (verb === 'DROP') made.delete(object);
  }
  return [...made];
}

/** Of these, what is not there or is switched off; what is there besides is not looked at. */
export async function missingObjects(
  session: Session,
  objects: readonly string[],
): Promise<string[]> {
  const rows = await session.all<{ kind: string; name: string }>(OBJECTS);
  const there = new Set(rows.map(({ kind, name }) => `${kind} ${name}`));
  return objects.filter((one) => !there.has(one));
}

/** @throws Fault STORE_CORRUPT with what is missing. */
export async function requireObjects(
  session: Session,
  { place, objects }: { place: string; objects: readonly string[] },
): Promise<void> {
  const missing = await missingObjects(session, objects);
  if (missing.length === 0) return;
  throw new Fault(
    'STORE_CORRUPT',
    `${place} has lost its ${missing.join(', ')}: restore the backup`,
  );
}
