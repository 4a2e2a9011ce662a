/**
 * Every migration, in order, append only. A list rather than a folder that is read at run time: what runs is what was
 * checked and tested. Each statement runs in one transaction with its number and name.
 */
import { LISTS_AND_OPERATORS } from './0001-lists.ts';
import { GATES_AND_LOGS } from './0002-gates.ts';
import { RIDERS } from './0003-riders.ts';
import { PAYMENTS } from './0004-payments.ts';
import { LEDGER } from './0005-ledger.ts';
import { WORK } from './0006-work.ts';
import { ORDER } from './0007-order.ts';
import { HELD_ROOTS } from './0008-held-roots.ts';
import { SHARD_TURN } from './0009-shard-turn.ts';
import { UNPAID_STALE_RIDES } from './0010-unpaid-stale-rides.ts';
import { LEASE } from './0011-lease.ts';
import { VOIDS_BEHIND_FORKS } from './0012-voids-behind-forks.ts';
import { RECOVERY_ENDS } from './0013-recovery-ends.ts';
import { MOVED_LEDGER } from './0014-moved-ledger.ts';
import { EVENTS } from './0015-events.ts';
import { USED_CHALLENGES } from './0016-used-challenges.ts';
import { DRAWN_CODES } from './0017-drawn-codes.ts';
import { DENY_SALTS } from './0018-deny-salts.ts';
import { QUICK_HASHES } from './0019-quick-hashes.ts';
import { DOUBTED_CODES } from './0020-doubted-codes.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [
  LISTS_AND_OPERATORS,
  GATES_AND_LOGS,
  RIDERS,
  PAYMENTS,
  LEDGER,
  WORK,
  ORDER,
  HELD_ROOTS,
  SHARD_TURN,
  UNPAID_STALE_RIDES,
  LEASE,
  VOIDS_BEHIND_FORKS,
  RECOVERY_ENDS,
  MOVED_LEDGER,
  EVENTS,
  USED_CHALLENGES,
  DRAWN_CODES,
  DENY_SALTS,
  QUICK_HASHES,
  DOUBTED_CODES,
];
