/**
 * From opened taps to money. A charge belongs to a code use; the earliest opened tap of that use
 * carries it (docs/decisions/0007). Whatever arrives, in whatever order, the charge is brought to what
 * all known taps say now, and only the difference is posted.
 *
 * States: POSTED (owed, receivable and revenue stand) → VERIFYING (is the account good) → WITHHELD
 * (paid from the wallet) or DEBT (owed, the account goes onto the deny list) → RECOVERED (paid later).
 * VOIDED: no tap carries it any more. A charge whose fare changes goes back to POSTED.
 * No path reaches WITHHELD or DEBT but through VERIFYING.
 */
import { assert } from '@stile/protocol/fault.ts';
import {
  type Balances,
  balanceOf,
  post,
  receivableOf,
  revenueOf,
  type Transfer,
  type TransferCode,
  walletOf,
} from './ledger.ts';

export const CHARGE_STATES = [
  'POSTED',
  'VERIFYING',
  'WITHHELD',
  'DEBT',
  'RECOVERED',
  'VOIDED',
] as const;
export type ChargeState = (typeof CHARGE_STATES)[number];

/** Every step a charge may take. */
export const CHARGE_STEPS: Readonly<Record<ChargeState, readonly ChargeState[]>> = {
  POSTED: ['VERIFYING', 'POSTED', 'VOIDED'],
  VERIFYING: ['WITHHELD', 'DEBT'],
  WITHHELD: ['POSTED', 'WITHHELD', 'VOIDED'],
  DEBT: ['RECOVERED', 'POSTED', 'DEBT', 'VOIDED'],
  RECOVERED: ['POSTED', 'RECOVERED', 'VOIDED'],
  VOIDED: ['POSTED'],
};

/** An opened, verified tap with a known fare. */
export type CarrierTap = {
  gate: string;
  epoch: string;
  seq: number;
  line: string;
  fareCents: number;
  atMs: number;
};

export type Charge = {
  /** `issuer/account/serial/counter`. */
  use: string;
  account: string;
  state: ChargeState;
  tap: CarrierTap | null;
  /** What of the fare the wallet has paid. */
  withheldCents: number;
  /** Grows with every change, so that every transfer of this charge has an id of its own. */
  revision: number;
};

export type ChargeEvent = { use: string; state: ChargeState; atMs: number; cause: string };

export type MoneyStep = {
  charge: Charge;
  balances: Balances;
  transfers: readonly Transfer[];
  events: readonly ChargeEvent[];
};

/** The tap that carries the charge of a code use: the earliest, and the same one in any order. */
export function carrierOf(taps: readonly CarrierTap[]): CarrierTap | null {
  let first: CarrierTap | null = null;
  for (const tap of taps) if (first === null || isEarlier(tap, first)) first = tap;
  return first;
}

function isEarlier(a: CarrierTap, b: CarrierTap): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.gate !== b.gate) return a.gate < b.gate;
  if (a.epoch !== b.epoch) return a.epoch < b.epoch;
  return a.seq < b.seq;
}

export function isSameTap(a: CarrierTap | null, b: CarrierTap | null): boolean {
  if (a === null || b === null) return a === b;
  return a.gate === b.gate && a.epoch === b.epoch && a.seq === b.seq;
}

/** Brings a charge (or the lack of one) to what the taps of its code use say now. */
export function rate(
  before: Charge | undefined,
  use: string,
  account: string,
  taps: readonly CarrierTap[],
  balances: Balances,
): MoneyStep | null {
  const tap = carrierOf(taps);
  if (before === undefined && tap === null) return null;
  const charge = before ?? {
    use,
    account,
    state: 'VOIDED' as const,
    tap: null,
    withheldCents: 0,
    revision: 0,
  };
  const same = isSameTap(charge.tap, tap) && charge.tap?.fareCents === tap?.fareCents;
  if (same && before !== undefined) return null;
  const fareBefore = charge.tap?.fareCents ?? 0;
  const fareAfter = tap?.fareCents ?? 0;
  const steps = new Poster(charge, balances, tap?.atMs ?? charge.tap?.atMs ?? 0);
  moveRevenue(steps, charge.tap, tap);
  const line = revenueOf((tap ?? charge.tap)?.line ?? '');
  if (fareAfter > fareBefore) {
    steps.post('FARE', receivableOf(account), line, fareAfter - fareBefore);
  } else if (fareAfter < fareBefore) {
    giveBack(steps, account, line, fareBefore - fareAfter);
  }
  // What the wallet has paid beyond the new fare went back to it just now.
  const withheldCents = Math.min(charge.withheldCents, fareAfter);
  const rated = { ...charge, tap, withheldCents };
  if (tap === null) return steps.finish(rated, 'VOIDED', 'no tap carries it');
  const cause = before === undefined ? 'tap' : 'another tap carries it';
  if (fareAfter === withheldCents && before !== undefined && charge.state !== 'POSTED') {
    return steps.finish(rated, charge.state === 'VOIDED' ? 'POSTED' : charge.state, cause);
  }
  return steps.finish(rated, 'POSTED', cause);
}

/** Revenue belongs to the line of the carrying tap; when that changes, what was booked moves. */
function moveRevenue(steps: Poster, from: CarrierTap | null, to: CarrierTap | null): void {
  if (from === null || to === null || from.line === to.line || from.fareCents === 0) return;
  steps.post('MOVE', revenueOf(from.line), revenueOf(to.line), from.fareCents);
}

/** First lowers what is owed, then refills the wallet: never both owed and owned. */
function giveBack(steps: Poster, account: string, revenue: string, amountCents: number): void {
  const owed = balanceOf(receivableOf(account), steps.balances.get(receivableOf(account)));
  const lowered = Math.min(owed, amountCents);
  if (lowered > 0) steps.post('FARE_BACK', revenue, receivableOf(account), lowered);
  if (amountCents > lowered)
    steps.post('REFUND', revenue, walletOf(account), amountCents - lowered);
}

export type AccountStanding = 'active' | 'closed';

/** Verifies the account, then withholds what the wallet has; the rest stays owed. */
export function withhold(
  charge: Charge,
  standing: AccountStanding | undefined,
  balances: Balances,
): MoneyStep {
  assert(charge.state === 'POSTED' && charge.tap !== null, 'only what is owed is withheld');
  const { account, tap } = charge;
  const steps = new Poster(charge, balances, tap.atMs);
  steps.pass('VERIFYING', 'account');
  const owed = balanceOf(receivableOf(account), balances.get(receivableOf(account)));
  const open = Math.min(owed, tap.fareCents - charge.withheldCents);
  if (standing !== 'active') {
    const cause = standing === 'closed' ? 'ACCOUNT_CLOSED' : 'ACCOUNT_UNKNOWN';
    return steps.finish(charge, open > 0 ? 'DEBT' : 'WITHHELD', cause);
  }
  const wallet = balanceOf(walletOf(account), balances.get(walletOf(account)));
  const taken = Math.min(wallet, open);
  if (taken > 0) steps.post('WITHHOLD', walletOf(account), receivableOf(account), taken);
  const paid = { ...charge, withheldCents: charge.withheldCents + taken };
  return taken === open
    ? steps.finish(paid, 'WITHHELD', 'wallet')
    : steps.finish(paid, 'DEBT', 'WALLET_EMPTY');
}

/** Pays one debt from a wallet that has been topped up. */
export function recover(charge: Charge, balances: Balances, atMs: number): MoneyStep | null {
  assert(charge.state === 'DEBT' && charge.tap !== null, 'only a debt is recovered');
  const { account, tap } = charge;
  const steps = new Poster(charge, balances, atMs);
  const wallet = balanceOf(walletOf(account), balances.get(walletOf(account)));
  const owed = balanceOf(receivableOf(account), balances.get(receivableOf(account)));
  const open = Math.min(owed, tap.fareCents - charge.withheldCents);
  const taken = Math.min(wallet, open);
  if (taken > 0) steps.post('RECOVER', walletOf(account), receivableOf(account), taken);
  else if (open > 0) return null;
  const paid = { ...charge, withheldCents: charge.withheldCents + taken };
  return steps.finish(paid, taken === open ? 'RECOVERED' : 'DEBT', 'top-up');
}

/** Collects what one step of one charge posts, with ids derived from the charge and its revision. */
class Poster {
  readonly #charge: Charge;
  readonly #atMs: number;
  readonly #transfers: Transfer[] = [];
  readonly #events: ChargeEvent[] = [];
  #state: ChargeState;
  balances: Balances;

  constructor(charge: Charge, balances: Balances, atMs: number) {
    this.#charge = charge;
    this.#state = charge.state;
    this.#atMs = atMs;
    this.balances = balances;
  }

  post(code: TransferCode, debit: string, credit: string, amountCents: number): void {
    const { use, revision } = this.#charge;
    const id = `charge:${use}:${revision + 1}:${code}`;
    const eventAtMs = this.#atMs;
    const transfer: Transfer = { id, debit, credit, amountCents, code, ref: use, eventAtMs };
    this.balances = post(this.balances, [transfer]);
    this.#transfers.push(transfer);
  }

  pass(state: ChargeState, cause: string): void {
    const { use, revision } = this.#charge;
    const first = revision === 0 && this.#state === 'VOIDED';
    assert(first || CHARGE_STEPS[this.#state].includes(state), `${this.#state} → ${state} exists`);
    this.#state = state;
    this.#events.push({ use, state, atMs: this.#atMs, cause });
  }

  finish(charge: Charge, state: ChargeState, cause: string): MoneyStep {
    this.pass(state, cause);
    return {
      charge: { ...charge, state, revision: this.#charge.revision + 1 },
      balances: this.balances,
      transfers: this.#transfers,
      events: this.#events,
    };
  }
}
