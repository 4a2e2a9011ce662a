/** What people read of settlement: riders, operators, merchants. Rows as a store gives them, nothing decided. */
import type { MerchantRole, PaymentMethod } from '@stile/protocol/payment.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import type { Act, StoredOperator } from '../core/access/operator-changes.ts';
import type { PassEnd } from '../core/access/recovery-changes.ts';
import type { EnrolmentKind } from '../core/access/standing.ts';
import type { DeniedBy } from '../core/lists/deny.ts';
import type { RideTimeSource } from '../core/logs/ride-time.ts';
import type { ResolutionHow } from '../core/parked/resolution-changes.ts';

export type RiderView = {
  account: string;
  enrolledBy: EnrolmentKind;
  balanceCents: number;
  debtCents: number;
  /** Rides that came in and are not charged yet. */
  pendingRides: number;
  /** When rides came in whose code had opened another gate already; as many as an allowance has. */
  extraUsesAtMs: readonly number[];
  denied: readonly DeniedBy[];
  passes: readonly {
    serial: number;
    algorithm: Algorithm;
    issuedAtS: number;
    expiresAtS: number;
    denied: boolean;
    ended: PassEnd | null;
    /** The serial of the phone that let it join; null: none did. */
    addedBy: number | null;
  }[];
  /** Seeds of payment codes that nobody has ended. */
  seeds: readonly { serial: number; expiresAtMs: number }[];
  /** Ids of the issuer's keys that were revoked: gates open for no pass that one of them signed. */
  revokedIssuerKeys: readonly number[];
  /** Of the recovery code that its rider has; null: there is none. */
  recoveryCodeMadeAtMs: number | null;
  /** Of the newest one that nobody has said to have written down; null: there is none. */
  unconfirmedCodeMadeAtMs: number | null;
  /** Until when the last of the codes works that were replaced by a confirmed one; null: there is none. */
  earlierCodeUntilMs: number | null;
};

export type StatementItem = {
  kind: 'ride' | 'payment' | 'refund' | 'topUp';
  /** How it was paid; null for a top-up. */
  way: PaymentMethod | null;
  /** Who was paid: a merchant's name; null for rides, whose line says it, and for top-ups. */
  payee: string | null;
  /** When it happened. */
  atMs: number;
  /** How the time of a ride was found; null if it is settlement's own. */
  timeSource: RideTimeSource | null;
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

export type GateView = {
  gate: string;
  line: string | null;
  scope: number;
  enrolledAtMs: number | null;
  lastSyncMs: number | null;
  trustSeen: number | null;
  denySeen: number | null;
  tariffSeen: number | null;
  /** When its deny list was last the latest. */
  denyAtS: number | null;
  /** How far it believes its lists. */
  listsStage: string | null;
  /** How far it has heard the operator's roots. */
  rootGeneration: number | null;
  rootNumber: number | null;
  rootFloor: number | null;
  epochs: readonly { epoch: string; lastSeq: number }[];
  gaps: readonly { epoch: string; fromSeq: number; toSeq: number }[];
  alarms: {
    conflicts: number;
    forks: number;
    unreadable: number;
    extraUses: number;
    fareUnknown: number;
    /** Codes under passes that were never given out: somebody may have the issuer's key. */
    notIssued: number;
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
  /** By the gate's clock, known or not. */
  atMs: number;
  /** When it was, and how that was found; null if nobody rode. */
  rideMs: number | null;
  rideMsSource: RideTimeSource | null;
  receivedAtMs: number;
  ruling: string;
  reason: string | null;
  /** How an opened tap has ended so far. */
  outcome: string | null;
  use: string | null;
};

/** What is looked for: all from a seq on that is parked, or what is or was at one; `hash`: only this of them. */
/** `seq` null: all of the epoch. */
export type EpochQuery = {
  gate: string;
  epoch: string;
  seq: number | null;
  hash: Uint8Array | null;
};
export type ParkedQuery = EpochQuery & { fromSeq: number; limit: number };

/** What was decided there before, and about how many. */
export type EarlierWord = { how: ResolutionHow; records: number };

export type ParkedView = {
  gate: string;
  epoch: string;
  seq: number;
  why: string;
  receivedAtMs: number;
  hash: string;
  /** The received record, base64: it need not be text. */
  lineBase64: string;
};

/** What a person has decided about a parked record. */
export type ResolutionView = {
  number: number;
  gate: string;
  epoch: string;
  seq: number;
  how: ResolutionHow;
  /** Why it was parked. */
  why: string;
  by: string;
  note: string;
  atMs: number;
  use: string | null;
  line: string | null;
  /** The loss; null: none. */
  fareCents: number | null;
};

export type TrialBalance = {
  rows: readonly { account: string; debitsCents: number; creditsCents: number }[];
  debitsCents: number;
  creditsCents: number;
};

export type MerchantView = { merchant: string; name: string; blockedAtMs: number | null };
export type MerchantByToken = MerchantView & { role: MerchantRole };

/** `tokenEndsAtMs`: of the token that ends last. */
export type OperatorRow = StoredOperator & { tokenEndsAtMs: number | null };

/** `status`: how it was answered; null if that is not known. */
export type ActView = Act & { status: number | null };
/** `failed` is work that is tried again; since when the oldest of it fails. */
/** `waitingSinceMs`: since when the oldest waits that has not failed; requests to publish do not count there. */
export type WorkCounts = {
  waiting: number;
  waitingSinceMs: number | null;
  failed: number;
  failedSinceMs: number | null;
};

/** How much waits here, for those who watch it from outside: what there is none of need not be named. */
export type Load = {
  /** Rows of the outbox. `oldestMs`: since when the oldest of a kind is there, whether it fails or not. */
  outbox: readonly {
    kind: string;
    waiting: number;
    failed: number;
    oldestMs: number;
    failedSinceMs: number | null;
  }[];
  /** Records that wait for a person. */
  parked: readonly { why: string; records: number }[];
  /** Taps that are judged again once more is known. */
  unjudged: number;
};

export type FailedWorkView = {
  id: number;
  kind: string;
  /** The use that can't be settled, or what else the work is about. */
  subject: string;
  /** How far it goes; of a use the record that it was found by. */
  lastRecord: number;
  reason: string;
  attempts: number;
  failedSinceMs: number;
  nextTryMs: number;
};
