/** An issuer key is published before it signs. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const ANNOUNCED_KEYS: DurableMigration = {
  name: '0014-announced-keys',
  statements: ['ALTER TABLE issuer_key ADD COLUMN signs_from_s INTEGER NOT NULL DEFAULT 0'],
};
