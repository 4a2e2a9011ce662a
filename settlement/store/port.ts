/**
 * What settlement needs of a database, in its own words. Each method is one transaction: facts are
 * read, core/ decides, the answer is written, or nothing is. Asynchronous, because not every database
 * is in this process; store.contract.ts is the test that any implementation has to pass.
 */
import type { Way } from '@stile/protocol/payment.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';
import type { DenyHead, IssuerKey, TariffLine, TrustList } from '@stile/protocol/trust-list.ts';
import type { Checked } from '../core/check.ts';
import type { Limits } from '../core/ingest.ts';
import type { PaymentStore } from './payment-port.ts';

export type CheckedLine = { seq: number; bytes: Uint8Array; hash: Uint8Array; checked: Checked };

/** A batch whose seal held and whose lines were read and checked. */
export type CheckedBatch = {
  gate: string;
  epoch: string;
  fromSeq: number;
  /** Chain hash before the first line. */
  prev: Uint8Array;
  headerLine: Uint8Array;
  sealLine: Uint8Array;
  gateKeyId: number;
  lines: readonly CheckedLine[];
};

export type PassRow = { account: string; serial: number; algorithm: Algorithm; publicKey: string };
export type PassIssue = { issuer: number; keyId: number; issuedAtS: number; expiresAtS: number };
export type NewRider = PassRow & PassIssue & { nowMs: number };
export type DeniedBy = { cause: 'DEBT' | 'OPERATOR'; note: string };

export type RiderView = {
  account: string;
  balanceCents: number;
  debtCents: number;
  denied: readonly DeniedBy[];
  passes: readonly {
    serial: number;
    algorithm: Algorithm;
    issuedAtS: number;
    expiresAtS: number;
    denied: boolean;
  }[];
};

export type StatementItem = {
  kind: 'ride' | 'payment' | 'refund' | 'topUp';
  /** How it was paid; null for a top-up. */
  way: Way | null;
  /** Who was paid: a merchant's name; null for rides, whose line says it, and for top-ups. */
  payee: string | null;
  /** When it happened: the gate's clock for a ride. */
  atMs: number;
  /** When it was recorded here. */
  recordedAtMs: number;
  line: string | null;
  amountCents: number;
  owedCents: number;
  state: string;
  reason: string | null;
  /** Names the item for the next page. */
  cursor: string;
};

export type TopUpOutcome =
  | { kind: 'done' | 'repeated'; balanceCents: number; debtCents: number }
  | { kind: 'conflict' }
  | { kind: 'tooMuch' };

export type GateKeyRow = { id: number; publicKey: Uint8Array; untilMs: number | null };
export type GateView = {
  gate: string;
  line: string | null;
  scope: number;
  enrolledAtMs: number | null;
  lastSyncMs: number | null;
  trustSeen: number | null;
  denySeen: number | null;
  tariffSeen: number | null;
  epochs: readonly { epoch: string; lastSeq: number }[];
  gaps: readonly { epoch: string; fromSeq: number; toSeq: number }[];
  alarms: {
    conflicts: number;
    forks: number;
    unreadable: number;
    extraUses: number;
    fareUnknown: number;
    /** Codes that a gate opened for although settlement was not paid for them, or not so much. */
    unpaid: number;
    rejected: number;
  };
};

export type TapView = {
  id: number;
  gate: string;
  epoch: string;
  seq: number;
  kind: string;
  verdict: string | null;
  gateReason: string | null;
  line: string | null;
  atMs: number;
  receivedAtMs: number;
  ruling: string;
  reason: string | null;
  /** How an opened tap has ended so far. */
  outcome: string | null;
  use: string | null;
};

export type ParkedView = {
  gate: string;
  epoch: string;
  seq: number;
  why: string;
  receivedAtMs: number;
  /** The received line, base64: it need not be text. */
  lineBase64: string;
};

export type TrialBalance = {
  rows: readonly { account: string; debitsCents: number; creditsCents: number }[];
  debitsCents: number;
  creditsCents: number;
};

/** What one turn of the job loop did; `idle` when there was nothing to do. */
export type JobTurn =
  | { kind: 'idle' }
  | { kind: 'worked'; job: string; items: number; accounts: readonly string[] }
  | { kind: 'failed'; job: string; error: unknown };

export type ListFacts = {
  issuerKeys: readonly IssuerKey[];
  tariff: readonly TariffLine[];
  tariffVersion: number;
  denyHead: DenyHead;
  trust: { list: TrustList; jws: string } | undefined;
};

export type Store = PaymentStore & CoreStore;

type CoreStore = {
  readMeta(key: string): Promise<string | undefined>;
  writeMeta(key: string, value: string): Promise<void>;

  /** False where the key is enrolled already. */
  addRider(rider: NewRider): Promise<boolean>;
  findPass(account: string, serial: number): Promise<PassRow | undefined>;
  addPassIssue(account: string, serial: number, issue: PassIssue): Promise<void>;
  findDenials(issuer: number, account: string, serial: number): Promise<readonly DeniedBy[]>;
  openSession(tokenHash: string, pass: PassRow, expiresAtS: number): Promise<void>;
  findSession(
    tokenHash: string,
    nowS: number,
  ): Promise<{ account: string; serial: number } | undefined>;
  readRider(issuer: number, account: string): Promise<RiderView | undefined>;
  listStatement(
    account: string,
    after: string | null,
    limit: number,
  ): Promise<readonly StatementItem[]>;
  topUp(
    issuer: number,
    account: string,
    key: string,
    amountCents: number,
    nowMs: number,
  ): Promise<TopUpOutcome>;
  /** Removes what has expired: sessions, unused tokens, codes. */
  sweepExpired(nowMs: number): Promise<void>;

  addGateToken(token: {
    tokenHash: string;
    gate: string;
    line: string;
    scope: number;
    expiresAtMs: number;
    nowMs: number;
  }): Promise<void>;
  enrolGate(
    tokenHash: string,
    publicKey: Uint8Array,
    nowMs: number,
  ): Promise<
    | { kind: 'enrolled'; gate: string; line: string; scope: number }
    | { kind: 'refused' }
    | { kind: 'keyTaken' }
  >;
  /** Undefined where there is no such gate. */
  findGateKeys(gate: string): Promise<readonly GateKeyRow[] | undefined>;
  ingestBatch(batch: CheckedBatch, limitsNow: Limits, nowMs: number): Promise<BatchReply>;

  /** Does a bounded piece of the next settle, join or reprice job; requests go through before it. */
  workOnce(issuer: number, nowMs: number): Promise<JobTurn>;
  countJobs(): Promise<{ waiting: number; failed: number }>;
  requestPublish(nowMs: number): Promise<void>;
  /** The generation of the waiting request to publish, or undefined. */
  findPublishRequest(): Promise<number | undefined>;
  closePublishRequest(generation: number): Promise<void>;

  readListFacts(): Promise<ListFacts>;
  addTrustList(list: TrustList, jws: string, nowMs: number): Promise<void>;
  /** Carries up to `idsMax` changed ids into a new version; false where none is left. */
  stepDenyList(idsMax: number, nowMs: number): Promise<boolean>;
  /** The net step, or undefined where it is longer than `idsMax` or `from` is no version. */
  findDenyStep(
    from: number,
    to: number,
    idsMax: number,
  ): Promise<{ adds: string[]; removes: string[] } | undefined>;
  /** Up to `limit` ids of a version behind `after`, ascending, joined into one buffer. */
  readDenyPage(version: number, after: Uint8Array | null, limit: number): Promise<Uint8Array>;
  setFare(fare: TariffLine, nowMs: number): Promise<number>;
  listTariff(line: string): Promise<readonly TariffLine[]>;
  addIssuerKey(key: IssuerKey): Promise<void>;
  setDenied(id: Uint8Array, note: string, nowMs: number): Promise<boolean>;
  liftDenied(id: Uint8Array, nowMs: number): Promise<boolean>;

  listGates(): Promise<readonly GateView[]>;
  listTaps(gate: string | null, after: number, limit: number): Promise<readonly TapView[]>;
  listParked(limit: number): Promise<readonly ParkedView[]>;
  readTrialBalance(): Promise<TrialBalance>;
  close(): Promise<void>;
};
