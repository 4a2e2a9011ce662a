/** What riders and merchants hear, for a time: who listens goes on behind the last one that was heard. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const EVENTS: DurableMigration = {
  name: '0030-events',
  statements: [
    `CREATE TABLE rider_event (
       account TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, at_ms INTEGER NOT NULL,
       PRIMARY KEY (account, number)) STRICT, WITHOUT ROWID`,
    'CREATE INDEX rider_event_age ON rider_event (at_ms)',
    `CREATE TABLE merchant_event (
       merchant TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, at_ms INTEGER NOT NULL,
       PRIMARY KEY (merchant, number)) STRICT, WITHOUT ROWID`,
    'CREATE INDEX merchant_event_age ON merchant_event (at_ms)',
  ],
};
