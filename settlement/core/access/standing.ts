/**
 * What a pass may stand for: how long it is good, up to which fare, and for how many rides at a gate that cannot
 * ask. It follows what stands behind the account: its wallet, and what the operator lends to accounts of its
 * kind, less what is owed. Nothing behind it: no offline rides. A gate counts against a pass what settlement did not
 * have when it gave it, so every ride that it had and that nobody has paid for counts here. Pure.
 */

/** How an account came to be; `open`: whoever asked. */
export const ENROLMENT_KINDS = ['open', 'invite', 'deposit', 'verified'] as const;
export type EnrolmentKind = (typeof ENROLMENT_KINDS)[number];

/**
 * So many passes without rides may be good beside those with rides, of one phone: it asks for one when it has lost a
 * response. Each is a row for good.
 */
const RIDELESS_ISSUES_MAX = 8;

/** From the least to the most that is known of a rider. */
export function isKindEnough(kind: EnrolmentKind, { least }: { least: EnrolmentKind }): boolean {
  return ENROLMENT_KINDS.indexOf(kind) >= ENROLMENT_KINDS.indexOf(least);
}

/** What no pass exceeds, whatever stands behind it. The ceiling is in minor units × 10^ceilingExponent. */
export type PassLimits = {
  lifetimeMin: number;
  ceiling: number;
  ceilingExponent: number;
  allowance: number;
};

export type OfflineRules = {
  /** What one ride counts as when rides are bought with what stands behind an account. */
  rideCents: number;
  /** What the operator stands for besides the wallet, for each kind of account. */
  creditCents: Readonly<Record<EnrolmentKind, number>>;
  /** Life of a pass whose allowance is not the whole one. */
  shortLifetimeMin: number;
  /** Issues of one phone's pass that are good, beyond which none with rides is made; and phones that have one. */
  issuesMax: number;
};

export type Standing = {
  walletCents: number;
  debtCents: number;
  enrolledBy: EnrolmentKind;
  /** Rides that gates have told of and that are not charged yet. */
  pendingRides: number;
  /** Rides that nobody pays for: with codes that had opened another gate already, or were too old. */
  extraUses: number;
};

/** So long rides that nobody pays for count against the passes of an account. */
export const EXTRA_USE_MS = 30 * 24 * 3_600_000;

/** Of the times at which extra uses came in, those that count. */
export function countExtraUses(atMs: readonly number[], nowMs: number): number {
  return atMs.filter((one) => nowMs - one < EXTRA_USE_MS).length;
}

export type PassOffer = Pick<PassLimits, 'lifetimeMin' | 'ceiling' | 'allowance'> & {
  /** Why there are no offline rides; null if there are some. */
  reason: OfflineReason | null;
};
export type OfflineReason = 'NOTHING_BEHIND' | 'CODES_COPIED';

export function offerPass(
  { walletCents, debtCents, enrolledBy, pendingRides, extraUses }: Standing,
  { pass, offline }: { pass: PassLimits; offline: OfflineRules },
): PassOffer {
  const { rideCents, creditCents } = offline;
  const behindCents = Math.max(0, walletCents + creditCents[enrolledBy] - debtCents);
  const rides = Math.min(pass.allowance, Math.floor(behindCents / rideCents)) - pendingRides;
  const allowance = Math.max(0, rides - extraUses);
  const isWhole = allowance === pass.allowance;
  return {
    lifetimeMin: isWhole ? pass.lifetimeMin : Math.min(pass.lifetimeMin, offline.shortLifetimeMin),
    ceiling: Math.min(pass.ceiling, Math.floor(behindCents / 10 ** pass.ceilingExponent)),
    allowance,
    reason: reasonOf({ rides, allowance }),
  };
}

function reasonOf(of: { rides: number; allowance: number }): OfflineReason | null {
  if (of.rides <= 0) return 'NOTHING_BEHIND';
  return of.allowance === 0 ? 'CODES_COPIED' : null;
}

/** Whether another issue may be made while so many of the phone's are good, or with rides for another phone. */
export function mayIssue(
  openIssues: number,
  { issuesMax, hasRides }: Pick<OfflineRules, 'issuesMax'> & { hasRides: boolean },
): boolean {
  return openIssues < (hasRides ? issuesMax : issuesMax + RIDELESS_ISSUES_MAX);
}
