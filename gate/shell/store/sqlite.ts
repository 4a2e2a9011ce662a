/**
 * A SQLite file of the gate's: durable (host/durable-sqlite.ts), taken from version to version by SQL, and
 * no larger than its quota.
 */
import { openDurable, type SqliteFile } from '@stile/host/durable-sqlite.ts';

export type GateFileSchema = {
  /** Four bytes in the file's header that say whose file this is. */
  applicationId: number;
  /** Statements that take the file from version n to n + 1; append only. */
  migrations: readonly string[];
};

/** The first write of an opening; it shows that commits are durable. */
const FIRST_WRITE = `
  CREATE TABLE IF NOT EXISTS opened (at INTEGER NOT NULL) STRICT;
  DELETE FROM opened;
  INSERT INTO opened VALUES (1);
`;

/**
 * Opens a durable file, creating or upgrading it.
 * @throws Fault STORE_CORRUPT if the file is no database of this kind, STORE_FAILED otherwise.
 */
export function openGateFile(
  file: string,
  schema: GateFileSchema,
  options: { quotaMb?: number } = {},
): SqliteFile {
  const { applicationId, migrations } = schema;
  const { quotaMb } = options;
  return openDurable(file, {
    applicationId,
    version: migrations.length,
    firstWrite: FIRST_WRITE,
    migrate(db, from) {
      for (const statements of migrations.slice(from)) db.exec(statements);
      if (quotaMb === undefined) return;
      const pageBytes = Number(db.pragma('page_size', { simple: true }));
      db.pragma(`max_page_count = ${Math.floor((quotaMb * 1024 * 1024) / pageBytes)}`);
    },
  });
}
