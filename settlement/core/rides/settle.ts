/**
 * One piece of settling: for each code use that new records touch, what its charge must be; for each
 * authorisation, whether the ride happened; and all money that follows, account by account. Deciding again
 * from what was then written changes nothing, so a piece may be repeated from wherever a crash left it.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { Change, DatedTransfer, Decision } from '../changes.ts';
import { type CeilingKey, ceilingCentsIn } from '../logs/check-record.ts';
import { accountOfUse } from '../logs/code-use.ts';
import {
  debtDenial,
  paidCharges,
  postingOf,
  type RiderMoneyFacts,
} from '../money/money-changes.ts';
import { applyCharges } from '../money/rider-money.ts';
import { reverse } from '../payments/give-back.ts';
import { gatePayee } from '../payments/payee.ts';
import type { StoredPayment } from '../payments/payment-changes.ts';
import { type AuthorisationRecord, judgeAuthorisation } from './authorisation.ts';
import { type Charge, type Claim, decideUse, statesOf, type UseDecision } from './charge.ts';
import type { ChargeEvent } from './charge-changes.ts';
import { type ClockQuality, fareOfTap, type GateLine } from './tariff.ts';

/** A tap of a use, or a record that took one back. */
export type UseRecord = {
  id: number;
  /** Of a void that of the record which it takes back. */
  epochId: number;
  gate: string;
  epoch: string;
  seq: number;
  kind: 'tap' | 'void';
  /** When it was, which only a clock that was known says by itself. */
  atMs: number;
  /** What the gate's clock said, known or not. */
  gateMs: number;
  clock: ClockQuality;
  /** Most that the pass stands for; null: an earlier version of settlement did not store it. */
  ceilingCents: number | null;
  /** Of a tap without a stored ceiling: what it was received as. */
  received: LogRecord | null;
  /** Its code was good at no instant at which the ride can have been. */
  isStale: boolean;
  line: string;
  ofSeq: number | null;
  disposition: string | null;
};

export type UseFacts = {
  use: string;
  records: readonly UseRecord[];
  charge: Charge | null;
  isWrittenOff: boolean;
};

export type AuthorisationFacts = {
  gate: string;
  /** The key of its payment. */
  id: string;
  records: readonly (AuthorisationRecord & { disposition: string | null })[];
  payment: StoredPayment | null;
};

export type SettleFacts = {
  uses: readonly UseFacts[];
  authorisations: readonly AuthorisationFacts[];
  /** Of every account that a use or a payment belongs to. */
  money: ReadonlyMap<string, RiderMoneyFacts>;
  gateLines: ReadonlyMap<string, readonly GateLine[]>;
  lineFares: ReadonlyMap<string, readonly LineFare[]>;
  /** Those that ceilings are read by, if one has to be. */
  issuerKeys: readonly CeilingKey[];
  nextPaymentId: number;
};

export type SettleContext = { issuer: number; nowMs: number };

/** The result names the accounts whose money moved. */
export function decideSettle(
  facts: SettleFacts,
  context: SettleContext,
): Decision<readonly string[]> {
  const settling = new Settling(facts, context);
  for (const authorisation of facts.authorisations) settling.settleAuthorisation(authorisation);
  const moved = new Map<string, DatedChange[]>();
  for (const use of facts.uses) {
    const change = settling.settleUse(use);
    if (change === null) continue;
    const account = accountOfUse(use.use);
    moved.set(account, [...(moved.get(account) ?? []), change]);
  }
  for (const [account, changes] of moved) settling.moveMoney(account, changes);
  return { changes: settling.end(), result: [...moved.keys(), ...settling.refunded] };
}

type DatedChange = NonNullable<UseDecision['change']> & { record: number; riddenAtMs: number };

/** Money as it stands in the middle of one piece, and what is written so far. */
class Settling {
  readonly #facts: SettleFacts;
  readonly #context: SettleContext;
  readonly #money: Map<string, RiderMoneyFacts>;
  readonly #changes: Change[] = [];
  readonly #transfers: DatedTransfer[] = [];
  #nextPaymentId: number;
  readonly refunded: string[] = [];

  constructor(facts: SettleFacts, context: SettleContext) {
    this.#facts = facts;
    this.#context = context;
    this.#money = new Map(facts.money);
    this.#nextPaymentId = facts.nextPaymentId;
  }

  /** What the gate did not open for is given back. */
  settleAuthorisation({ gate, id, records, payment }: AuthorisationFacts): void {
    const paid = payment?.outcome === 'PAID' ? payment : null;
    const { dispositions, isShut } = judgeAuthorisation(records, paid);
    if (isShut) this.#reverse(gatePayee(gate), { key: id, payment });
    this.#saveDispositions(records, dispositions);
  }

  #reverse(payee: string, { key, payment }: { key: string; payment: StoredPayment | null }): void {
    const account = payment?.account ?? null;
    const money = account === null ? null : this.#moneyOf(account);
    const { issuer, nowMs } = this.#context;
    const reversed = reverse(
      { payment, money, merchantName: null, nextPaymentId: this.#nextPaymentId },
      { issuer, payee, key, why: 'GATE_DID_NOT_OPEN', nowMs },
    );
    this.#changes.push(...reversed.changes);
    if (payment === null) this.#nextPaymentId += 1;
    if (account === null || reversed.money === null) return;
    this.#money.set(account, reversed.money);
    if (reversed.notice.refundCents > 0) this.refunded.push(account);
  }

  /** Says how each tap has ended; what has to change about the money, or null. */
  settleUse({ use, records, charge, isWrittenOff }: UseFacts): DatedChange | null {
    const claims = this.#claimsOf(records);
    const { dispositions, change } = decideUse(use, { claims, charge, isWrittenOff });
    this.#saveDispositions(records, dispositions);
    if (change === null) return null;
    const record = change.carrier?.record ?? charge?.record;
    const riddenAtMs = change.carrier?.atMs ?? charge?.riddenAtMs;
    assert(record !== undefined && riddenAtMs !== undefined, 'a change has a tap or a charge');
    return { ...change, record, riddenAtMs };
  }

  #claimsOf(records: readonly UseRecord[]): Claim[] {
    const taps = records.filter(({ kind }) => kind === 'tap');
    const voids = new Set(
      records.filter(({ kind }) => kind === 'void').map((one) => `${one.epochId}/${one.ofSeq}`),
    );
    const isVoided = ({ epochId, seq }: UseRecord) => voids.has(`${epochId}/${seq}`);
    // A gate that begins a new epoch sends a tap again: taken back in one epoch, it is taken back in the other.
    const isVoidedElsewhere = (tap: UseRecord) =>
      taps.some(
        (other) => other.epochId !== tap.epochId && isSameMoment(other, tap) && isVoided(other),
      );
    return taps.map((tap) => ({
      record: tap.id,
      gate: tap.gate,
      epoch: tap.epoch,
      seq: tap.seq,
      atMs: tap.atMs,
      isClockKnown: tap.clock !== 'UNKNOWN',
      line: tap.line,
      fareCents: this.#fareOf(tap),
      voided: isVoided(tap) || isVoidedElsewhere(tap),
      isStale: tap.isStale,
    }));
  }

  #fareOf(tap: UseRecord): number | undefined {
    const { gateLines, lineFares, issuerKeys } = this.#facts;
    const { received } = tap;
    const inBytes = received === null ? null : ceilingCentsIn(received, issuerKeys);
    const ceilingCents = tap.ceilingCents ?? inBytes;
    return fareOfTap(
      { ...tap, ceilingCents },
      {
        gateLines: gateLines.get(tap.gate) ?? [],
        lineFares: lineFares.get(tap.line) ?? [],
      },
    );
  }

  /** Moves the money of one account for all its uses of this piece at once. */
  moveMoney(account: string, changes: readonly DatedChange[]): void {
    const { issuer, nowMs } = this.#context;
    const before = this.#moneyOf(account);
    const move = applyCharges(before, changes);
    for (const change of changes) {
      this.#saveCharge(account, { change, owedCents: move.owed.get(change.use) ?? 0 });
    }
    const own = new Set(changes.map(({ use }) => use));
    this.#changes.push(...paidCharges(before, move, { own, nowMs }));
    this.#changes.push(...debtDenial(before, move.after, { issuer, nowMs }));
    const riddenAt = new Map(
      changes.map(({ use, rev, riddenAtMs }) => [`charge:${use}:${rev}`, riddenAtMs]),
    );
    for (const transfer of move.transfers) {
      const cause = transfer.id.slice(0, transfer.id.lastIndexOf(':'));
      this.#transfers.push({ ...transfer, happenedAtMs: riddenAt.get(cause) ?? nowMs });
    }
  }

  #saveCharge(
    account: string,
    { change, owedCents }: { change: DatedChange; owedCents: number },
  ): void {
    const { use, rev, record, riddenAtMs } = change;
    const { nowMs: recordedAtMs } = this.#context;
    const line = change.after?.line ?? change.before?.line ?? '';
    const fareCents = change.after?.fareCents ?? 0;
    const states = statesOf(change, owedCents);
    const state = states.at(-1) ?? 'POSTED';
    const reason = change.reason ?? (owedCents > 0 ? 'WALLET_SHORT' : null);
    const facts = { use, rev, fareCents, owedCents, record, riddenAtMs };
    const charge = { ...facts, account, line, state, reason, recordedAtMs };
    this.#changes.push({ kind: 'saveCharge', charge });
    for (const walked of states) {
      const event: ChargeEvent = {
        ...facts,
        state: walked,
        reason: walked === state ? reason : null,
      };
      this.#changes.push({ kind: 'addChargeEvent', event, recordedAtMs });
    }
  }

  #saveDispositions(
    records: readonly { id: number; disposition: string | null }[],
    dispositions: ReadonlyMap<number, string>,
  ): void {
    for (const { id, disposition: before } of records) {
      const disposition = dispositions.get(id);
      if (disposition === undefined || disposition === before) continue;
      this.#changes.push({ kind: 'setDisposition', record: id, disposition });
    }
  }

  #moneyOf(account: string): RiderMoneyFacts {
    const money = this.#money.get(account);
    assert(money !== undefined, 'the money of every account was read');
    return money;
  }

  /** One posting for the whole piece: however many transfers, each account is written once. */
  end(): readonly Change[] {
    return [...this.#changes, ...postingOf(this.#transfers, this.#context.nowMs)];
  }
}

/** Of one gate, in the same millisecond of its clock. */
function isSameMoment(a: UseRecord, b: UseRecord): boolean {
  return a.gate === b.gate && a.gateMs === b.gateMs;
}
