/**
 * Writes the changes of one decision inside the transaction that its facts were read in. Those of one kind that are many
 * are written by one statement, where the first of them stands; all others in their order.
 */
import type { Change } from '../../../core/changes.ts';
import type { KeyedHash } from '../../../core/money/book-seal.ts';
import { SealRows } from '../seals.ts';
import { createSentAhead } from '../sent-ahead.ts';
import type { Session, WriteSession } from '../session.ts';
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
import { RecordRows } from './record-rows.ts';
import { RecoveryRows } from './recovery-rows.ts';
import { ResolutionRows } from './resolution-rows.ts';
import { RiderRows } from './rider-rows.ts';

export type Of<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>;

type Rows = ReturnType<typeof rowsOn>;

function rowsOn(session: WriteSession, keyedHash: KeyedHash) {
  const seals = new SealRows(session, keyedHash);
  const codes = new CodeRows(session);
  return {
    codes,
    money: new MoneyRows(session, seals),
    payments: new PaymentRows(session, codes),
    riders: new RiderRows(session),
    logs: new LogRows(session, seals),
    records: new RecordRows(session),
    charges: new ChargeRows(session),
    outbox: new OutboxRows(session),
    lists: new ListRows(session, seals),
    operators: new OperatorRows(session),
    cuts: new CutRows(session, seals),
    recovery: new RecoveryRows(session),
    resolutions: new ResolutionRows(session, seals),
    events: new EventRows(session),
  };
}

/** Written together, wherever they stand. */
const MANY = {
  post: ({ money }, changes) => money.post(changes),
  saveCharge: ({ charges }, changes) => charges.save(changes),
  setOwed: ({ charges }, changes) => charges.setOwed(changes),
  addChargeEvent: ({ charges }, changes) => charges.addEvents(changes),
  addPayment: ({ payments }, changes) => payments.add(changes),
  setReceipt: ({ payments }, changes) => payments.setReceipts(changes),
  spendTimeStep: ({ codes }, changes) => codes.spend(changes),
  confirmSeed: ({ codes }, changes) => codes.confirm(changes),
  setHandlePaid: ({ codes }, changes) => codes.setPaid(changes),
  setOnlineCodeState: ({ codes }, changes) => codes.setStates(changes),
  addEvents: ({ events }, changes) => events.add(changes.flatMap((change) => change.events)),
  addRecord: ({ records }, changes) => records.add(changes),
  addOddRecord: ({ records }, changes) => records.addOdd(changes),
  setDisposition: ({ records }, changes) => records.setDispositions(changes),
  setRideTime: ({ records }, changes) => records.setRideTimes(changes),
  keepUnjudged: ({ records }, changes) => records.keepUnjudged(changes),
  addWork: ({ outbox }, changes) => outbox.add(changes),
  addFailedUse: ({ outbox }, changes) => outbox.addFailedUses(changes),
  listDenied: ({ lists }, changes) => lists.listDenied(changes),
  unlistDenied: ({ lists }, changes) => lists.unlistDenied(changes),
  clearChangedDenial: ({ lists }, changes) => lists.clear(changes),
} as const satisfies {
  [Kind in Change['kind']]?: (rows: Rows, changes: readonly Of<Kind>[]) => Promise<void>;
};

export type ManyKind = keyof typeof MANY;

/** Rows that every transaction of this kind locks come last, and chains of the ledger before shards of the outbox. */
const LAST: readonly ManyKind[] = ['post', 'addWork', 'addFailedUse'];

export async function applyChanges(
  session: Session,
  { changes, keyedHash }: { changes: readonly Change[]; keyedHash: KeyedHash },
): Promise<void> {
  if (changes.length === 0) return;
  const ahead = createSentAhead(session);
  try {
    await writeAll(rowsOn(ahead.session, keyedHash), changes);
  } finally {
    await ahead.arrived();
  }
}

async function writeAll(rows: Rows, changes: readonly Change[]): Promise<void> {
  const many = Map.groupBy(changes, ({ kind }) => kind);
  const writeMany = async (kind: ManyKind) => {
    const found = many.get(kind);
    many.delete(kind);
    if (found !== undefined) await MANY[kind](rows, found as never);
  };
  for (const change of changes) {
    if (!isMany(change)) await writeOne(rows, change);
    else if (!LAST.includes(change.kind)) await writeMany(change.kind);
  }
  for (const kind of LAST) await writeMany(kind);
}

function isMany(change: Change): change is Of<ManyKind> {
  return change.kind in MANY;
}

export type SingleChange = Exclude<Change, Of<ManyKind>>;

async function writeOne(rows: Rows, change: SingleChange): Promise<void> {
  switch (change.kind) {
    case 'openLedgerAccount':
    case 'deny':
    case 'liftDenial':
      return await rows.money.write(change);
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
      return await rows.riders.write(change);
    case 'addEpoch':
    case 'moveEpoch':
    case 'addBatch':
    case 'setOddWhy':
    case 'noteGate':
    case 'setUse':
    case 'dropUnjudged':
    case 'judgeAgain':
      return await rows.logs.write(change);
    case 'moveWork':
    case 'finishWork':
    case 'failWork':
    case 'narrowWork':
    case 'hastenWork':
    case 'requestPublish':
    case 'finishPublish':
      return await rows.outbox.write(change);
    case 'setOperator':
    case 'endOperator':
    case 'addOperatorToken':
    case 'setOperatorTokenEnd':
    case 'addAct':
    case 'addActStatus':
      return await rows.operators.write(change);
    default:
      return await writeRest(rows, change);
  }
}

async function writeRest(
  rows: Rows,
  change: Parameters<
    | Rows['lists']['write']
    | Rows['cuts']['write']
    | Rows['recovery']['write']
    | Rows['resolutions']['write']
    | Rows['payments']['write']
  >[0],
): Promise<void> {
  switch (change.kind) {
    case 'addLineFare':
    case 'addIssuerKey':
    case 'setIssuerKeyState':
    case 'addTrustList':
    case 'addDenyVersion':
    case 'setMeta':
    case 'setLease':
    case 'addUsedChallenge':
      return await rows.lists.write(change);
    case 'cutTrustList':
    case 'cutRefusedPayment':
    case 'cutDenyVersion':
    case 'cutDenyEntry':
    case 'cutDenial':
    case 'cutRecoveryCode':
    case 'cutApproval':
    case 'noteCut':
      return await rows.cuts.write(change);
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
      return await rows.recovery.write(change);
    case 'addResolution':
      return await rows.resolutions.write(change);
    default:
      return await rows.payments.write(change);
  }
}
