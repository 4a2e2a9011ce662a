/** Numbers that payments take without waiting for each other, the order in which work came, the records of a line. */
import type { Migration } from './migration.ts';

export const ORDER: Migration = {
  name: '0007-order',
  statements: [
    // More than a piece of work has records: each may need a number (facts/stored-payments.ts).
    'CREATE SEQUENCE payment_number MINVALUE 64 INCREMENT BY 64',
    'CREATE INDEX payment_number_of ON payment ((id & 35184372088831))',
    'CREATE INDEX outbox_order ON outbox (created_at_ms, id)',
    'CREATE INDEX record_of_line ON record (ride_line, id) WHERE use IS NOT NULL',
  ],
};
