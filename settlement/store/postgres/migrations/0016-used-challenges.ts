/** Challenges for which a proof has held, until they end: good once, whichever process is asked. */
import type { Migration } from './migration.ts';

export const USED_CHALLENGES: Migration = {
  name: '0016-used-challenges',
  statements: [
    `CREATE TABLE used_challenge (
       challenge text COLLATE "C" PRIMARY KEY, ends_at_s bigint NOT NULL)`,
    'CREATE INDEX used_challenge_end ON used_challenge (ends_at_s)',
  ],
};
