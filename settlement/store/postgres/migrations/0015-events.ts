/** What riders and merchants hear, for a time: who listens goes on behind the last one that was heard. */
import type { Migration } from './migration.ts';

export const EVENTS: Migration = {
  name: '0015-events',
  statements: [
    `CREATE TABLE rider_event (
       account text COLLATE "C" NOT NULL, number bigint NOT NULL, body text COLLATE "C" NOT NULL,
       at_ms bigint NOT NULL, PRIMARY KEY (account, number))`,
    'CREATE INDEX rider_event_age ON rider_event (at_ms)',
    `CREATE TABLE merchant_event (
       merchant text COLLATE "C" NOT NULL, number bigint NOT NULL, body text COLLATE "C" NOT NULL,
       at_ms bigint NOT NULL, PRIMARY KEY (merchant, number))`,
    'CREATE INDEX merchant_event_age ON merchant_event (at_ms)',
  ],
};
