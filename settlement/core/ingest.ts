/**
 * What settlement answers to each record of a batch, and which of them claim a fare. A pure function
 * of the checked records and of facts that were looked up for them; it neither charges nor stores.
 * The reasons are tried in the order in which they stand in `ruleOpened`; the first one counts.
 */
import type { Ruling, RulingReason } from '@stile/protocol/sync.ts';
import type { TariffLine, TrustList } from '@stile/protocol/trust-list.ts';
import { type Claim, isEarlier } from './charge.ts';
import type { Checked, CheckedCode, CheckedTap } from './check.ts';
import { askKey, readAskKey, useKey } from './code-use.ts';
import { fareOfTap, type GateLine } from './tariff.ts';

export type Limits = TrustList['limits'];

export type RecordId = { gate: string; epoch: string; seq: number };

/** What was looked up for the records of one batch. */
export type IngestFacts = {
  /** Limits by the trust list version in force at the gate; the latest where it names none. */
  limits: ReadonlyMap<number, Limits>;
  limitsNow: Limits;
  /** Passes that were enrolled here, as `account/serial`. */
  passes: ReadonlySet<string>;
  /** Taps (by seq) that the gate's own deny list should have refused. */
  deniedAtGate: ReadonlySet<number>;
  /** Earlier taps of the code uses in the batch. */
  claims: ReadonlyMap<string, readonly EarlierClaim[]>;
  /** Uses of earlier taps, asks and answers of this log that a record of the batch is about, by seq. */
  usesBySeq: ReadonlyMap<number, string>;
  postings: readonly GateLine[];
  tariff: readonly TariffLine[];
};

export type EarlierClaim = Pick<Claim, 'gate' | 'epoch' | 'seq' | 'atMs' | 'voided'>;

export type Ruled = {
  seq: number;
  checked: Checked;
  ruling: Ruling;
  reason: RulingReason | null;
  /** The code use that this record claims, or null: no money can come of it. */
  use: string | null;
};

type Answer = Pick<Ruled, 'ruling' | 'reason' | 'use'>;

const ACCEPTED: Answer = { ruling: 'accepted', reason: null, use: null };

/** Rules on the records that continue the log, in their order. */
export function ruleRecords(
  log: { gate: string; epoch: string },
  records: readonly { seq: number; checked: Checked }[],
  facts: IngestFacts,
): readonly Ruled[] {
  const claims = new Map<string, EarlierClaim[]>();
  for (const [use, earlier] of facts.claims) claims.set(use, [...earlier]);
  const usesBySeq = new Map(facts.usesBySeq);
  return records.map(({ seq, checked }) => {
    const answer = ruleOne({ ...log, seq }, checked, facts, claims, usesBySeq);
    const ofUse = claims.get(answer.use ?? '') ?? [];
    if (answer.use !== null && checked.kind === 'tap') {
      claims.set(answer.use, [...ofUse, { ...log, seq, atMs: checked.atMs, voided: false }]);
      usesBySeq.set(seq, answer.use);
    } else if (answer.use !== null && (checked.kind === 'ask' || checked.kind === 'answer')) {
      usesBySeq.set(seq, answer.use);
    } else if (answer.use !== null && checked.kind === 'void') {
      const isIt = (claim: EarlierClaim) =>
        claim.gate === log.gate && claim.epoch === log.epoch && claim.seq === checked.of;
      claims.set(
        answer.use,
        ofUse.map((claim) => (isIt(claim) ? { ...claim, voided: true } : claim)),
      );
    }
    return { seq, checked, ...answer };
  });
}

function ruleOne(
  id: RecordId,
  checked: Checked,
  facts: IngestFacts,
  claims: ReadonlyMap<string, readonly EarlierClaim[]>,
  usesBySeq: ReadonlyMap<number, string>,
): Answer {
  if (checked.kind === 'unreadable') return { ruling: 'parked', reason: 'UNREADABLE', use: null };
  if (checked.kind === 'ask') return { ...ACCEPTED, use: askKey(id.gate, checked.id) };
  if (checked.kind === 'void') return { ...ACCEPTED, use: usesBySeq.get(checked.of) ?? null };
  if (checked.kind === 'answer') {
    const use = usesBySeq.get(checked.of);
    const isOfAsk = use !== undefined && readAskKey(use) !== undefined;
    return isOfAsk ? { ...ACCEPTED, use } : rejected('ASK_UNKNOWN');
  }
  if (checked.kind === 'note' || checked.verdict === 'refuse') return ACCEPTED;
  if (checked.problem !== null) return rejected(checked.problem);
  return ruleOpened(id, checked, checked.code, facts, claims);
}

function ruleOpened(
  id: RecordId,
  tap: CheckedTap,
  code: CheckedCode,
  facts: IngestFacts,
  claims: ReadonlyMap<string, readonly EarlierClaim[]>,
): Answer {
  const limits = facts.limits.get(tap.trust) ?? facts.limitsNow;
  if (tap.clock !== 'UNKNOWN' && isStale(code, Math.floor(tap.atMs / 1000), limits)) {
    return rejected('STALE_CODE');
  }
  if (facts.deniedAtGate.has(id.seq)) return rejected('DENIED_AT_GATE');
  if (!facts.passes.has(`${code.account}/${code.serial}`)) {
    return { ruling: 'parked', reason: 'ACCOUNT_UNKNOWN', use: null };
  }
  const use = useKey(code);
  const here = { ...id, atMs: tap.atMs };
  const others = (claims.get(use) ?? []).filter(({ voided }) => !voided);
  if (others.some((other) => isEarlier(other, here))) return { ...rejected('EXTRA_USE'), use };
  const fareCents = fareOfTap(tap, { gateLines: facts.postings, lineFares: facts.tariff });
  if (fareCents === undefined) return { ruling: 'parked', reason: 'FARE_UNKNOWN', use };
  return { ...ACCEPTED, use };
}

function rejected(reason: RulingReason): Answer {
  return { ruling: 'rejected', reason, use: null };
}

/** Whether pass or code were outside their time; both ends are inside, as at the gate. */
function isStale(code: CheckedCode, tapS: number, limits: Limits): boolean {
  const { issuedAtS, lifetimeMin, generatedAtS } = code;
  const codeLifetimeS = Math.min(code.codeLifetimeS, limits.codeLifetimeSMax);
  return (
    tapS + limits.skewS < issuedAtS ||
    tapS > issuedAtS + lifetimeMin * 60 ||
    tapS > generatedAtS + codeLifetimeS ||
    generatedAtS > tapS + limits.skewS
  );
}
