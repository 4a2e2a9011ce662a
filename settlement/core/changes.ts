/**
 * What a decision wants written, as plain data. A store writes each kind with one statement or two and
 * decides nothing about it: every amount, state and time stands in the change. The changes of one decision
 * are written in their order, in the transaction in which its facts were read.
 */

import type { OperatorChange } from './access/operator-changes.ts';
import type { RecoveryChange } from './access/recovery-changes.ts';
import type { GateChange, RiderChange } from './access/rider-changes.ts';
import type { EventChange } from './events/event-changes.ts';
import type { LeaseChange } from './lead/lease-changes.ts';
import type { DenyCause } from './lists/deny.ts';
import type { ListChange } from './lists/list-changes.ts';
import type { LogChange } from './logs/log-changes.ts';
import type { LedgerKind, Transfer } from './money/ledger.ts';
import type { ResolutionChange } from './parked/resolution-changes.ts';
import type { PaymentChange } from './payments/payment-changes.ts';
import type { CutChange } from './retention/cut-changes.ts';
import type { ChargeRowChange } from './rides/charge-changes.ts';
import type { OutboxChange } from './rides/outbox-changes.ts';

/** What a use case wants written, and what its caller is told. */
export type Decision<Result> = { changes: readonly Change[]; result: Result };

export type Change =
  | MoneyChange
  | DenialChange
  | PaymentChange
  | RiderChange
  | GateChange
  | OperatorChange
  | RecoveryChange
  | RetentionChange
  | CutChange
  | MetaChange
  | LeaseChange
  | EventChange
  | LogChange
  | ResolutionChange
  | OutboxChange
  | ListChange;

export type DatedTransfer = Transfer & { happenedAtMs: number };
/** What transfers add to one ledger account. */
export type AccountTotals = {
  name: string;
  kind: LedgerKind;
  debitsCents: number;
  creditsCents: number;
};

export type MoneyChange = PostingChange | ChargeRowChange;

export type PostingChange =
  /** `totals`: the same transfers netted, one row for each account; the accounts may be new. */
  | {
      kind: 'post';
      transfers: readonly DatedTransfer[];
      totals: readonly AccountTotals[];
      recordedAtMs: number;
    }
  | { kind: 'openLedgerAccount'; name: string; ledgerKind: LedgerKind };

export type DenialChange =
  | { kind: 'deny'; id: Uint8Array; cause: DenyCause; note: string; atMs: number }
  | { kind: 'liftDenial'; id: Uint8Array; cause: DenyCause; atMs: number };

export type Expired =
  | 'session'
  | 'gateToken'
  | 'spentTimeStep'
  | 'onlineCode'
  | 'codeFailure'
  | 'enrolment'
  | 'seed'
  | 'invite'
  | 'operatorToken'
  | 'usedChallenge'
  | 'riderEvent'
  | 'merchantEvent';

/** Rows of this kind that ended before, in its own unit. */
export type RetentionChange = {
  kind: 'deleteExpired';
  what: Expired;
  before: number;
  rowsMax: number;
};

/** What settlement notes about itself. */
export type MetaChange = { kind: 'setMeta'; key: string; value: string };

/** A use case that finds nothing to write. */
export function unchanged<Result>(result: Result): Decision<Result> {
  return { changes: [], result };
}
