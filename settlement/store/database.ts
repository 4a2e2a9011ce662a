/**
 * What a database has to offer so that settlement can run on it: facts that a decision needs, changes to
 * write, and both within one transaction. It knows tables and decides nothing; use-cases.ts puts the
 * decisions of core/ between facts and changes, the same for every database.
 */

import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import type { DenyVersion, LineFare } from '@stile/protocol/trust-list.ts';
import type { MoveFacts, StoredApproval } from '../core/access/approval.ts';
import type {
  GateEnrolmentFacts,
  GateEnrolmentRequest,
  NewRider,
  PassIssueFacts,
  RevocationFacts,
  RiderEnrolmentFacts,
} from '../core/access/enrolment.ts';
import type { StoredOperatorToken } from '../core/access/operator-changes.ts';
import type { OperatorFacts } from '../core/access/operators.ts';
import type { AccountAccess, RecoveryFacts } from '../core/access/recovery.ts';
import type { CodeMatch, NewCodeFacts } from '../core/access/recovery-codes.ts';
import type { StoredPass } from '../core/access/rider-changes.ts';
import type { SessionFacts } from '../core/access/session.ts';
import type { Decision } from '../core/changes.ts';
import type { StoredEvent } from '../core/events/event-changes.ts';
import type { Lease } from '../core/lead/lease-changes.ts';
import type { DenialFacts } from '../core/lists/denial.ts';
import type { DeniedBy, DenyRow } from '../core/lists/deny.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import type { DenyListFacts, FareFacts } from '../core/lists/publish.ts';
import type { StoredRootFacts } from '../core/lists/root-floor.ts';
import type { DenyWord, ListFacts } from '../core/lists/trust.ts';
import type { BatchPart } from '../core/logs/batch.ts';
import type { GateKey } from '../core/logs/check-batch.ts';
import type { UnjudgedRecord } from '../core/logs/judge-again.ts';
import type { LogFacts } from '../core/logs/placement.ts';
import type { RetimePiece, RetimeQuery } from '../core/logs/retime.ts';
import type { RulingQuery, RulingsOf } from '../core/logs/ruling-query.ts';
import type { RulingFacts } from '../core/logs/rulings.ts';
import type { TopUpFacts } from '../core/money/top-up.ts';
import type { OpenTopUp } from '../core/money/top-up-inquiry.ts';
import type { TopUpIntentFacts } from '../core/money/top-up-intent.ts';
import type { AcceptFacts } from '../core/parked/accept.ts';
import type { AdoptFacts } from '../core/parked/adopt.ts';
import type { StoredParked } from '../core/parked/parked-record.ts';
import type { Subject } from '../core/parked/resolution-changes.ts';
import type { WriteOffFacts } from '../core/parked/write-off.ts';
import type { GiveBackFacts, ReversalFacts } from '../core/payments/give-back.ts';
import type { BlockFacts } from '../core/payments/merchant.ts';
import type { Confirmation, ConfirmationFacts, NewOrderFacts } from '../core/payments/order.ts';
import type { PayFacts, PaymentRequest } from '../core/payments/pay.ts';
import type { StoredOrder } from '../core/payments/payment-changes.ts';
import type { NewSeedFacts, SeedConfirmationFacts } from '../core/payments/seed.ts';
import type { Presented, SeedFacts } from '../core/payments/spend-code.ts';
import type { CutKind } from '../core/retention/cut-changes.ts';
import type { CutBounds, CutFacts } from '../core/retention/cuts.ts';
import type { Piece, PieceQuery } from '../core/rides/outbox.ts';
import type { PieceRecord, Work } from '../core/rides/outbox-changes.ts';
import type { SettleFacts } from '../core/rides/settle.ts';
import type { Awaitable } from './awaitable.ts';
import type { PassOf, PaymentPage } from './port.ts';
import type {
  ActView,
  EarlierWord,
  EpochQuery,
  FailedWorkView,
  GateView,
  Load,
  MerchantByToken,
  MerchantView,
  OperatorRow,
  ParkedQuery,
  ParkedView,
  ResolutionView,
  RiderView,
  StatementItem,
  TapView,
  TrialBalance,
  WorkCounts,
} from './views.ts';

export type StoredInvite = NonNullable<RiderEnrolmentFacts['invite']>;

/** Facts of one transaction; each method reads what one use case decides from. */
export type Facts = PaymentFacts &
  ParkedFacts &
  RiderFacts &
  MerchantFacts &
  StaffFacts &
  RecoveryReader &
  DrawingReader &
  LogReader &
  WorkReader &
  LeadReader &
  ListReader;

/** What a phone that draws a code has to do with; `drawnBy`: null if none does. */
export type DrawingReader = {
  newCode(of: { issuer: number; account: string; drawnBy: number | null }): Awaitable<NewCodeFacts>;
};

export type StaffFacts = {
  operator(name: string): Awaitable<OperatorFacts>;
  /** The number of the next act. */
  nextAct(): Awaitable<number>;
};

export type RecoveryReader = {
  /** Of a code, and of the key that comes with it. */
  recovery(of: { codeHash: string; publicKey: string; nowMs: number }): Awaitable<RecoveryFacts>;
  accountAccess(account: string): Awaitable<AccountAccess>;
  move(of: { account: string; by: string }): Awaitable<MoveFacts>;
  approval(id: number): Awaitable<StoredApproval | null>;
};

export type LogReader = {
  log(part: BatchPart): Awaitable<LogFacts>;
  /** Of an epoch by its id; null if there is none. */
  logOf(epochId: number): Awaitable<LogFacts | null>;
  nextUnjudged(): Awaitable<UnjudgedRecord | null>;
  /** Of a log the records nearest to this one whose clock was known. */
  clockNeighbours(of: {
    epochId: number;
    seq: number;
  }): Awaitable<{ before: LogRecord | null; after: LogRecord | null }>;
  retimePiece(query: RetimeQuery): Awaitable<RetimePiece>;
  rulingFacts(of: RulingsOf, query: RulingQuery): Awaitable<RulingFacts>;
};

export type ParkedFacts = {
  parked(subject: Subject): Awaitable<StoredParked>;
  nextResolution(): Awaitable<number>;
  /** `record`: the one that claims the ride itself; 0: it is in no log. */
  writeOff(of: {
    gate: string;
    line: string;
    use: string;
    record: number;
  }): Awaitable<WriteOffFacts>;
  branch(of: {
    epochId: number;
    seq: number;
    prev: Uint8Array;
  }): Awaitable<Omit<AdoptFacts, 'rulings' | 'limitsNow'>>;
  identity(of: {
    account: string;
    publicKey: string;
  }): Awaitable<Pick<AcceptFacts, 'isAccountKnown' | 'isKeyTaken'>>;
};

/** `shard`: of this one only, of which one works at a time. */
export type WorkDue = { dueMs: number; dueBeyondMs: number; shard?: number | undefined };

export type WorkReader = {
  /**
   * What is done next; null if nothing is due, or if another one works on the shard. Work that failed is due until
   * an instant, and if it was put off beyond another.
   */
  nextWork(due: WorkDue): Awaitable<Work | null>;
  failedWorkIds(): Awaitable<readonly number[]>;
  piece(query: PieceQuery): Awaitable<Piece>;
  settle(records: readonly PieceRecord[]): Awaitable<SettleFacts>;
  /** The oldest of what is kept for a time only. */
  cut(kind: CutKind, bounds: CutBounds): Awaitable<CutFacts>;
};

export type LeadReader = {
  /** Of whoever leads; null if nobody has yet. */
  lease(): Awaitable<Lease | null>;
  /** A note that one process after the other decides from. */
  meta(key: string): Awaitable<string | null>;
  isChallengeUsed(challenge: string): Awaitable<boolean>;
};

export type ListReader = {
  fare(): Awaitable<FareFacts>;
  issuerKeys(): Awaitable<readonly StoredIssuerKey[]>;
  /** Up to `idsMax` ids whose causes have changed since the last version. */
  denyList(idsMax: number): Awaitable<DenyListFacts>;
  /** Null if there is no such version here. */
  denyVersion(version: number): Awaitable<DenyVersion | null>;
};

/** What a merchant speaks of, and when. */
/** `reversalS`: a sale that was taken back so soon counts as cancelled. */
export type MerchantKey = {
  merchant: string;
  idempotencyKey: string;
  reversalS: number;
  nowMs: number;
};

/** `owner`: of its code. */
export type PayQuery = { request: PaymentRequest; owner: PassOf | null };

export type PaymentFacts = {
  /** Whose codes they are, which never changes; null: nobody's. Nothing is held. */
  codeOwners(presented: readonly Presented[]): Awaitable<readonly (PassOf | null)[]>;
  /** One for each, of other payers and under other keys. */
  pay(asked: readonly PayQuery[]): Awaitable<readonly PayFacts[]>;
  refund(of: MerchantKey): Awaitable<GiveBackFacts>;
  /** `payee`: `merchant:ID`; orders of gates there are none. */
  reversal(of: MerchantKey): Awaitable<ReversalFacts>;
  newOrder(of: { merchant: string; idempotencyKey: string }): Awaitable<NewOrderFacts>;
  order(order: string): Awaitable<StoredOrder | null>;
  confirmation(request: Confirmation): Awaitable<ConfirmationFacts>;
};

export type RiderFacts = {
  topUp(of: { account: string; key: string }): Awaitable<TopUpFacts>;
  newSeed(of: { handle: string } & PassOf): Awaitable<NewSeedFacts>;
  seedConfirmation(of: { handle: string } & PassOf): Awaitable<SeedConfirmationFacts>;
  /** Handles that have not ended, of an account or of one of its passes. */
  liveHandles(of: { account: string; serial: number | null }): Awaitable<readonly string[]>;
  /** Hashes of one-time codes that are still live. */
  liveOnlineCodes(of: PassOf): Awaitable<readonly string[]>;
  riderEnrolment(
    rider: Pick<
      NewRider,
      'account' | 'publicKey' | 'issuer' | 'inviteHash' | 'personHash' | 'from' | 'nowMs'
    >,
  ): Awaitable<RiderEnrolmentFacts>;
  /** How many of the account's passes are good then, and whether this one still is. */
  passIssue(of: PassOf & { nowS: number }): Awaitable<PassIssueFacts>;
  session(of: PassOf & { issuer: number }): Awaitable<SessionFacts>;
  topUpIntent(of: { account: string; key: string }): Awaitable<TopUpIntentFacts>;
};

export type MerchantFacts = {
  block(merchant: string): Awaitable<BlockFacts>;
  gateEnrolment(request: GateEnrolmentRequest): Awaitable<GateEnrolmentFacts>;
  gateRevocation(gate: string): Awaitable<RevocationFacts>;
  denial(id: Uint8Array): Awaitable<DenialFacts>;
};

/** What is read for people and decided by nobody, outside any transaction. */
export type Views = {
  /** As it is stored, ended or not. */
  findPass(of: PassOf): Awaitable<StoredPass | undefined>;
  /** As it is stored, ended or not. */
  findPassOfKey(publicKey: string): Awaitable<StoredPass | undefined>;
  findDenials(issuer: number, of: PassOf): Awaitable<readonly DeniedBy[]>;
  /** As it is stored, ended or not. */
  findSession(tokenHash: string): Awaitable<(PassOf & { expiresAtS: number }) | undefined>;
  /** As it is stored, used or not. */
  findInvite(tokenHash: string): Awaitable<StoredInvite | undefined>;
  readRider(issuer: number, account: string): Awaitable<RiderView | undefined>;
  listStatement(
    account: string,
    page: { after: string | null; limit: number },
  ): Awaitable<readonly StatementItem[]>;
  /** Due by then, or put off beyond another instant. */
  listDueTopUps(of: {
    dueMs: number;
    dueBeyondMs: number;
    limit: number;
  }): Awaitable<readonly OpenTopUp[]>;
  findOldestOpenTopUp(): Awaitable<(OpenTopUp & { open: number }) | undefined>;
  findSeed(handle: string): Awaitable<SeedFacts | undefined>;
  /** Ids of the keys that have sealed seeds which are good then. */
  listSeedKeys(nowMs: number): Awaitable<readonly string[]>;
  findOrder(order: string): Awaitable<StoredOrder | null>;
  findPayment(merchant: string, idempotencyKey: string): Awaitable<Payment | undefined>;
  listPayments(merchant: string, page: PaymentPage): Awaitable<PaymentList>;
  /** As it is stored, blocked or not. */
  findMerchant(tokenHash: string): Awaitable<MerchantByToken | undefined>;
  listMerchants(): Awaitable<readonly MerchantView[]>;
  findGateKeys(gate: string): Awaitable<readonly GateKey[] | undefined>;
  listGates(): Awaitable<readonly GateView[]>;
  listTaps(page: {
    gate: string | null;
    after: number;
    limit: number;
  }): Awaitable<readonly TapView[]>;
  listParked(limit: number): Awaitable<readonly ParkedView[]>;
  findParked(query: ParkedQuery): Awaitable<readonly (Subject & { seq: number })[]>;
  findEarlierWords(query: EpochQuery): Awaitable<readonly EarlierWord[]>;
  listResolutions(page: { after: number; limit: number }): Awaitable<readonly ResolutionView[]>;
  readTrialBalance(): Awaitable<TrialBalance>;
  /** As it is stored, ended or not. */
  findOperator(tokenHash: string): Awaitable<StoredOperatorToken | undefined>;
  listOperators(): Awaitable<readonly OperatorRow[]>;
  listActs(page: { after: number; limit: number }): Awaitable<readonly ActView[]>;
  /** Those that wait or are confirmed, and not over at that instant. */
  listApprovals(nowMs: number): Awaitable<readonly StoredApproval[]>;
  matchCode(quickHash: string): Awaitable<CodeMatch>;
  readMeta(key: string): Awaitable<string | undefined>;
  countWork(): Awaitable<WorkCounts>;
  readLoad(): Awaitable<Load>;
  /** With work that is due, as for `nextWork`. */
  listDueShards(due: Omit<WorkDue, 'shard'>): Awaitable<readonly number[]>;
  listFailedWork(limit: number): Awaitable<readonly FailedWorkView[]>;
  /** The generation of the waiting request to publish, or undefined. */
  findPublishRequest(): Awaitable<number | undefined>;
  readListFacts(): Awaitable<ListFacts>;
  readDenyWord(): Awaitable<DenyWord>;
  readRootFacts(): Awaitable<StoredRootFacts>;
  denyVersion(version: number): Awaitable<DenyVersion | null>;
  /** Versions that are published now. */
  published(): Awaitable<{ trustVersion: number; denyVersion: number }>;
  /** Rows of the deny list that changed between two versions; one more than `rowsMax` if there are. */
  denyRows(of: { from: number; to: number; rowsMax: number }): Awaitable<readonly DenyRow[]>;
  readDenyPage(of: {
    version: number;
    after: Uint8Array | null;
    limit: number;
  }): Awaitable<Uint8Array>;
  listTariff(line: string): Awaitable<readonly LineFare[]>;
  listEvents(
    subject: string,
    page: { after: number; limit: number },
  ): Awaitable<readonly StoredEvent[]>;
  /** The number of the latest event of each; 0: none. */
  findLatestEvents(subjects: readonly string[]): Awaitable<ReadonlyMap<string, number>>;
};

type View = Views[keyof Views];

/** The same views, each read within `read`, which says what a throw means. */
export function viewsWithin(views: Views, read: (work: () => unknown) => unknown): Views {
  const within = Object.entries<View>(views).map(([name, view]) => {
    const handled = new Proxy<View>(view, {
      apply: (target, self, given) => read(() => Reflect.apply(target, self, given)),
    });
    return [name, handled];
  });
  return Object.fromEntries(within) as Views;
}

/** One use case: what is read, and what is decided from it. */
export type UseCase<Read, Result> = {
  read: (facts: Facts) => Read;
  decide: (found: Awaited<Read>) => Decision<Result>;
};

export type Database = {
  views: Views;
  /** How payments by code are gathered: as many as pay for it here. */
  payments: { sizeMax: number; atOnceMax: number };
  /** Work in the background waits here for its turn, so that requests come in between. */
  takeTurn(): Promise<void>;
  /** One durable transaction of its own: read, decide, write the changes, answer. */
  transact<Read, Result>(useCase: UseCase<Read, Result>): Promise<Result>;
  /** The same, but its commit may be shared with others that ask in the same moment. */
  transactTogether<Read, Result>(useCase: UseCase<Read, Result>): Promise<Result>;
  /** A decision that needs no facts. */
  write<Result>(decision: Decision<Result>): Promise<Result>;
  close(): Promise<void>;
};
