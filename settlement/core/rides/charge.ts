/**
 * What one use of a code costs, and the life of that charge. A charge belongs to the code use, not to
 * a tap: of all taps that opened for it the earliest carries it, whichever arrives first. States are
 * written as events and never overwritten: POSTED, the fare is known · VERIFYING, the account is
 * looked at · WITHHELD, paid · DEBT, something is owed · RECOVERED, a debt was paid later · REPRICED,
 * fare or line moved, the difference follows · REFUNDED, no tap carries it any more.
 */
import type { ChargeChange } from '../money/rider-money.ts';

export const CHARGE_STATES = [
  'POSTED',
  'VERIFYING',
  'WITHHELD',
  'DEBT',
  'RECOVERED',
  'REPRICED',
  'REFUNDED',
] as const;
export type ChargeState = (typeof CHARGE_STATES)[number];

/** Every edge there is. Money is withheld or owed only directly behind VERIFYING. */
export const CHARGE_GRAPH: Readonly<Record<ChargeState, readonly ChargeState[]>> = {
  POSTED: ['VERIFYING'],
  VERIFYING: ['WITHHELD', 'DEBT'],
  WITHHELD: ['REPRICED', 'REFUNDED'],
  DEBT: ['RECOVERED', 'REPRICED', 'REFUNDED'],
  RECOVERED: ['REPRICED', 'REFUNDED'],
  REPRICED: ['VERIFYING'],
  REFUNDED: ['POSTED'],
};

/** An opened tap whose code was found good: it claims that its code was used here. */
export type Claim = {
  record: number;
  gate: string;
  epoch: string;
  seq: number;
  /** When it happened. */
  atMs: number;
  /** By the gate's clock; else by what bounds it (ride-time.ts). */
  isClockKnown: boolean;
  line: string;
  /** Undefined if no fare is in force for this tap; that is not zero. */
  fareCents: number | undefined;
  /** A later record of the same gate took the tap back. */
  voided: boolean;
  /** Its code was good at no instant at which the ride can have been. */
  isStale: boolean;
};

/** How an opened tap has ended so far. */
export type Disposition =
  | 'CHARGED'
  | 'EXTRA_USE'
  | 'VOIDED'
  | 'STALE_CODE'
  | 'FARE_UNKNOWN'
  | 'WRITTEN_OFF';

export type Charge = {
  use: string;
  rev: number;
  record: number;
  line: string;
  fareCents: number;
  state: ChargeState;
  riddenAtMs: number;
};

/** Why nothing is charged: the ride did not happen, its code was too old, or its fare is not known. */
export type RefundReason = 'BARRIER_FAILED' | 'STALE_CODE' | 'FARE_UNKNOWN';

export type UseDecision = {
  dispositions: ReadonlyMap<number, Disposition>;
  /** Null if the charge already is what it must be. */
  change: (ChargeChange & { carrier: Claim | null; reason: RefundReason | null }) | null;
};

/** `isWrittenOff`: a person has said that nobody pays for it, and that is the end of it. */
export type UseClaims = {
  claims: readonly Claim[];
  charge: Charge | null;
  isWrittenOff: boolean;
};

/** Decides from all taps of one code use what its charge must be, and what to change for it. */
export function decideUse(use: string, { claims, charge, isWrittenOff }: UseClaims): UseDecision {
  const carrier = findCarrier(claims);
  const dispositions = new Map<number, Disposition>();
  for (const claim of claims) {
    const isLoss = isWrittenOff && claim === carrier;
    dispositions.set(claim.record, isLoss ? 'WRITTEN_OFF' : dispositionOf(claim, carrier));
  }
  if (isWrittenOff) return { dispositions, change: null };
  const isCharged = charge !== null && charge.state !== 'REFUNDED';
  const before = isCharged ? { line: charge.line, fareCents: charge.fareCents } : null;
  const after =
    carrier?.fareCents === undefined ? null : { line: carrier.line, fareCents: carrier.fareCents };
  if (before === null && after === null) return { dispositions, change: null };
  const isSame =
    before?.line === after?.line &&
    before?.fareCents === after?.fareCents &&
    charge?.record === carrier?.record &&
    charge?.riddenAtMs === carrier?.atMs;
  if (isSame) return { dispositions, change: null };
  const rev = (charge?.rev ?? 0) + 1;
  if (after === null || carrier === undefined) {
    const reason = carrier === undefined ? whyNone(claims) : 'FARE_UNKNOWN';
    return { dispositions, change: { use, rev, before, after: null, carrier: null, reason } };
  }
  return { dispositions, change: { use, rev, before, after, carrier, reason: null } };
}

function whyNone(claims: readonly Claim[]): RefundReason {
  return claims.some(({ voided, isStale }) => isStale && !voided) ? 'STALE_CODE' : 'BARRIER_FAILED';
}

/** The earliest tap that counts. */
export function findCarrier(claims: readonly Claim[]): Claim | undefined {
  let first: Claim | undefined;
  for (const claim of claims) {
    if (!claim.voided && !claim.isStale && (first === undefined || isEarlier(claim, first)))
      first = claim;
  }
  return first;
}

type ClaimOrder = Pick<Claim, 'isClockKnown' | 'atMs' | 'gate' | 'epoch' | 'seq'>;

/**
 * By (clock known, time, gate, epoch, seq): total, and the same whatever arrived first. What a gate without a
 * clock says never takes over what a gate with one has said.
 */
export function isEarlier(a: ClaimOrder, b: ClaimOrder): boolean {
  if (a.isClockKnown !== b.isClockKnown) return a.isClockKnown;
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.gate !== b.gate) return a.gate < b.gate;
  return a.epoch !== b.epoch ? a.epoch < b.epoch : a.seq < b.seq;
}

function dispositionOf(claim: Claim, carrier: Claim | undefined): Disposition {
  if (claim.voided) return 'VOIDED';
  if (claim.isStale) return 'STALE_CODE';
  if (claim !== carrier) return 'EXTRA_USE';
  return claim.fareCents === undefined ? 'FARE_UNKNOWN' : 'CHARGED';
}

/** The states that a change walks through; the last one is where the charge then stands. */
export function statesOf(
  change: Pick<ChargeChange, 'before' | 'after'>,
  owedCents: number,
): readonly ChargeState[] {
  if (change.after === null) return ['REFUNDED'];
  return [change.before === null ? 'POSTED' : 'REPRICED', 'VERIFYING', verified(owedCents)];
}

/** The account's verdict: good for the whole fare, or something stays owed. */
function verified(owedCents: number): ChargeState {
  return owedCents === 0 ? 'WITHHELD' : 'DEBT';
}
