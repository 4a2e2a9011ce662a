/** Each version of the deny list has a salt, behind which the public trust list names it; those of before have none. */
import type { Migration } from './migration.ts';

export const DENY_SALTS: Migration = {
  name: '0018-deny-salts',
  statements: ['ALTER TABLE deny_version ADD COLUMN salt text COLLATE "C"'],
};
