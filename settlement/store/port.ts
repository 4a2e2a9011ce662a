/**
 * What settlement needs of a database, in its own words. Each method is one transaction: facts are
 * read, core/ decides, the answer is written, or nothing is. Asynchronous, because not every database
 * is in this process; store.contract.ts is the test that any implementation has to pass.
 */

import type { Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import type { MerchantRole } from '@stile/protocol/payment.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';
import type { DenyVersion, LineFare, TrustList } from '@stile/protocol/trust-list.ts';
import type {
  ApprovalResult,
  MoveRequest,
  MoveResult,
  StoredApproval,
} from '../core/access/approval.ts';
import type {
  GateEnrolmentRequest,
  GateEnrolmentResult,
  GateRevocation,
  NewGateToken,
  NewPassIssue,
  NewRider,
  PassIssueResult,
  RevocationResult,
  RiderEnrolmentResult,
} from '../core/access/enrolment.ts';
import type { Act, TokenOperator } from '../core/access/operator-changes.ts';
import type {
  NewOperator,
  OperatorEnd,
  RotationResult,
  TokenRotation,
} from '../core/access/operators.ts';
import type {
  BlockRequest,
  PassBlock,
  PhoneBlock,
  RecoveryPlan,
  RecoveryRequest,
  RecoveryResult,
} from '../core/access/recovery.ts';
import type { NewRecoveryCode } from '../core/access/recovery-changes.ts';
import type { CodeMatch, NewCodeResult } from '../core/access/recovery-codes.ts';
import type { Invite, StoredPass } from '../core/access/rider-changes.ts';
import type { NewSession, SessionResult } from '../core/access/session.ts';
import type { StoredEvent } from '../core/events/event-changes.ts';
import type { LeaseBid } from '../core/lead/lease.ts';
import type { Lease } from '../core/lead/lease-changes.ts';
import type { NewDenial } from '../core/lists/denial.ts';
import type { DeniedBy } from '../core/lists/deny.ts';
import type { KeyRevocation, KeyRevocationResult } from '../core/lists/issuer-keys.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import type { DeltaQuery } from '../core/lists/publish.ts';
import type { StoredRootFacts } from '../core/lists/root-floor.ts';
import type { DenyWord, ListFacts } from '../core/lists/trust.ts';
import type { SeenVersions } from '../core/lists/version-floor.ts';
import type { CheckedBatch } from '../core/logs/batch.ts';
import type { GateKey } from '../core/logs/check-batch.ts';
import type { TopUpRequest, TopUpResult } from '../core/money/top-up.ts';
import type { OpenTopUp } from '../core/money/top-up-inquiry.ts';
import type { TopUpIntentResult, TopUpOutcome } from '../core/money/top-up-intent.ts';
import type { ResolveRequest, ResolveResult } from '../core/parked/resolve.ts';
import type { RefundRequest, RefundResult, ReversalResult } from '../core/payments/give-back.ts';
import type { NewMerchant } from '../core/payments/merchant.ts';
import type {
  Confirmation,
  ConfirmationResult,
  NewOrder,
  Offer,
  OrderQuery,
  OrderView,
} from '../core/payments/order.ts';
import type { PaymentRequest, PayResult } from '../core/payments/pay.ts';
import type { NewSeed, SealedSeed } from '../core/payments/payment-changes.ts';
import type { NewOnlineCode, SeedConfirmation } from '../core/payments/seed.ts';
import type { CutKind } from '../core/retention/cut-changes.ts';
import type { Retention } from '../core/retention/cuts.ts';
import type { WorkTurn } from '../core/rides/outbox-changes.ts';
import type {
  ActView,
  EarlierWord,
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

export type Store = RiderStore &
  PaymentStore &
  MerchantStore &
  GateStore &
  ListStore &
  LeadStore &
  EventStore &
  WorkStore &
  OperatorViews &
  StaffStore &
  RecoveryStore & {
    readMeta(key: string): Promise<string | undefined>;
    writeMeta(key: string, value: string): Promise<void>;
    /** Removes what has expired: sessions, unused tokens, codes. */
    sweepExpired(nowMs: number): Promise<void>;
    close(): Promise<void>;
  };

export type PassOf = { account: string; serial: number };

type RiderStore = {
  addRider(rider: NewRider): Promise<RiderEnrolmentResult>;
  addInvite(invite: Invite): Promise<void>;
  /** Undefined if there is none, or it was used or has ended. */
  findInvite(
    tokenHash: string,
    nowMs: number,
  ): Promise<Pick<Invite, 'kind' | 'personHash'> | undefined>;
  /** Ended or not. */
  findPass(account: string, serial: number): Promise<StoredPass | undefined>;
  /** Of this device key, whichever way it came to its account; ended or not. */
  findPassOfKey(publicKey: string): Promise<StoredPass | undefined>;
  addPassIssue(
    issue: NewPassIssue & { issuesMax: number; nowMs: number },
  ): Promise<PassIssueResult>;
  /** Of the account or of this pass. */
  findDenials(issuer: number, pass: PassOf): Promise<readonly DeniedBy[]>;
  /** False if the pass has ended. */
  openSession(session: NewSession): Promise<SessionResult>;
  /** Undefined if there is none or it has ended. */
  findSession(tokenHash: string, nowS: number): Promise<PassOf | undefined>;
  readRider(issuer: number, account: string): Promise<RiderView | undefined>;
  /** `after`: a cursor of an earlier page; null for the first. */
  listStatement(
    account: string,
    page: { after: string | null; limit: number },
  ): Promise<readonly StatementItem[]>;
  /** Before the provider is asked: what is wanted, or how it went before. */
  beginTopUp(request: TopUpRequest): Promise<TopUpIntentResult>;
  /** The provider did not say that the money is in. */
  endTopUp(outcome: TopUpOutcome): Promise<void>;
  /** Top-ups without a word that are to be asked about by now, the longest due first. */
  listDueTopUps(of: { nowMs: number; limit: number }): Promise<readonly OpenTopUp[]>;
  /** Of those without a word, and how many there are. */
  findOldestOpenTopUp(): Promise<(OpenTopUp & { open: number }) | undefined>;
  /** The money is in. */
  topUp(request: TopUpRequest): Promise<TopUpResult>;

  /**
   * A new seed of a phone. The one before stays good until the new one is confirmed or has paid,
   * because the answer that carries the new one may be lost; older ones end at once. False if the
   * handle is taken: draw another.
   */
  addSeed(seed: NewSeed): Promise<boolean>;
  /** The phone has the new seed: the ones before it end. False if the phone has no such handle. */
  confirmSeed(confirmation: SeedConfirmation): Promise<boolean>;
  /** Ends all seeds of an account, or of one of its passes; returns how many. */
  revokeSeeds(of: { account: string; serial: number | null; nowMs: number }): Promise<number>;
  /** Undefined if the handle is unknown, ended or expired. */
  findSeed(handle: string, nowMs: number): Promise<SealedSeed | undefined>;
  /** Ids of the keys that have sealed seeds which are good then. */
  listSeedKeys(nowMs: number): Promise<readonly string[]>;
  /** A key is lost, and all that it has sealed with it: phones fetch new seeds. */
  endSeedsOfKey(of: { keyId: string; nowMs: number }): Promise<void>;
  /** Ends the phone's one-time code before it. */
  addOnlineCode(code: NewOnlineCode): Promise<void>;

  /** Undefined if there is no such order. */
  findOffer(order: string, nowMs: number): Promise<Offer | undefined>;
  /** Pays an order from the account of the session that confirms it. */
  confirmOrder(request: Confirmation): Promise<ConfirmationResult>;
};

type PaymentStore = {
  pay(request: PaymentRequest): Promise<PayResult>;
  /** Undefined if nothing is known under this id. */
  findPayment(merchant: string, idempotencyKey: string): Promise<Payment | undefined>;
  /** Makes sure that this id has not paid and never will: refunds what is left, or closes the id. */
  reversePayment(request: MerchantReversal): Promise<ReversalResult>;
  refundPayment(request: RefundRequest): Promise<RefundResult>;
  /** The latest first; `after` is a cursor that an earlier page gave. */
  listPayments(merchant: string, page: PaymentPage): Promise<PaymentList>;
  addOrder(order: NewOrder): Promise<OrderView | { kind: 'conflict' }>;
  findOrder(query: OrderQuery): Promise<OrderView | undefined>;
  /** Undefined if there is no such order; otherwise how it then stands (a paid one stays paid). */
  cancelOrder(query: OrderQuery): Promise<OrderView | undefined>;
};

export type MerchantReversal = {
  issuer: number;
  /** Whose token asks for it. */
  role: MerchantRole;
  merchant: string;
  idempotencyKey: string;
  nowMs: number;
};

export type PaymentPage = { fromMs: number; toMs: number; after: string | null; limit: number };

type MerchantStore = {
  /** New, or renamed and given another token; lifts a block. */
  setMerchant(merchant: NewMerchant): Promise<void>;
  /** Takes its open orders back too. False if there is no such merchant. */
  blockMerchant(merchant: string, nowMs: number): Promise<boolean>;
  /** Undefined if the token is nobody's or its merchant is blocked. */
  findMerchant(tokenHash: string): Promise<MerchantByToken | undefined>;
  listMerchants(): Promise<readonly MerchantView[]>;
};

type GateStore = {
  addGateToken(token: NewGateToken): Promise<void>;
  /** Whether this token would make a gate now; asked before the curve arithmetic of a proof. */
  isGateTokenOpen(request: GateEnrolmentRequest): Promise<boolean>;
  enrolGate(request: GateEnrolmentRequest): Promise<GateEnrolmentResult>;
  /** Undefined if there is no such gate. */
  findGateKeys(gate: string): Promise<readonly GateKey[] | undefined>;
  /** In parts, each durable by itself; others have their turn in between. */
  ingestBatch(batch: CheckedBatch, nowMs: number): Promise<IngestResult>;
  /** From now on nothing counts that these keys seal. Returns how many; 0: none more than before. */
  revokeGate(revocation: GateRevocation): Promise<RevocationResult>;
};

/** Refused: the epoch was opened by another key of the gate. */
/** `head`: the chain's hash at the watermark. */
export type IngestResult = { reply: BatchReply; head: Uint8Array } | 'EPOCH_OF_OTHER_KEY';

type WorkStore = {
  /** Does a bounded piece of the next work; requests go through before it. `shard`: of that shard only. */
  workOnce(turn: { issuer: number; nowMs: number; shard?: number }): Promise<WorkTurn>;
  /** Shards that have work which is due, for those who share it. A database of one process has one. */
  listDueShards(nowMs: number): Promise<readonly number[]>;
  countWork(): Promise<WorkCounts>;
  /** Work that fails, the oldest first. It is tried again by itself. */
  listFailedWork(limit: number): Promise<readonly FailedWorkView[]>;
  /** Has failed work tried at once; null: all of it. Returns how many. */
  retryFailedWork(id: number | null): Promise<number>;
  /** Judges the next tap again that is due for it. */
  judgeOnce(nowMs: number): Promise<'idle' | 'counts' | 'waits'>;
  /** What settlement knows may have changed: all taps that wait for it are due. */
  judgeAllAgain(): Promise<void>;
  /** Takes a bounded piece of the oldest of a kind away; true if there may be more. */
  cutOnce(kind: CutKind, terms: { retention: Retention; nowMs: number }): Promise<boolean>;
  requestPublish(nowMs: number): Promise<void>;
  /** The generation of the waiting request to publish, or undefined. */
  findPublishRequest(): Promise<number | undefined>;
  closePublishRequest(generation: number): Promise<void>;
};

type EventStore = {
  /** Of `rider:ACCOUNT` or `merchant:ID`, those behind a number, ascending. */
  listEvents(
    subject: string,
    page: { after: number; limit: number },
  ): Promise<readonly StoredEvent[]>;
  /** The number of the latest event of each; 0: none. */
  findLatestEvents(subjects: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Something about the account has changed that is not money. */
  tellRider(account: string, nowMs: number): Promise<void>;
};

export type SignedList = { jws: string; nowMs: number; fence?: number | undefined };

type LeadStore = {
  /** Takes the lease, or says again that its holder is there; how it stands then. */
  bidForLease(bid: LeaseBid): Promise<Lease>;
  releaseLease(holder: string): Promise<void>;
  /** Replaces a note that is still as it was read (null: there was none); false if it is not. */
  swapMeta(of: { key: string; from: string | null; to: string }): Promise<boolean>;
  /** False: a proof has held for this challenge before. */
  useChallenge(of: { challenge: string; endsAtS: number }): Promise<boolean>;
  /** Of the list that is in force; 0: none yet. */
  findTrustVersion(): Promise<number>;
};

type ListStore = {
  readListFacts(): Promise<ListFacts>;
  /** `fence`: under which it was made. False if somebody else leads by now. */
  addTrustList(list: TrustList, signed: SignedList): Promise<boolean>;
  /** Carries up to `idsMax` changed ids into a new version under this salt; true if there may be more. */
  advanceDenyList(idsMax: number, of: { salt: string; nowMs: number }): Promise<boolean>;
  /** With what gates only may know of it; null if it is none of ours. */
  findDenyVersion(version: number): Promise<DenyVersion | null>;
  /** What operators have said of the deny list. */
  readDenyWord(): Promise<DenyWord>;
  /** How far gates whose keys are good have heard the operator's roots. */
  readRootFacts(): Promise<StoredRootFacts>;
  /** The operator vouches for this version of the deny list; false if it is none of ours. */
  forceDenyList(version: number, nowMs: number): Promise<boolean>;
  /** Of a database that was copied back: versions go on where no gate can have seen them. */
  jumpAhead(nowMs: number): Promise<SeenVersions>;
  /** The net change, or undefined if it is longer than `idsMax` or `from` is no version. */
  findDenyDelta(query: DeltaQuery): Promise<{ adds: string[]; removes: string[] } | undefined>;
  /** Up to `limit` ids of a version behind `after`, ascending, joined into one buffer. */
  readDenyPage(of: {
    version: number;
    after: Uint8Array | null;
    limit: number;
  }): Promise<Uint8Array>;
  /** The version of the tariff with it; null if no list has room for it. */
  setFare(fare: LineFare, nowMs: number): Promise<number | null>;
  listTariff(line: string): Promise<readonly LineFare[]>;
  /** Announced, or signing at once: then those before it are retired. */
  addIssuerKey(key: StoredIssuerKey, nowMs: number): Promise<void>;
  /** Retires keys whose follower signs by now; true if there was any. */
  turnIssuerKeys(of: { issuer: number; nowMs: number }): Promise<boolean>;
  revokeIssuerKey(revocation: KeyRevocation): Promise<KeyRevocationResult>;
  /** The operator's own denial; false if it stands already. */
  setDenied(denial: NewDenial): Promise<boolean>;
  /** False if there is none to lift. */
  liftDenied(id: Uint8Array, nowMs: number): Promise<boolean>;
};

type StaffStore = {
  /** New, or given another role and token. False if the name is taken by the data directory's own. */
  setOperator(operator: NewOperator): Promise<boolean>;
  /** False if there never was such an operator. */
  endOperator(end: OperatorEnd): Promise<boolean>;
  /** `replaced`: the token with which it is asked for has one after it already. */
  rotateOperatorToken(of: TokenRotation & { name: string }): Promise<RotationResult>;
  /** Undefined if the token is nobody's or has ended. */
  findOperator(tokenHash: string, nowMs: number): Promise<TokenOperator | undefined>;
  listOperators(): Promise<readonly OperatorRow[]>;
  /** Notes what is about to be done; its number. */
  addAct(act: Omit<Act, 'number'>): Promise<number>;
  /** How it was answered. */
  addActStatus(number: number, status: number): Promise<void>;
  listActs(page: { after: number; limit: number }): Promise<readonly ActView[]>;
};

export type RecoveryStore = {
  /** Ends the one before it of the same kind; a recovery code does so when it is confirmed. */
  addRecoveryCode(code: NewRecoveryCode & { issuer: number }): Promise<NewCodeResult>;
  /** Its rider has it on paper. False if it is none of the account, or good no more. */
  confirmRecoveryCode(of: { account: string; codeHash: string; nowMs: number }): Promise<boolean>;
  /** What is known of a code by its quick hash. */
  matchCode(quickHash: string): Promise<CodeMatch>;
  /** Which pass a code would make for this key; undefined if the code is none, or good no more. */
  planRecovery(of: {
    codeHash: string;
    publicKey: string;
    issuesMax: number;
    nowMs: number;
  }): Promise<RecoveryPlan | undefined>;
  /** The account goes to the key of `pass`, as it was planned. */
  recover(request: RecoveryRequest): Promise<RecoveryResult>;
  /** Ends all phones of the code's account, which has to be `meant` unless that is null. */
  blockPhones(of: BlockRequest & { codeHash: string; meant: string | null }): Promise<PhoneBlock>;
  /** False if there is no such phone, or it has ended. */
  blockPass(block: PassBlock): Promise<boolean>;
  /** An operator's move of an account: a code, or a number under which a second one confirms it. */
  moveAccount(request: MoveRequest): Promise<MoveResult>;
  approve(of: { id: number; by: string; nowMs: number }): Promise<ApprovalResult>;
  /** Those that are neither used nor over. */
  listApprovals(nowMs: number): Promise<readonly StoredApproval[]>;
};
/**
 * `nextSeq`: where more of them begin; null: that were all. `before`: if none is parked any more, what was decided there.
 */
export type ResolvedRecords = {
  records: readonly ResolvedRecord[];
  before: readonly EarlierWord[];
  nextSeq: number | null;
};
export type ResolvedRecord = { seq: number; result: ResolveResult };

type OperatorViews = {
  listGates(): Promise<readonly GateView[]>;
  listTaps(page: {
    gate: string | null;
    after: number;
    limit: number;
  }): Promise<readonly TapView[]>;
  listParked(limit: number): Promise<readonly ParkedView[]>;
  /** Those that the query finds, one after the other, each in a transaction of its own. */
  resolveParked(of: { query: ParkedQuery; request: ResolveRequest }): Promise<ResolvedRecords>;
  /** What was decided about parked records, in that order. */
  listResolutions(page: { after: number; limit: number }): Promise<readonly ResolutionView[]>;
  readTrialBalance(): Promise<TrialBalance>;
  readLoad(): Promise<Load>;
};
