/** Rides with a code that was too old are found beside the others of an account that nobody pays for. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const UNPAID_STALE_RIDES: DurableMigration = {
  name: '0026-unpaid-stale-rides',
  statements: [
    'DROP INDEX record_unpaid',
    `CREATE INDEX record_unpaid ON record (use)
       WHERE use IS NOT NULL AND outcome IN ('PENDING', 'EXTRA_USE', 'STALE_CODE')`,
  ],
};
