/** Each version of the deny list has a salt, behind which the public trust list names it; those of before have none. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const DENY_SALTS: DurableMigration = {
  name: '0033-deny-salts',
  statements: ['ALTER TABLE deny_version ADD COLUMN salt TEXT'],
};
