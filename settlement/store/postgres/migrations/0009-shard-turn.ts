/** Whose turn a shard of the outbox is: its row is held while a piece is done, and counts the pieces. */
import type { Migration } from './migration.ts';

export const SHARD_TURN: Migration = {
  name: '0009-shard-turn',
  statements: [
    'CREATE TABLE shard_turn (shard smallint PRIMARY KEY, fence bigint NOT NULL)',
    'INSERT INTO shard_turn SELECT shard, 0 FROM generate_series(0, 63) AS shard',
    `CREATE INDEX outbox_shard_order ON outbox (shard, created_at_ms, id) WHERE kind <> 'publish'`,
  ],
};
