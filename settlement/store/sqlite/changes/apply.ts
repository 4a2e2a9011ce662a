/** Writes the changes of one decision, in their order, inside the transaction that its facts were read in. */
import type { OperatorChange } from '../../../core/access/operator-changes.ts';
import type { RecoveryChange } from '../../../core/access/recovery-changes.ts';
import type { Change, MetaChange } from '../../../core/changes.ts';
import type { LeaseChange } from '../../../core/lead/lease-changes.ts';
import type { ListChange } from '../../../core/lists/list-changes.ts';
import type { KeyedHash } from '../../../core/money/book-seal.ts';
import type { ResolutionChange } from '../../../core/parked/resolution-changes.ts';
import type { PaymentChange } from '../../../core/payments/payment-changes.ts';
import type { CutChange } from '../../../core/retention/cut-changes.ts';
import type { Connection } from '../connection.ts';
import { SealRows } from '../seals.ts';
import { EventRows } from '../sharing/event-rows.ts';
import { ChargeRows } from './charge-rows.ts';
import { CodeRows } from './code-rows.ts';
import { CutRows } from './cut-rows.ts';
import { ListRows } from './list-rows.ts';
import { LogRows } from './log-rows.ts';
import { MoneyRows } from './money-rows.ts';
import { OperatorRows } from './operator-rows.ts';
import { OutboxRows } from './outbox-rows.ts';
import { PaymentRows } from './payment-rows.ts';
import { RecoveryRows } from './recovery-rows.ts';
import { ResolutionRows } from './resolution-rows.ts';
import { RiderRows } from './rider-rows.ts';

export type ApplyChanges = (changes: readonly Change[]) => void;

type Rows = ReturnType<typeof rowsOn>;

function rowsOn(connection: Connection, seals: SealRows) {
  return {
    money: new MoneyRows(connection, seals),
    payments: new PaymentRows(connection, new CodeRows(connection)),
    riders: new RiderRows(connection),
    logs: new LogRows(connection, seals),
    charges: new ChargeRows(connection),
    outbox: new OutboxRows(connection),
    lists: new ListRows(connection, seals),
    operators: new OperatorRows(connection),
    cuts: new CutRows(connection, seals),
    recovery: new RecoveryRows(connection),
    resolutions: new ResolutionRows(connection, seals),
    events: new EventRows(connection),
  };
}

export function createApply(connection: Connection, keyedHash: KeyedHash): ApplyChanges {
  const rows = rowsOn(connection, new SealRows(connection, keyedHash));
  return (changes) => {
    for (const change of changes) write(rows, change);
  };
}

function write(rows: Rows, change: Change): void {
  switch (change.kind) {
    case 'post':
    case 'openLedgerAccount':
    case 'deny':
    case 'liftDenial':
      rows.money.write(change);
      break;
    case 'saveCharge':
    case 'setOwed':
    case 'addChargeEvent':
      rows.charges.write(change);
      break;
    case 'addAccount':
    case 'addEnrolment':
    case 'addInvite':
    case 'useInvite':
    case 'addPass':
    case 'addPassIssue':
    case 'addSession':
    case 'addGate':
    case 'addGateToken':
    case 'useGateToken':
    case 'setGateEnrolled':
    case 'endGateKey':
    case 'revokeGateKey':
    case 'addGateKey':
    case 'addGateLine':
    case 'deleteExpired':
      rows.riders.write(change);
      break;
    case 'addEpoch':
    case 'moveEpoch':
    case 'addBatch':
    case 'addRecord':
    case 'addOddRecord':
    case 'setOddWhy':
    case 'noteGate':
    case 'setDisposition':
    case 'setUse':
    case 'setRideTime':
    case 'keepUnjudged':
    case 'dropUnjudged':
    case 'judgeAgain':
      rows.logs.write(change);
      break;
    case 'addWork':
    case 'moveWork':
    case 'finishWork':
    case 'failWork':
    case 'narrowWork':
    case 'addFailedUse':
    case 'hastenWork':
    case 'requestPublish':
    case 'finishPublish':
      rows.outbox.write(change);
      break;
    case 'addEvents':
      rows.events.add(change.events);
      break;
    default:
      writeRest(rows, change);
  }
}

function writeRest(
  rows: Rows,
  change:
    | ListChange
    | MetaChange
    | LeaseChange
    | OperatorChange
    | PaymentChange
    | CutChange
    | RecoveryChange
    | ResolutionChange,
): void {
  switch (change.kind) {
    case 'addLineFare':
    case 'addIssuerKey':
    case 'setIssuerKeyState':
    case 'addTrustList':
    case 'addDenyVersion':
    case 'listDenied':
    case 'unlistDenied':
    case 'clearChangedDenial':
    case 'setMeta':
    case 'setLease':
    case 'addUsedChallenge':
      rows.lists.write(change);
      break;
    case 'cutTrustList':
    case 'cutRefusedPayment':
    case 'cutDenyVersion':
    case 'cutDenyEntry':
    case 'cutDenial':
    case 'cutRecoveryCode':
    case 'cutApproval':
    case 'noteCut':
      rows.cuts.write(change);
      break;
    case 'setOperator':
    case 'endOperator':
    case 'addOperatorToken':
    case 'setOperatorTokenEnd':
    case 'addAct':
    case 'addActStatus':
      rows.operators.write(change);
      break;
    case 'addRecoveryCode':
    case 'endRecoveryCode':
    case 'confirmRecoveryCode':
    case 'replaceRecoveryCode':
    case 'disownRecoveryCode':
    case 'endPass':
    case 'endSessions':
    case 'addApproval':
    case 'setApproved':
    case 'useApproval':
      rows.recovery.write(change);
      break;
    case 'addResolution':
      rows.resolutions.write(change);
      break;
    default:
      rows.payments.write(change);
  }
}
