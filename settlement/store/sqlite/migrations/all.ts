/**
 * Every migration by name, in order, append only. A list rather than a folder that is read at run time:
 * what runs is what was checked and tested.
 */
import type { Migration } from 'kysely/migration';
import { up as first } from './0001-first.ts';
import { up as payments } from './0002-payments.ts';

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': { up: first },
  '0002-payments': { up: payments },
};
