/** What is thrown while stored data is read is damage of it: a person hears that in a sentence, with what to do. */
import { describeError, Fault } from '@stile/protocol/fault.ts';

const REASON_CHARS_MAX = 200;

/** @returns what is a Fault already as it is, unless SQLite says that the file is damaged. */
export function asDamage(error: unknown, dataDir: string): Fault {
  if (error instanceof Fault && !isOfSqlite(error.cause)) return error;
  return new Fault(
    'STORE_CORRUPT',
    `what is stored for ${dataDir} cannot be read (${reasonOf(error)}): "stile audit" says how far the damage goes; ` +
      'restore the backup (docs/operations.md, "Backup, and a restored backup")',
    { cause: error },
  );
}

/** One line of it. */
function reasonOf(error: unknown): string {
  return describeError(error).replaceAll(/\s+/g, ' ').slice(0, REASON_CHARS_MAX);
}

function isOfSqlite(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('SQLITE_CORRUPT');
}
