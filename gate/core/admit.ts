/**
 * Whether one code opens this gate. A pure function of the code as read, the facts that were looked
 * up for it, the rules in force and the time. The order of the checks is the order of REASONS: cheap
 * before dear, the first that applies is the verdict (protocol/README.md §6).
 */

import type { Reason, Verdict } from '@stile/protocol/reasons.ts';
import {
  deviceSignatureHolds,
  issuerSignatureHolds,
  type Verify,
} from '@stile/protocol/signature.ts';
import type { Now } from '@stile/protocol/time.ts';
import type { Pass, TransitCode } from '@stile/protocol/transit-code.ts';
import { ceilingCentsOf, type IssuerKey } from '@stile/protocol/trust-list.ts';
import { type ListsRules, refuseOldLists } from './lists-age.ts';

export type ClockState = 'TRUSTED' | 'HOLDOVER' | 'UNKNOWN';

/** What holds for every presentation until a list or the configuration changes. */
export type Rules = ListsRules & {
  line: string;
  /** Undefined if the tariff does not know the line: then no ceiling can be judged here. */
  fareCents: number | undefined;
  scopes: readonly number[];
  /** Null: every product. */
  products: readonly number[] | null;
  codeLifetimeSMax: number;
  skewS: number;
  /** 0: no passback rule. */
  passbackS: number;
  onClockUnknown: 'refuse' | 'admit';
  trustVersion: number;
  denyVersion: number;
  tariffVersion: number;
};

/** An opening for an account; settlement had it at this time of its own clock, or null: that is not known here. */
export type Opening = { acknowledgedAtS: number | null };

/** What was looked up for this code before deciding. */
export type Facts = {
  issuerKey: (IssuerKey & { publicKeyBytes: Uint8Array }) | undefined;
  denied: boolean;
  /** When the deny list was last known to be the latest; 0: never. */
  denyAtS: number;
  /** Highest counter this gate has opened for with this pass. */
  counterMax: number | undefined;
  /** The latest for this account, as many as the greatest allowance is. */
  openings: readonly Opening[];
  /** When this account last opened this gate. `monoMs` only if it was in this boot. */
  lastOpen: { wallMs: number; monoMs: number | undefined } | undefined;
  clock: ClockState;
  /** Highest time that an issuer or the operator has signed and this gate has seen. */
  signedTimeS: number;
  barrierConnected: boolean;
};

const OPEN: Verdict = { verdict: 'open' };

export function admit(
  code: TransitCode,
  facts: Facts,
  { rules, now, verify }: { rules: Rules; now: Now; verify: Verify },
): Verdict {
  const reason =
    refuseKeyOrTime(code, facts, { rules, wallS: Math.floor(now.wallMs / 1000) }) ??
    refuseUse(code, facts, { rules, now }) ??
    refuseSignatures(code, facts, { verify }) ??
    (facts.barrierConnected ? undefined : 'OUT_OF_ORDER');
  return reason === undefined ? OPEN : { verdict: 'refuse', reason };
}

function refuseKeyOrTime(
  code: TransitCode,
  facts: Facts,
  { rules, wallS }: { rules: Rules; wallS: number },
): Reason | undefined {
  const { pass, generatedAtS } = code;
  const key = facts.issuerKey;
  if (key === undefined) return 'KEY_UNKNOWN';
  const unknownClock = facts.clock === 'UNKNOWN';
  // A gate that lost the time takes the code's own time, which must not lie before the last signed one.
  const nowS = unknownClock ? Math.max(generatedAtS, facts.signedTimeS) : wallS;
  if (key.status === 'revoked' || isOutside(nowS, key) || isOutside(pass.issuedAtS, key)) {
    return 'KEY_EXPIRED';
  }
  if (unknownClock && rules.onClockUnknown === 'refuse') return 'CLOCK_UNKNOWN';
  return (
    refuseTime(code, { rules, nowS }) ??
    refuseOldLists({ denyAtS: facts.denyAtS, nowS, issuedAtS: pass.issuedAtS }, rules)
  );
}

function refuseTime(
  { pass, generatedAtS }: TransitCode,
  { rules, nowS }: { rules: Rules; nowS: number },
): Reason | undefined {
  if (nowS + rules.skewS < pass.issuedAtS) return 'PASS_NOT_YET_VALID';
  if (nowS > pass.issuedAtS + pass.lifetimeMin * 60) return 'PASS_EXPIRED';
  const codeLifetimeS = Math.min(pass.codeLifetimeS, rules.codeLifetimeSMax);
  if (nowS > generatedAtS + codeLifetimeS) return 'CODE_EXPIRED';
  return generatedAtS > nowS + rules.skewS ? 'CODE_FROM_FUTURE' : undefined;
}

function isOutside(atS: number, key: IssuerKey): boolean {
  return atS < key.notBeforeS || atS > key.notAfterS;
}

function refuseUse(
  code: TransitCode,
  facts: Facts,
  { rules, now }: { rules: Rules; now: Now },
): Reason | undefined {
  const { pass } = code;
  if (!rules.scopes.includes(pass.scope)) return 'WRONG_SCOPE';
  if (rules.products !== null && !rules.products.includes(pass.product)) {
    return 'UNSUPPORTED_PRODUCT';
  }
  if (facts.denied) return 'DENIED';
  if (facts.counterMax !== undefined && code.counter <= facts.counterMax) return 'REPLAY';
  if (countOpenings(pass, facts.openings) >= pass.allowance) return 'ALLOWANCE_USED';
  if (isPassback(facts, { rules, now })) return 'PASSBACK';
  const ceilingCents = ceilingCentsOf(pass, facts.issuerKey ?? { ceilingExponent: 0 });
  const overCeiling = rules.fareCents !== undefined && rules.fareCents > ceilingCents;
  return overCeiling ? 'OVER_CEILING' : undefined;
}

/**
 * Openings that count against the allowance of this pass: those that settlement did not have when it gave the pass.
 * What it had, it has taken into account. So no number of issues gives more than one allowance on trust.
 */
export function countOpenings(
  { issuedAtS }: Pick<Pass, 'issuedAtS'>,
  openings: readonly Opening[],
): number {
  return openings.filter(
    ({ acknowledgedAtS }) => acknowledgedAtS === null || acknowledgedAtS >= issuedAtS,
  ).length;
}

/** Elapsed time is monotonic within a boot; across boots a clock set back counts as no time. */
function isPassback(facts: Facts, { rules, now }: { rules: Rules; now: Now }): boolean {
  if (rules.passbackS === 0 || facts.lastOpen === undefined) return false;
  const { wallMs, monoMs } = facts.lastOpen;
  if (monoMs !== undefined) return now.monoMs - monoMs < rules.passbackS * 1000;
  // After a restart a wall clock that runs behind the last ride proves nothing: never lock out.
  const elapsedMs = now.wallMs - wallMs;
  return elapsedMs >= 0 && elapsedMs < rules.passbackS * 1000;
}

function refuseSignatures(
  code: TransitCode,
  facts: Facts,
  { verify }: { verify: Verify },
): Reason | undefined {
  const issuerKey = facts.issuerKey?.publicKeyBytes;
  if (issuerKey === undefined || !issuerSignatureHolds(verify, { issuerKey, pass: code })) {
    return 'BAD_ISSUER_SIGNATURE';
  }
  return deviceSignatureHolds(verify, code) ? undefined : 'BAD_DEVICE_SIGNATURE';
}
