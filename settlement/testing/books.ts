/**
 * Books of a settlement that has ended, in whichever database: audited, copied, and changed as nobody can change them by
 * our code.
 */
import type { AuditCheck } from '../audit/check.ts';
import { GUARDS } from '../audit/work.ts';
import type { Store } from '../store/port.ts';
import type { ScriptedTown } from './town.ts';

export type Books = {
  /** Settings and keys; of SQLite the database too. */
  dataDir: string;
  /** Without the guards that `tamper` itself took away. */
  audit(options?: { signatures?: boolean }): Promise<readonly AuditCheck[]>;
  /** Of their own, with the same keys. */
  copy(): Promise<Books>;
  /** Statements that both databases understand; guards are taken away first. */
  tamper(statements: string): Promise<void>;
  /** Statements as a migration runs them, guards in place. */
  run(statements: string): Promise<void>;
  /** What is stored, for a statement that depends on it. */
  read<Row>(query: string): Promise<Row[]>;
  /** For what our code does to old books. */
  openStore(): Promise<Store>;
};

export type KindOfBooks = {
  /** A town on a new database. */
  openTown(): Promise<ScriptedTown>;
  /** Of a town that was stopped. */
  booksOf(town: ScriptedTown): Promise<Books>;
  /** The statement for it. */
  dropTrigger(name: string, table: string): string;
  /** Payments are numbered without a gap. */
  countsPayments: boolean;
  /** Columns that say where a transfer is chained, and a place behind all others. */
  lastPlace: { columns: string; values: string };
};

/** What a test says of books whose guards it has taken away itself. */
export function besideGuards(
  checks: readonly AuditCheck[],
  { isLoose }: { isLoose: boolean },
): readonly AuditCheck[] {
  return isLoose ? checks.filter(({ name }) => name !== GUARDS) : checks;
}

/** For books that are audited only. */
export const LIMITS_OF_BOOKS = { codeLifetimeSMax: 120, skewS: 20 };

/** Statements that chain a transfer say PLACE_COLUMNS and PLACE_VALUES for where. */
export function placed(statements: string, { lastPlace }: Pick<KindOfBooks, 'lastPlace'>): string {
  const { columns, values } = lastPlace;
  return statements.replaceAll('PLACE_COLUMNS', columns).replaceAll('PLACE_VALUES', values);
}
