/**
 * What the audit needs of a database, in its own words: plain rows, page by page, in a stated order, all
 * seen at one instant. A row says what is stored and finds its neighbours by their keys; whether that
 * is right, only the checks say.
 */

import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { PassIssue } from '../core/access/rider-changes.ts';
import type { SealedResolution, SealedTransfer } from '../core/money/book-seal.ts';
import type { CutKind } from '../core/retention/cut-changes.ts';
import type { SettleFacts } from '../core/rides/settle.ts';
import type { GateLine } from '../core/rides/tariff.ts';

/** Pages of rows; how long a page is, the database chooses. */
export type Rows<Row> = AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;

export type LedgerAccountRow = {
  name: string;
  kind: string;
  debitsCents: number;
  creditsCents: number;
};

export type TransferRow = {
  id: string;
  debit: string;
  credit: string;
  amountCents: number;
  code: string;
};
/**
 * `cause`: whether the charge, top-up or payment that its id names is stored. `chain`: the name of the seal that
 * it is chained under; numbers count within it.
 */
export type PostedTransferRow = TransferRow & {
  chain: string;
  number: number;
  happenedAtMs: number;
  recordedAtMs: number;
  cause: boolean;
};

export type TopUpRow = {
  account: string;
  key: string;
  amountCents: number;
  posting: Omit<TransferRow, 'id'> | null;
};
export type RiderAccountRow = { account: string };

/** `id` is the deny list's: issuer, account and serial in binary. Within a series numbers have no gap. */
/** A second operator's word on a move. */
export type ApprovalRow = { number: number };

export type DenialRow = {
  series: number;
  number: number;
  id: Uint8Array;
  cause: string;
  liftedAtMs: number | null;
};

export type ChargeRow = {
  use: string;
  account: string;
  /** The use of the record that carries it; null if there is none. */
  recordUse: string | null;
  line: string;
  fareCents: number;
  owedCents: number;
  /** Those whose id begins with `charge:USE:`. */
  transfers: readonly TransferRow[];
};

type ChargeStand = { rev: number; state: string; fareCents: number; record: number };
/** `charge`: where the charge of this use stands now. */
export type ChargeEventRow = { use: string; charge: ChargeStand | null } & ChargeStand;

export type MerchantRow = { merchant: string; lastReceipt: number };

export type OrderRow = {
  order: string;
  merchant: string;
  amountCents: number;
  state: string;
  /** The payment that the merchant has under the order's key. */
  payment: { outcome: string; order: string | null; amountCents: number } | null;
};

export type SeedRow = {
  handle: string;
  account: string;
  serial: number;
  createdAtMs: number;
  paidCents: number;
};
export type SpentTimeStepRow = { handle: string; timeStep: number };

export type RefundRow = { id: number; key: string; amountCents: number };

export type PaymentRow = {
  id: number;
  /** Counts up without a gap; null where payments are numbered with gaps. */
  number: number | null;
  payee: string;
  outcome: string;
  method: string | null;
  account: string | null;
  handle: string | null;
  /** Where it paid a ride; null if it paid a merchant. */
  line: string | null;
  order: string | null;
  /** Whether there is an order of that name. */
  isOrderKnown: boolean;
  amountCents: number;
  refundedCents: number;
  receipt: number | null;
  atMs: number;
  /** Of a payment at a gate: whether a gate's log holds an answer under its use. */
  isAnswered: boolean;
  refunds: readonly RefundRow[];
  /** Those whose id begins with `payment:ID:`. */
  transfers: readonly TransferRow[];
};

/** A received record of a gate's log, as settlement's work sees it. */
export type RecordRow = {
  id: number;
  kind: string;
  verdict: string | null;
  disposition: string | null;
  reason: string | null;
  use: string | null;
  /** The charge that has this record's use. */
  charge: { record: number; state: string } | null;
};

/** A tap's record under which a code was used. */
export type CodeRow = { id: number; seq: number; bytes: Uint8Array; hash: Uint8Array };

export type EpochRow = {
  id: number;
  gate: string;
  epoch: string;
  lastSeq: number;
  head: Uint8Array;
  seal: Uint8Array | null;
  /** Of one that was adopted: which one it lay beside, and where it begins. */
  branchOf: number | null;
  baseSeq: number | null;
  baseHash: Uint8Array | null;
  /** The log that has the record with this hash. */
  baseEpoch: number | null;
};

/** What a person has decided about a parked record. */
export type ResolutionRow = SealedResolution & {
  /** The record, and how it has ended; null: there is none. */
  parked: {
    gate: string;
    epochId: number;
    seq: number;
    bytes: Uint8Array;
    hash: Uint8Array;
    end: string | null;
    rideMs: number | null;
    ceilingCents: number | null;
    receivedAtMs: number;
    isVoided: boolean;
  } | null;
  /** As they were set then: where its gate stood, what its line cost. */
  gateLines: readonly GateLine[];
  lineFares: readonly LineFare[];
  posting: TransferRow | null;
  adopted: { seq: number; bytes: Uint8Array; hash: Uint8Array; branchOf: number | null } | null;
  /** Of its use: another record has it, an earlier decision has written it off, it is charged. */
  isClaimedElsewhere: boolean;
  isSecond: boolean;
  isCharged: boolean;
  /** Passes that were given out to the account of its use. */
  issues: readonly PassIssue[];
};

/** A payment that this gate asked for. `key` is the ask's id. */
export type GatePaymentRow = {
  key: string;
  outcome: string;
  amountCents: number;
  refundedCents: number;
};

export type BatchRow = {
  id: number;
  headerBytes: Uint8Array;
  sealBytes: Uint8Array;
  /** The gate's, under which the batch was accepted. */
  publicKey: Uint8Array;
};

/** A record that was received but lies beside the gate's log: behind a gap, or of another history. */
export type StrayRecordRow = { id: number; seq: number; hash: Uint8Array; why: string };

/** A record as it lies in a gate's log. */
export type LogRecordRow = {
  id: number;
  /** Ascends in the order in which records came in; of one moment they came by id. */
  arrival: number;
  seq: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  kind: string;
  verdict: string | null;
  gateReason: string | null;
  atMs: number;
  clock: string | null;
  line: string | null;
  reason: string | null;
  disposition: string | null;
  use: string | null;
  ofSeq: number | null;
  rideMs: number | null;
  rideMsSource: string | null;
  stale: number;
  ceilingCents: number | null;
  receivedAtMs: number;
};

/** What is kept of every list that there was. `revoked`: names of keys, as JSON. */
export type ListRulesRow = {
  version: number;
  issuedAtS: number;
  codeLifetimeSMax: number;
  skewS: number;
  revoked: string;
  listSha256: Uint8Array;
  seal: Uint8Array;
};
/** What retention has taken away of one kind. */
export type CutRow = { kind: CutKind; rows: number; link: Uint8Array; seal: Uint8Array };
/** A refused payment that went. */
export type RefusedKeyRow = { payee: string; key: string };

export type TrustListRow = { version: number; jws: string; payload: string };
export type DenyVersionRow = {
  version: number;
  count: number;
  idsDigest: string;
  salt: string | null;
};

export type IssuerKeyRow = {
  issuer: number;
  keyId: number;
  publicKey: string;
  notBeforeS: number;
  notAfterS: number;
  status: 'active' | 'retired' | 'revoked';
  ceilingExponent: number;
};

/** `link`: null where a chain has no seal that has to have one. */
export type BookSealRow = { name: string; link: Uint8Array | null };

/** `failed`: what went wrong the last time, if it did. */
export type WorkRow = { failed: string | null };

export type AuditReader = {
  /** What the database says of its own files: `ok` or what is broken. */
  checkFiles(): Promise<string>;
  /** Tables, indexes and guards that have to be there and are not, as `trigger NAME`. */
  listLost(): Promise<readonly string[]>;
  /** After an error of another call: the next ones work again. Throws it if it is no damage of what is stored. */
  goOnBehind(error: unknown): Promise<void>;
  /** What the roots have said, as text, the first root's first. */
  rootStatements(): Promise<readonly string[]>;

  /** By name. */
  ledgerAccounts(): Rows<LedgerAccountRow>;
  /** Chain by chain, within it as they were posted. */
  transfers(): Rows<PostedTransferRow>;
  /** Those that came from a file of books, as they were chained there. */
  movedTransfers(): Rows<SealedTransfer>;
  topUps(): Rows<TopUpRow>;
  denials(): Rows<DenialRow>;
  approvals(): Rows<ApprovalRow>;
  /** By account. */
  riderAccounts(): Rows<RiderAccountRow>;
  charges(): Rows<ChargeRow>;
  /** By use, within it as they happened. */
  chargeEvents(): Rows<ChargeEventRow>;

  /** By name. */
  merchants(): Rows<MerchantRow>;
  /** By name. */
  orders(): Rows<OrderRow>;
  /** By handle. */
  seeds(): Rows<SeedRow>;
  /** By handle, then time step. */
  spentTimeSteps(): Rows<SpentTimeStepRow>;
  /** By id. */
  payments(): Rows<PaymentRow>;
  refusedKeys(): Rows<RefusedKeyRow>;

  /** By id, whatever log they are of. */
  records(): Rows<RecordRow>;
  /** By id: taps that have a use. */
  codes(): Rows<CodeRow>;
  issuerKeys(): Rows<IssuerKeyRow>;
  strayRecords(): Rows<StrayRecordRow>;

  /** By gate, then id. */
  epochs(): Rows<EpochRow>;
  /** Those of which only the key is left too. */
  gatePayments(gate: string): Rows<GatePaymentRow>;
  batches(epochId: number): Rows<BatchRow>;
  /** Those beside this epoch's log. */
  strayRecordsOf(epochId: number): Rows<StrayRecordRow>;
  /** By seq. */
  log(epochId: number): Rows<LogRecordRow>;

  /** By version. */
  trustLists(): Rows<TrustListRow>;
  /** By version. */
  listRules(): Rows<ListRulesRow>;
  cuts(): Rows<CutRow>;
  /** The last one, if there is any. */
  denyVersions(): Rows<DenyVersionRow>;
  /** Those on the list now. */
  deniedIds(): Rows<{ id: Uint8Array }>;
  /** What settling reads, of every code use and authorisation. */
  settleFacts(): Rows<SettleFacts>;
  /** One of each of the ledger's chains, or none if the books were never sealed; one of resolutions, if there are any. */
  bookSeal(): Rows<BookSealRow>;
  /** As they were decided. */
  resolutions(): Rows<ResolutionRow>;

  work(): Rows<WorkRow>;
};
