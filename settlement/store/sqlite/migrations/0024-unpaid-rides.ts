/** What rides of an account are not paid for is found without reading all that it ever rode. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const UNPAID_RIDES: DurableMigration = {
  name: '0024-unpaid-rides',
  statements: [
    `CREATE INDEX record_unpaid ON record (use)
       WHERE use IS NOT NULL AND outcome IN ('PENDING', 'EXTRA_USE')`,
  ],
};
