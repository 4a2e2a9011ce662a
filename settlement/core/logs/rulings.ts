/**
 * What a batch reply says of each record, and which of them claim a fare. A pure function
 * of the checked records and of facts that were looked up for them; it neither charges nor stores.
 * Reasons are tried in the order in which they stand in `#ruleOpened`; the first one counts.
 */
import type { Ruling, RulingReason } from '@stile/protocol/sync.ts';
import type { LineFare, TrustList } from '@stile/protocol/trust-list.ts';
import { type Claim, isEarlier } from '../rides/charge.ts';
import { fareOfTap, type GateLine } from '../rides/tariff.ts';
import type { CheckedCode, CheckedTap, RecordContent } from './check-record.ts';
import { authorisationKey, readAuthorisationKey, useKey } from './code-use.ts';

export type Limits = TrustList['limits'];

/** What was looked up for the records of one batch. */
export type RulingFacts = {
  /** Limits by the trust list version in force at the gate. */
  limits: ReadonlyMap<number, Limits>;
  /** The passes that taps (by seq) name, if they were enrolled here. */
  passes: ReadonlyMap<number, KnownPass>;
  /** Taps (by seq) that the gate's own deny list should have refused. */
  deniedAtGate: ReadonlySet<number>;
  /** Taps (by seq) under an issuer key that the gate's own trust list had revoked. */
  revokedAtGate: ReadonlySet<number>;
  /** Earlier taps of the code uses in the batch. */
  claims: ReadonlyMap<string, readonly EarlierClaim[]>;
  /** Uses of earlier taps, authorisations and answers of this log that a record of the batch is about, by seq. */
  usesBySeq: ReadonlyMap<number, string>;
  gateLines: readonly GateLine[];
  lineFares: readonly LineFare[];
};

export type KnownPass = {
  /** The key that was enrolled for it, hex. */
  deviceKey: string;
  /** Whether exactly this pass was given out: by that key, at that time, for so long. */
  isIssued: boolean;
};

export type EarlierClaim = Pick<Claim, 'gate' | 'epoch' | 'seq' | 'atMs' | 'voided'>;

export type RuledRecord = {
  seq: number;
  content: RecordContent;
  ruling: Ruling;
  reason: RulingReason | null;
  /** The code use that this record claims, or null: no money can come of it. */
  use: string | null;
};

type RulingResult = Pick<RuledRecord, 'ruling' | 'reason' | 'use'>;

const ACCEPTED: RulingResult = { ruling: 'accepted', reason: null, use: null };

export type RulingContext = {
  facts: RulingFacts;
  /** For taps that name no trust list version that was published here. */
  limitsNow: Limits;
};

/** Rules on the records that continue the log, in their order. */
export function ruleRecords(
  log: { gate: string; epoch: string; records: readonly { seq: number; content: RecordContent }[] },
  context: RulingContext,
): readonly RuledRecord[] {
  const rules = new Rules(log, context);
  return log.records.map(({ seq, content }) => rules.rule(seq, content));
}

/** Claims and uses as the records before have left them. */
class Rules {
  readonly #log: { gate: string; epoch: string };
  readonly #context: RulingContext;
  readonly #claims = new Map<string, EarlierClaim[]>();
  readonly #usesBySeq: Map<number, string>;

  constructor(log: { gate: string; epoch: string }, context: RulingContext) {
    const { gate, epoch } = log;
    this.#log = { gate, epoch };
    this.#context = context;
    for (const [use, earlier] of context.facts.claims) this.#claims.set(use, [...earlier]);
    this.#usesBySeq = new Map(context.facts.usesBySeq);
  }

  rule(seq: number, content: RecordContent): RuledRecord {
    const ruled = this.#ruleOne(seq, content);
    if (ruled.use !== null) this.#remember(ruled.use, { seq, content });
    return { seq, content, ...ruled };
  }

  #remember(use: string, { seq, content }: { seq: number; content: RecordContent }): void {
    const { gate, epoch } = this.#log;
    const ofUse = this.#claims.get(use) ?? [];
    if (content.kind === 'tap') {
      const claim = { gate, epoch, seq, atMs: content.atMs, voided: false };
      this.#claims.set(use, [...ofUse, claim]);
    }
    if (content.kind === 'void') {
      const isIt = (claim: EarlierClaim) =>
        claim.gate === gate && claim.epoch === epoch && claim.seq === content.of;
      const voided = ofUse.map((claim) => (isIt(claim) ? { ...claim, voided: true } : claim));
      this.#claims.set(use, voided);
      return;
    }
    this.#usesBySeq.set(seq, use);
  }

  #ruleOne(seq: number, content: RecordContent): RulingResult {
    switch (content.kind) {
      case 'unreadable':
        return { ruling: 'parked', reason: 'UNREADABLE', use: null };
      case 'ask':
        return { ...ACCEPTED, use: authorisationKey(this.#log.gate, content.id) };
      case 'void':
        return { ...ACCEPTED, use: this.#usesBySeq.get(content.of) ?? null };
      case 'answer': {
        const use = this.#usesBySeq.get(content.of);
        const isOfAuthorisation = use !== undefined && readAuthorisationKey(use) !== undefined;
        return isOfAuthorisation ? { ...ACCEPTED, use } : rejected('ASK_UNKNOWN');
      }
      case 'note':
        return ACCEPTED;
      case 'tap':
        if (content.verdict === 'refuse') return ACCEPTED;
        if (content.problem !== null) return rejected(content.problem);
        return this.#ruleOpened(seq, { tap: content, code: content.code });
    }
  }

  #ruleOpened(seq: number, { tap, code }: { tap: CheckedTap; code: CheckedCode }): RulingResult {
    const { facts, limitsNow } = this.#context;
    const limits = facts.limits.get(tap.trust) ?? limitsNow;
    const tapS = Math.floor(tap.atMs / 1000);
    if (tap.clock !== 'UNKNOWN' && isStale(code, { tapS, limits })) return rejected('STALE_CODE');
    if (facts.revokedAtGate.has(seq)) return rejected('KEY_EXPIRED');
    if (facts.deniedAtGate.has(seq)) return rejected('DENIED_AT_GATE');
    const miss = findMiss(code, facts.passes.get(seq));
    if (miss !== null) return miss;
    const use = useKey(code);
    const here = { ...this.#log, seq, atMs: tap.atMs };
    const others = (this.#claims.get(use) ?? []).filter(({ voided }) => !voided);
    if (others.some((other) => isEarlier(other, here))) return { ...rejected('EXTRA_USE'), use };
    if (fareOfTap(tap, facts) === undefined) {
      return { ruling: 'parked', reason: 'FARE_UNKNOWN', use };
    }
    return { ...ACCEPTED, use };
  }
}

/**
 * A stolen issuer key signs passes for anybody's account: nobody pays for one that was never given out. One with
 * the rider's own key may have been given out by books that were lost since, so it waits for a person.
 */
function findMiss(code: CheckedCode, pass: KnownPass | undefined): RulingResult | null {
  if (pass === undefined) return { ruling: 'parked', reason: 'ACCOUNT_UNKNOWN', use: null };
  if (pass.deviceKey !== code.deviceKey) return rejected('DEVICE_KEY_UNKNOWN');
  return pass.isIssued ? null : { ruling: 'parked', reason: 'PASS_NOT_ISSUED', use: null };
}

function rejected(reason: RulingReason): RulingResult {
  return { ruling: 'rejected', reason, use: null };
}

/** Whether pass or code were outside their time; both ends are inside, as at the gate. */
function isStale(code: CheckedCode, { tapS, limits }: { tapS: number; limits: Limits }): boolean {
  const { issuedAtS, lifetimeMin, generatedAtS } = code;
  const codeLifetimeS = Math.min(code.codeLifetimeS, limits.codeLifetimeSMax);
  return (
    tapS + limits.skewS < issuedAtS ||
    tapS > issuedAtS + lifetimeMin * 60 ||
    tapS > generatedAtS + codeLifetimeS ||
    generatedAtS > tapS + limits.skewS
  );
}
