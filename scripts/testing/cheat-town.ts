/**
 * A town without I/O in which an account rides as it likes: the gates decide with the gate's own rules, settlement
 * gives passes and settles with its own, and what nobody has paid for is counted. Time stands still unless it is
 * told to pass.
 */
import { admit, type Facts, type Opening, type Rules } from '@stile/gate/core/admit.ts';
import { useOf } from '@stile/gate/core/tap.ts';
import { makeCode } from '@stile/gate/testing/phone.ts';
import type { Reason } from '@stile/protocol/reasons.ts';
import { decidePassIssue } from '@stile/settlement/core/access/enrolment.ts';
import type { RiskRules, RiskScene } from '@stile/settlement/core/access/risk.ts';
import { countExtraUses, offerPass } from '@stile/settlement/core/access/standing.ts';
import { rideTimeOf } from '@stile/settlement/core/logs/ride-time.ts';
import { walletOf } from '@stile/settlement/core/money/ledger.ts';
import type { RiderMoneyFacts } from '@stile/settlement/core/money/money-changes.ts';
import type { Charge } from '@stile/settlement/core/rides/charge.ts';
import { decideSettle, type UseRecord } from '@stile/settlement/core/rides/settle.ts';

const CODE = makeCode();
const ACCOUNT = CODE.pass.account;
const ISSUER = CODE.pass.issuer;
const START_MS = Date.UTC(2026, 2, 2, 8);
const LIMITS = { codeLifetimeSMax: 120, skewS: 20 };

/** Rides that nobody is charged for. */
const UNPAID = ['EXTRA_USE', 'STALE_CODE'];

export type TownPass = {
  issuedAtS: number;
  lifetimeMin: number;
  ceiling: number;
  allowance: number;
};

type Shown = { pass: TownPass; counter: number; agoS?: number };

type Gate = {
  openings: (Opening & { seq: number; atMs: number; code: typeof CODE })[];
  counterMax: number | undefined;
  lastOpen: Facts['lastOpen'];
  /** As far as settlement has its records. */
  ackSeq: number;
  denied: boolean;
};

export class CheatTown {
  readonly #rules: RiskRules;
  readonly #scene: RiskScene;
  readonly #gates: Gate[];
  readonly #issues: TownPass[] = [];
  readonly #records = new Map<string, UseRecord[]>();
  readonly #charges = new Map<string, Charge>();
  readonly #extraUsesAtMs = new Map<number, number>();
  #money: RiderMoneyFacts;
  #deniedAtMs: number | null = null;
  #nowMs = START_MS;
  #recordId = 0;

  constructor(rules: RiskRules, scene: RiskScene) {
    this.#rules = rules;
    this.#scene = scene;
    this.#money = { account: ACCOUNT, walletCents: scene.walletCents, owing: [] };
    this.#gates = Array.from({ length: scene.gates }, () => ({
      openings: [],
      counterMax: undefined,
      lastOpen: undefined,
      ackSeq: 0,
      denied: false,
    }));
  }

  /** What nobody has paid for, were every gate to tell all that it has. */
  get lostCents(): number {
    for (const gate of this.#gates.keys()) this.sync(gate);
    const owedCents = this.#money.owing.reduce((sum, one) => sum + one.owedCents, 0);
    return owedCents + this.#extraUsesAtMs.size * this.#scene.fareCents;
  }

  get walletCents(): number {
    return this.#money.walletCents;
  }

  pass(seconds: number): void {
    this.#nowMs += seconds * 1000;
  }

  /** In a shop. */
  spend(cents: number): void {
    const walletCents = Math.max(0, this.#money.walletCents - cents);
    this.#money = { ...this.#money, walletCents };
  }

  topUp(cents: number): void {
    if (this.#money.owing.length > 0) return;
    this.#money = { ...this.#money, walletCents: this.#money.walletCents + cents };
  }

  /** What the phone has then; null: refused. */
  renew(): TownPass | null {
    if (this.#money.owing.length > 0) return null;
    const { pass, offline } = this.#rules;
    const { walletCents } = this.#money;
    const { enrolledBy } = this.#scene;
    const extraUses = countExtraUses([...this.#extraUsesAtMs.values()], this.#nowMs);
    const standing = { walletCents, debtCents: 0, enrolledBy, pendingRides: 0, extraUses };
    const offer = offerPass(standing, { pass, offline });
    if (offer.reason !== null) return null;
    const issuedAtS = Math.floor(this.#nowMs / 1000);
    const made = { ...offer, issuedAtS };
    const expiresAtS = issuedAtS + offer.lifetimeMin * 60;
    const issue = { issuer: ISSUER, keyId: 1, issuedAtS, expiresAtS };
    const openIssues = this.#issues.filter((one) => endOf(one) >= issuedAtS).length;
    const { result } = decidePassIssue(
      { openIssues, isEnded: false },
      { account: ACCOUNT, serial: 1, issue, hasRides: true, issuesMax: offline.issuesMax },
    );
    if (result !== 'issued') return null;
    this.#issues.push(made);
    return made;
  }

  /** Shows a code of a pass at a gate, made so long ago; its counter is its name, so the same counter is a copy. */
  ride(at: number, { pass, counter, agoS = 0 }: Shown): Reason | 'open' {
    const gate = this.#gateAt(at);
    const generatedAtS = Math.floor(this.#nowMs / 1000) - agoS;
    const code = { ...CODE, counter, generatedAtS, pass: { ...CODE.pass, ...pass } };
    const now = { wallMs: this.#nowMs, monoMs: this.#nowMs };
    const verdict = admit(code, this.#factsOf(gate), { rules: this.#ruling(), now, verify });
    if (verdict.verdict === 'refuse') return verdict.reason;
    const use = useOf(code);
    gate.counterMax = use.counter;
    gate.lastOpen = now;
    const seq = gate.openings.length + 1;
    gate.openings.push({ seq, code, atMs: this.#nowMs, acknowledgedAtS: null });
    return 'open';
  }

  /** Tells settlement of all rides, and settles them; a gate hears what is denied by now. */
  sync(at: number): void {
    const gate = this.#gateAt(at);
    const isHeard = this.#deniedAtMs !== null && this.#nowMs > this.#deniedAtMs;
    gate.denied = isHeard && this.#money.owing.length > 0;
    for (const opening of gate.openings.slice(gate.ackSeq)) {
      opening.acknowledgedAtS = Math.floor(this.#nowMs / 1000);
      this.#settle(at, opening);
    }
    gate.ackSeq = gate.openings.length;
  }

  #settle(at: number, { seq, atMs, code }: Gate['openings'][number]): void {
    const use = `${ISSUER}/${ACCOUNT}/1/${code.counter}`;
    this.#recordId += 1;
    const gate = `g${at}`;
    const said = { gate, epoch: gate, epochId: at, seq, kind: 'tap', line: 'L1' } as const;
    const { isStale } = this.#rideTimeOf(code, atMs);
    const time = { atMs, gateMs: atMs, clock: this.#clock, isStale } as const;
    const end = { ceilingCents: null, received: null, ofSeq: null, disposition: 'PENDING' };
    const records = [
      ...(this.#records.get(use) ?? []),
      { ...said, ...time, ...end, id: this.#recordId },
    ];
    this.#records.set(use, records);
    const charge = this.#charges.get(use) ?? null;
    const { changes } = decideSettle(
      {
        uses: [{ use, records, charge, isWrittenOff: false }],
        authorisations: [],
        money: new Map([[ACCOUNT, this.#money]]),
        gateLines: new Map([[gate, [{ line: 'L1', fromMs: 0 }]]]),
        lineFares: new Map([['L1', [{ line: 'L1', fareCents: this.#scene.fareCents, fromS: 0 }]]]),
        issuerKeys: [],
        nextPaymentId: 1,
      },
      { issuer: ISSUER, nowMs: this.#nowMs },
    );
    for (const change of changes) this.#apply(change);
  }

  get #clock(): Facts['clock'] {
    return this.#scene.isTimeless ? 'UNKNOWN' : 'TRUSTED';
  }

  /** A gate that did not know the time knows it when it tells settlement, in the same boot. */
  #rideTimeOf({ generatedAtS, pass }: typeof CODE, atMs: number) {
    const boot = 'b';
    const tap = { clock: this.#clock, atMs, boot, monoMs: atMs };
    const after = { atMs: this.#nowMs, boot, monoMs: this.#nowMs };
    const facts = { before: null, after, listS: null, limits: LIMITS, receivedAtMs: this.#nowMs };
    return rideTimeOf({ tap, code: { ...pass, generatedAtS } }, facts);
  }

  #apply(change: ReturnType<typeof decideSettle>['changes'][number]): void {
    const { denialS } = this.#scene;
    switch (change.kind) {
      case 'saveCharge': {
        const { charge } = change;
        this.#charges.set(charge.use, charge);
        const others = this.#money.owing.filter(({ use }) => use !== charge.use);
        const owing = charge.owedCents > 0 ? [...others, charge] : others;
        this.#money = { ...this.#money, owing };
        break;
      }
      case 'setDisposition':
        if (UNPAID.includes(change.disposition ?? ''))
          this.#extraUsesAtMs.set(change.record, this.#nowMs);
        else this.#extraUsesAtMs.delete(change.record);
        break;
      case 'post':
        for (const { debit, credit, amountCents } of change.transfers) {
          if (debit === walletOf(ACCOUNT)) this.#pay(-amountCents);
          if (credit === walletOf(ACCOUNT)) this.#pay(amountCents);
        }
        break;
      case 'deny':
        this.#deniedAtMs ??= this.#nowMs + denialS * 1000;
        break;
      default:
    }
  }

  #pay(cents: number): void {
    this.#money = { ...this.#money, walletCents: this.#money.walletCents + cents };
  }

  #gateAt(at: number): Gate {
    const gate = this.#gates[at];
    if (gate === undefined) throw new Error(`there is no gate ${at}`);
    return gate;
  }

  #factsOf(gate: Gate): Facts {
    const issuerKey = {
      issuer: ISSUER,
      keyId: CODE.pass.issuerKeyId,
      publicKey: '',
      publicKeyBytes: CODE.pass.deviceKey,
      notBeforeS: 0,
      notAfterS: 0xffffffff,
      status: 'active',
      ceilingExponent: this.#rules.pass.ceilingExponent,
    } as const;
    const { counterMax, openings, lastOpen, denied } = gate;
    const told = { denied, denyAtS: 0, clock: this.#clock, signedTimeS: 0 } as const;
    return { issuerKey, ...told, counterMax, openings, lastOpen, barrierConnected: true };
  }

  #ruling(): Rules {
    return {
      line: 'L1',
      fareCents: this.#scene.fareCents,
      scopes: [CODE.pass.scope],
      products: null,
      ...LIMITS,
      passbackS: this.#scene.passbackS,
      maxListAgeS: 0,
      closeListAgeS: 0,
      onClockUnknown: 'admit',
      trustVersion: 1,
      denyVersion: 1,
      tariffVersion: 1,
    };
  }
}

function endOf({ issuedAtS, lifetimeMin }: TownPass): number {
  return issuedAtS + lifetimeMin * 60;
}

/** Nobody forges here. */
function verify(): boolean {
  return true;
}
