/** A record that is parked: why, what a person can do about it, and which ride its bytes claim. */
import { type LogRecord, readRecord } from '@stile/protocol/gate-log.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';
import type { PassIssue } from '../access/rider-changes.ts';
import type { Change } from '../changes.ts';
import type { RecordContent } from '../logs/check-record.ts';
import { useKey } from '../logs/code-use.ts';
import type { ClockQuality } from '../rides/tariff.ts';
import type { ResolutionHow, Subject } from './resolution-changes.ts';

const BESIDE_LOG: readonly ResolutionHow[] = ['REPLAY', 'ADOPT', 'WRITE_OFF'];

/** Every reason why a record is parked, and what is offered for it. */
const OFFERS = {
  GAP: BESIDE_LOG,
  FORK: BESIDE_LOG,
  OTHER_BYTES: BESIDE_LOG,
  KEY_UNKNOWN: ['REPLAY', 'WRITE_OFF'],
  KEY_EXPIRED: ['REPLAY', 'WRITE_OFF'],
  ACCOUNT_UNKNOWN: ['REPLAY', 'ACCEPT', 'WRITE_OFF'],
  PASS_NOT_ISSUED: ['REPLAY', 'ACCEPT', 'WRITE_OFF'],
  FARE_UNKNOWN: ['REPLAY', 'WRITE_OFF'],
  UNREADABLE: ['WRITE_OFF'],
} as const satisfies Record<string, readonly ResolutionHow[]>;

export type ParkedWhy = keyof typeof OFFERS;
export const PARKED_WHYS = Object.keys(OFFERS) as readonly ParkedWhy[];

/** None: it is not parked. */
export function offersOf(why: string): readonly ResolutionHow[] {
  return (OFFERS as Partial<Record<string, readonly ResolutionHow[]>>)[why] ?? [];
}

/**
 * NOT_OFFERED: not for this reason. EARLIER_FIRST: the record before it in the chain is parked too. PASS_NOT_SAFE:
 * nothing proves that the account is the rider's.
 */
export const RESOLVE_REFUSALS = [
  'NOT_PARKED',
  'RESOLVED_OTHERWISE',
  'NOT_OFFERED',
  'EARLIER_FIRST',
  'PASS_NOT_SAFE',
] as const;
export type ResolveRefusal = (typeof RESOLVE_REFUSALS)[number];

/** What follows, or why not. */
export type Effect =
  | { ok: true; changes: readonly Change[] }
  | { ok: false; reason: ResolveRefusal };

export type ParkedRecord = {
  subject: Subject;
  epochId: number;
  gate: string;
  epoch: string;
  seq: number;
  batchId: number;
  bytes: Uint8Array;
  /** Chain hash before it; of a record in its log none is needed. */
  prev: Uint8Array | null;
  hash: Uint8Array;
  receivedAtMs: number;
  /** Why it is parked, or how it has ended. */
  why: string;
  content: RecordContent;
  /** When the ride was and what its pass stands for, as far as that was found when it came. */
  rideMs: number | null;
  ceilingCents: number | null;
  /** Its gate took it back. */
  isVoided: boolean;
  /** What was decided about it before. */
  before: readonly ResolutionHow[];
};

/** As it is stored; `content` null: to be checked anew from the bytes. */
export type StoredParked = Omit<ParkedRecord, 'content'> & { content: RecordContent | null };

/** An opened tap as its bytes have it, whether or not its code is genuine. */
export type ClaimedRide = {
  use: string;
  line: string;
  atMs: number;
  clock: ClockQuality;
  generatedAtS: number;
  /** As it would stand among those that were given out. */
  pass: PassIssue;
};

/** Null: nobody was let in by this record. */
export function claimedRideOf(logRecord: LogRecord): ClaimedRide | null {
  const reading = readRecord(logRecord);
  if (!reading.ok || reading.record.kind !== 'tap' || reading.record.verdict !== 'open')
    return null;
  const { line, atMs, clock, scan } = reading.record;
  const code = scan === null ? undefined : readTransitCode(scan);
  if (!code?.ok) return null;
  const { pass, counter, generatedAtS } = code.value;
  const { issuer, issuerKeyId: keyId, account, serial, issuedAtS, lifetimeMin } = pass;
  const use = useKey({ issuer, account, serial, counter, generatedAtS });
  const issue = { issuer, keyId, issuedAtS, expiresAtS: issuedAtS + lifetimeMin * 60 };
  return { use, line, atMs, clock, generatedAtS, pass: issue };
}

/** What says when it was: what was found when it came, a clock that was known, or the phone within its receipt. */
export function rideMsOf(
  { atMs, clock, generatedAtS }: ClaimedRide,
  { rideMs, receivedAtMs }: Pick<ParkedRecord, 'rideMs' | 'receivedAtMs'>,
): number {
  if (rideMs !== null) return rideMs;
  return clock === 'UNKNOWN' ? Math.min(generatedAtS * 1000, receivedAtMs) : atMs;
}
