/** Challenges for which a proof has held, until they end: good once, whichever process is asked. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const USED_CHALLENGES: DurableMigration = {
  name: '0031-used-challenges',
  statements: [
    `CREATE TABLE used_challenge (challenge TEXT PRIMARY KEY, ends_at_s INTEGER NOT NULL)
     STRICT, WITHOUT ROWID`,
    'CREATE INDEX used_challenge_end ON used_challenge (ends_at_s)',
  ],
};
