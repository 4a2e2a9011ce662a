/**
 * When a ride was, where the gate's clock does not say it, how that was found, and what its pass stands for; and
 * of each epoch the last record whose clock was known, as JSON.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const RIDE_TIME: DurableMigration = {
  name: '0005-ride-time',
  statements: [
    `ALTER TABLE record ADD COLUMN ride_ms INTEGER`,
    `ALTER TABLE record ADD COLUMN ride_ms_source TEXT`,
    `ALTER TABLE record ADD COLUMN ceiling_cents INTEGER`,
    `ALTER TABLE gate_epoch ADD COLUMN clock_anchor TEXT`,
  ],
};
