/**
 * What each way to ride without paying costs at most, from the settings that bound it. Pure, so that
 * docs/risk.md can be held against it: nothing in that table is written by hand.
 */
import { type EnrolmentKind, type OfflineRules, offerPass, type PassLimits } from './standing.ts';

export type RiskRules = { pass: PassLimits; offline: OfflineRules };

/** The street that the losses are counted for. */
export type RiskScene = {
  /** Gates in reach that know nothing of each other and hear of no denial meanwhile. */
  gates: number;
  /** The dearest fare that these gates take. */
  fareCents: number;
  /** What the rider paid in. */
  walletCents: number;
  enrolledBy: EnrolmentKind;
  /** Until a gate hears that an account is denied. */
  denialS: number;
  /** Shortest time between two rides of one account at one gate; 0: none. */
  passbackS: number;
};

export type Risk = {
  /** Rides at one gate with the pass as it was issued. */
  ridesOfPass: number;
  /** One code that is copied: once at each gate. */
  copiedCodeCents: number;
  /** One pass, used up at every gate, less what its wallet pays. */
  onePassCents: number;
  /** The same with as many issues as may be good at a time. */
  allIssuesCents: number;
  /** A gate that hears of the denial: rides until then. */
  gateOnlineCents: number;
  /** A new account with nothing in its wallet. */
  freshAccountCents: number;
};

export function riskOf({ pass, offline }: RiskRules, scene: RiskScene): Risk {
  const { gates, fareCents, walletCents, enrolledBy, denialS, passbackS } = scene;
  const offer = (cents: number) =>
    offerPass({ walletCents: cents, debtCents: 0, enrolledBy }, { pass, offline });
  /** A fare above the ceiling opens nothing. */
  const ridesOf = ({ allowance, ceiling }: ReturnType<typeof offer>) =>
    fareCents > ceiling * 10 ** pass.ceilingExponent ? 0 : allowance;
  const lossOf = (rides: number) => Math.max(0, rides * fareCents - walletCents);
  const ridesOfPass = ridesOf(offer(walletCents));
  const fresh = ridesOf(offer(0));
  // The first ride, and one more each time that the passback time is over before the denial is here.
  const untilDenied = passbackS === 0 ? ridesOfPass : 1 + Math.floor(denialS / passbackS);
  return {
    ridesOfPass,
    // One ride of them is charged; the others are EXTRA_USE and nobody's.
    copiedCodeCents: ridesOfPass === 0 ? 0 : lossOf(1) + (gates - 1) * fareCents,
    onePassCents: lossOf(ridesOfPass * gates),
    allIssuesCents: lossOf(ridesOfPass * offline.issuesMax * gates),
    gateOnlineCents: lossOf(Math.min(ridesOfPass, untilDenied)),
    freshAccountCents: fresh * offline.issuesMax * gates * fareCents,
  };
}
