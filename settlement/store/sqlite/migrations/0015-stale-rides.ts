/** Whether a tap's code was good at no instant at which the ride was possible, which a later record may change. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const STALE_RIDES: DurableMigration = {
  name: '0015-stale-rides',
  statements: [
    `ALTER TABLE record ADD COLUMN stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1))`,
  ],
};
