/**
 * What a batch reply says of each record, and which of them claim a fare. A pure function
 * of the checked records and of facts that were looked up for them; it neither charges nor stores.
 * Reasons are tried in the order in which they stand in `#ruleOpened`; the first one counts.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { Ruling, RulingReason } from '@stile/protocol/sync.ts';
import type { LineFare, TrustList } from '@stile/protocol/trust-list.ts';
import { type Claim, isEarlier } from '../rides/charge.ts';
import { fareOfTap, type GateLine } from '../rides/tariff.ts';
import type { CheckedCode, CheckedTap, CodeProblem, RecordContent } from './check-record.ts';
import { authorisationKey, type OldUses, readAuthorisationKey, useIn } from './code-use.ts';
import {
  anchorsAfter,
  type ClockAnchor,
  lastAnchor,
  type RideTime,
  type RideTimeFacts,
  rideTimeOf,
} from './ride-time.ts';

export type Limits = TrustList['limits'];

/** What was looked up for the records of one batch. */
export type RulingFacts = {
  /** Limits by the trust list version in force at the gate. */
  limits: ReadonlyMap<number, Limits>;
  /** When each of these versions was signed. */
  listTimesS: ReadonlyMap<number, number>;
  /** The passes that taps (by seq) name, if they were enrolled here. */
  passes: ReadonlyMap<number, KnownPass>;
  /** Taps (by seq) that the gate's own deny list should have refused. */
  deniedAtGate: ReadonlySet<number>;
  /** Taps (by seq) under an issuer key that the gate's own trust list had revoked. */
  revokedAtGate: ReadonlySet<number>;
  /** Earlier taps of the code uses in the batch. */
  claims: ReadonlyMap<string, readonly EarlierClaim[]>;
  oldUses: OldUses;
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

export type EarlierClaim = Pick<
  Claim,
  'gate' | 'epoch' | 'seq' | 'atMs' | 'isClockKnown' | 'voided'
>;

export type RuledRecord = {
  seq: number;
  content: RecordContent;
  ruling: Ruling;
  reason: RulingReason | null;
  /** The code use that this record claims, or null: no money can come of it. */
  use: string | null;
  /** When it was, of an opened tap with a genuine code. */
  rideTime: RideTime | null;
};

type RulingResult = Pick<RuledRecord, 'ruling' | 'reason' | 'use'>;

const ACCEPTED: RulingResult = { ruling: 'accepted', reason: null, use: null };

export type RulingContext = {
  facts: RulingFacts;
  /** For taps that name no trust list version that was published here. */
  limitsNow: Limits;
  nowMs: number;
};

/** As much of it as says when a ride was. */
export type DatingContext = Pick<RulingContext, 'limitsNow' | 'nowMs'> & {
  facts: Pick<RulingFacts, 'limits' | 'listTimesS'>;
};

/** `before`, `after`: the last record before these, and the first one behind them, whose clock was known. */
export type RuledLog = {
  gate: string;
  epoch: string;
  before: ClockAnchor | null;
  after: ClockAnchor | null;
  records: readonly { seq: number; content: RecordContent }[];
};

/** Rules on the records that continue the log, in their order. */
export function ruleRecords(log: RuledLog, context: RulingContext): readonly RuledRecord[] {
  const rules = new Rules(log, context);
  const afters = anchorsAfter(log.records, log.after);
  return log.records.map((record, index) => rules.rule(record, afters[index] ?? null));
}

type Dated = { content: RecordContent; rideTime: RideTime | null };

/** Claims and uses as the records before have left them. */
class Rules {
  readonly #log: { gate: string; epoch: string };
  #before: ClockAnchor | null;
  readonly #context: RulingContext;
  readonly #claims = new Map<string, EarlierClaim[]>();
  readonly #usesBySeq: Map<number, string>;

  constructor({ gate, epoch, before }: Omit<RuledLog, 'records'>, context: RulingContext) {
    this.#log = { gate, epoch };
    this.#before = before;
    this.#context = context;
    for (const [use, earlier] of context.facts.claims) this.#claims.set(use, [...earlier]);
    this.#usesBySeq = new Map(context.facts.usesBySeq);
  }

  rule(record: RuledLog['records'][number], after: ClockAnchor | null): RuledRecord {
    const { seq, content } = record;
    const rideTime = datedBy(content, { before: this.#before, after, context: this.#context });
    const ruled = this.#ruleOne(seq, { content, rideTime });
    this.#before = lastAnchor([record], this.#before);
    if (ruled.use !== null) this.#remember(ruled.use, { seq, content, rideTime });
    return { seq, content, ...ruled, rideTime };
  }

  #remember(use: string, { seq, content, rideTime }: Dated & { seq: number }): void {
    const { gate, epoch } = this.#log;
    const ofUse = this.#claims.get(use) ?? [];
    if (content.kind === 'tap') {
      const { atMs } = rideTime ?? content;
      const isClockKnown = content.clock !== 'UNKNOWN';
      const voided = rideTime?.isStale ?? false;
      const claim = { gate, epoch, seq, atMs, isClockKnown, voided };
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

  #ruleOne(seq: number, { content, rideTime }: Dated): RulingResult {
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
        if (content.problem !== null) return ofProblem(content.problem);
        assert(rideTime !== null, 'an opened tap with a good code has its time');
        return this.#ruleOpened(seq, { tap: content, code: content.code, rideTime });
    }
  }

  #ruleOpened(
    seq: number,
    { tap, code, rideTime }: { tap: CheckedTap; code: CheckedCode; rideTime: RideTime },
  ): RulingResult {
    const { facts } = this.#context;
    const { atMs, isStale } = rideTime;
    const miss = this.#findMiss(seq, code);
    const use = useIn(facts.oldUses, code);
    // It counts against what its account may do on trust, if it is the account's.
    if (isStale) return { ...rejected('STALE_CODE'), use: miss === null ? use : null };
    if (miss !== null) return miss;
    const here = { ...this.#log, seq, atMs, isClockKnown: tap.clock !== 'UNKNOWN' };
    const others = (this.#claims.get(use) ?? []).filter(({ voided }) => !voided);
    if (others.some((other) => isEarlier(other, here))) return { ...rejected('EXTRA_USE'), use };
    if (fareOfTap({ ...tap, atMs, ceilingCents: code.ceilingCents }, facts) === undefined) {
      return { ruling: 'parked', reason: 'FARE_UNKNOWN', use };
    }
    return { ...ACCEPTED, use };
  }

  #findMiss(seq: number, code: CheckedCode): RulingResult | null {
    const { facts } = this.#context;
    if (facts.revokedAtGate.has(seq)) return rejected('KEY_EXPIRED');
    if (facts.deniedAtGate.has(seq)) return rejected('DENIED_AT_GATE');
    return findMiss(code, facts.passes.get(seq));
  }
}

/** When an opened tap with a genuine code was; null of any other record. */
export function datedBy(
  content: RecordContent,
  { before, after, context }: Pick<RideTimeFacts, 'before' | 'after'> & { context: DatingContext },
): RideTime | null {
  if (content.kind !== 'tap' || content.verdict === 'refuse' || content.problem !== null) {
    return null;
  }
  const { facts, limitsNow, nowMs: receivedAtMs } = context;
  const limits = facts.limits.get(content.trust) ?? limitsNow;
  const listS = facts.listTimesS.get(content.trust) ?? null;
  const { code } = content;
  return rideTimeOf({ tap: content, code }, { before, after, listS, limits, receivedAtMs });
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

/** A key may be published later, or anew; what is no code, or forged, stays so. */
function ofProblem(reason: CodeProblem): RulingResult {
  const isOfKey = reason === 'KEY_UNKNOWN' || reason === 'KEY_EXPIRED';
  return isOfKey ? { ruling: 'parked', reason, use: null } : rejected(reason);
}

function rejected(reason: RulingReason): RulingResult {
  return { ruling: 'rejected', reason, use: null };
}
