/**
 * Every migration, in order, append only. A list rather than a folder that is read at run time: what runs is
 * what was checked and tested. Each runs in one transaction with its name and version, statement by statement.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';
import { FIRST } from './0001-first.ts';
import { PAYMENTS } from './0002-payments.ts';
import { EPOCH_KEYS } from './0003-epoch-keys.ts';
import { OPERATORS } from './0004-operators.ts';
import { RIDE_TIME } from './0005-ride-time.ts';
import { MERCHANT_MANAGERS } from './0006-merchant-managers.ts';
import { FAILED_WORK } from './0007-failed-work.ts';
import { STANDING } from './0008-standing.ts';
import { BOOK_SEAL } from './0009-book-seal.ts';
import { BOUND_CODES } from './0010-bound-codes.ts';
import { GATE_LISTS } from './0011-gate-lists.ts';
import { UNJUDGED } from './0012-unjudged.ts';
import { FAILURES_BY_METHOD } from './0013-failures-by-method.ts';
import { ANNOUNCED_KEYS } from './0014-announced-keys.ts';
import { STALE_RIDES } from './0015-stale-rides.ts';
import { RETENTION } from './0016-retention.ts';
import { RECOVERY } from './0017-recovery.ts';
import { RESOLUTIONS_TABLE } from './0018-resolutions.ts';
import { LOSS_ACCOUNT } from './0019-loss.ts';
import { TOP_UP_INQUIRIES } from './0020-top-up-inquiries.ts';
import { ENROLMENTS } from './0021-enrolments.ts';
import { ACT_PERSONS } from './0022-act-persons.ts';
import { USES_BY_CODE } from './0023-uses-by-code.ts';
import { UNPAID_RIDES } from './0024-unpaid-rides.ts';
import { HELD_ROOTS } from './0025-held-roots.ts';
import { UNPAID_STALE_RIDES } from './0026-unpaid-stale-rides.ts';
import { LEASE } from './0027-lease.ts';
import { VOIDS_BEHIND_FORKS } from './0028-voids-behind-forks.ts';
import { RECOVERY_ENDS } from './0029-recovery-ends.ts';
import { EVENTS } from './0030-events.ts';
import { USED_CHALLENGES } from './0031-used-challenges.ts';
import { DRAWN_CODES } from './0032-drawn-codes.ts';
import { DENY_SALTS } from './0033-deny-salts.ts';
import { QUICK_HASHES } from './0034-quick-hashes.ts';
import { DOUBTED_CODES } from './0035-doubted-codes.ts';

export const MIGRATIONS: readonly DurableMigration[] = [
  FIRST,
  PAYMENTS,
  EPOCH_KEYS,
  OPERATORS,
  RIDE_TIME,
  MERCHANT_MANAGERS,
  FAILED_WORK,
  STANDING,
  BOOK_SEAL,
  BOUND_CODES,
  GATE_LISTS,
  UNJUDGED,
  FAILURES_BY_METHOD,
  ANNOUNCED_KEYS,
  STALE_RIDES,
  RETENTION,
  RECOVERY,
  RESOLUTIONS_TABLE,
  LOSS_ACCOUNT,
  TOP_UP_INQUIRIES,
  ENROLMENTS,
  ACT_PERSONS,
  USES_BY_CODE,
  UNPAID_RIDES,
  HELD_ROOTS,
  UNPAID_STALE_RIDES,
  LEASE,
  VOIDS_BEHIND_FORKS,
  RECOVERY_ENDS,
  EVENTS,
  USED_CHALLENGES,
  DRAWN_CODES,
  DENY_SALTS,
  QUICK_HASHES,
  DOUBTED_CODES,
];
