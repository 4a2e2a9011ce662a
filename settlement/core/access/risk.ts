/**
 * What each way to ride without paying costs at most, from the settings that bound it. Pure, so that
 * docs/risk.md can be held against it: nothing in that table is written by hand. That no play exceeds it is
 * tried against the real decisions in scripts/cheats.test.ts.
 */
import { type EnrolmentKind, type OfflineRules, offerPass, type PassLimits } from './standing.ts';

export type RiskRules = { pass: PassLimits; offline: OfflineRules };

/** The street that the losses are counted for. */
export type RiskScene = {
  /** Gates in reach that know nothing of each other. */
  gates: number;
  /** The dearest fare that these gates take. */
  fareCents: number;
  /** The most that was ever in the wallet. */
  walletCents: number;
  enrolledBy: EnrolmentKind;
  /** Until a gate with a network hears that an account is denied. */
  denialS: number;
  /** Shortest time between two rides of one account at one gate; 0: none. */
  passbackS: number;
  /** No gate knows the time, so it opens for a code that is too old, and nobody pays for such a ride. */
  isTimeless: boolean;
};

export type Risk = {
  /** Rides at one gate that settlement does not know of. */
  ridesOfPass: number;
  /** One code that is copied: once at each gate. */
  copiedCodeCents: number;
  /** All passes of the account, renewed as often as may be, used up at every gate, its wallet spent elsewhere. */
  mostCents: number;
  /** The same at gates that tell settlement of each ride at once and hear of the denial. */
  onlineCents: number;
  /** A new account with nothing in its wallet. */
  freshAccountCents: number;
};

export function riskOf({ pass, offline }: RiskRules, scene: RiskScene): Risk {
  const { gates, fareCents, walletCents, enrolledBy, denialS, passbackS, isTimeless } = scene;
  /** A fare above the ceiling opens nothing. */
  const ridesOf = (cents: number) => {
    const money = { walletCents: cents, debtCents: 0, pendingRides: 0, extraUses: 0 };
    const { allowance, ceiling } = offerPass({ ...money, enrolledBy }, { pass, offline });
    return fareCents > ceiling * 10 ** pass.ceilingExponent ? 0 : allowance;
  };
  const ridesOfPass = ridesOf(walletCents);
  const unpaidCents = (rides: number) => rides * gates * fareCents;
  // The first ride that is not paid for, and one more each time that the passback time is over before the denial.
  const untilDenied = passbackS === 0 ? ridesOfPass : 1 + Math.floor(denialS / passbackS);
  // One ride of a copied code is charged, and paid from a wallet that has not been spent; of an old code none is.
  const paidCents = isTimeless ? 0 : Math.min(walletCents, fareCents);
  return {
    ridesOfPass,
    copiedCodeCents: ridesOfPass === 0 ? 0 : unpaidCents(1) - paidCents,
    mostCents: unpaidCents(ridesOfPass),
    // What nobody is charged for makes no debt, and so no denial.
    onlineCents: unpaidCents(isTimeless ? ridesOfPass : Math.min(ridesOfPass, untilDenied)),
    freshAccountCents: unpaidCents(ridesOf(0)),
  };
}
