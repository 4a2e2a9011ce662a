/**
 * What a pass may stand for: how long it is good, up to which fare, and for how many rides at a gate that cannot
 * ask. It follows what stands behind the account: its wallet, and what the operator lends to accounts of its
 * kind, less what is owed. Nothing behind it: no offline rides. Pure.
 */

/** How an account came to be; `open`: whoever asked. */
export const ENROLMENT_KINDS = ['open', 'invite', 'deposit', 'verified'] as const;
export type EnrolmentKind = (typeof ENROLMENT_KINDS)[number];

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
  /** Issues of one account's passes that have not ended, beyond which none is made. */
  issuesMax: number;
};

export type Standing = {
  walletCents: number;
  debtCents: number;
  enrolledBy: EnrolmentKind;
};

export type PassOffer = Pick<PassLimits, 'lifetimeMin' | 'ceiling' | 'allowance'> & {
  /** Why there are no offline rides; null if there are some. */
  reason: OfflineReason | null;
};
export type OfflineReason = 'NOTHING_BEHIND';

export function offerPass(
  { walletCents, debtCents, enrolledBy }: Standing,
  { pass, offline }: { pass: PassLimits; offline: OfflineRules },
): PassOffer {
  const behindCents = Math.max(0, walletCents + offline.creditCents[enrolledBy] - debtCents);
  const rides = Math.floor(behindCents / offline.rideCents);
  const allowance = Math.min(pass.allowance, rides);
  const isWhole = allowance === pass.allowance;
  return {
    lifetimeMin: isWhole ? pass.lifetimeMin : Math.min(pass.lifetimeMin, offline.shortLifetimeMin),
    ceiling: Math.min(pass.ceiling, Math.floor(behindCents / 10 ** pass.ceilingExponent)),
    allowance,
    reason: allowance === 0 ? 'NOTHING_BEHIND' : null,
  };
}

/** Whether another issue may be made while so many of the account's have not ended. */
export function mayIssue(
  openIssues: number,
  { issuesMax }: Pick<OfflineRules, 'issuesMax'>,
): boolean {
  return openIssues < issuesMax;
}
