/** Up to which record code uses are named by their counter alone: as they are in books that were kept before. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const USES_BY_CODE: DurableMigration = {
  name: '0023-uses-by-code',
  statements: [
    `INSERT INTO meta (key, value) SELECT 'oldUsesUntil', max(id) FROM record WHERE use IS NOT NULL
     HAVING max(id) IS NOT NULL`,
  ],
};
