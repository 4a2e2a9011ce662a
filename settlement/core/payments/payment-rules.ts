/**
 * Whether a payment with a network is made: a pure function of what was presented, whose it is, what
 * that account may and has. The reasons are tried in the order of PAYMENT_REASONS; the first one counts.
 * Nothing is paid in part, and nobody gets credit (docs/decisions/0013). It moves no money.
 */
import type { PaymentMethod, PaymentReason } from '@stile/protocol/payment.ts';

/** What bounds payments with a network; `payments` in settlement.json. */
export type PaymentLimits = {
  /** One payment by payment code. */
  offlineCentsMax: number;
  /** What one account pays by payment codes in a day, whatever phones and handles it has. */
  offlineTotalCentsMax: number;
  /** One payment by code to a merchant without the rider's word: an order, or a code for that amount. */
  unconfirmedCentsMax: number;
  /** One payment by online code or order. */
  onlineCentsMax: number;
  /** What one account spends in a day, all ways together. */
  dayCentsMax: number;
  seedDaysMax: number;
  /** Wrong passwords for one handle in its whole life, beyond which it is ended. */
  handleFailuresMax: number;
  /** Wrong codes from one merchant or gate in an hour, behind which it has to pause after each. */
  payeeFailuresFree: number;
  /** How many more of them an hour can hold in the long run: what its longest pause follows from. */
  payeeFailuresPerHourMax: number;
  onlineCodeS: number;
  orderS: number;
  /** How long after a payment its till may take it back; then it takes the manager. */
  reversalS: number;
  /** Until the end of so many calendar days after that of the payment anything of it may go back. */
  refundDaysMax: number;
  /** Whose calendar days these are. */
  timeZone: string;
  /** What a merchant gives back in 24 hours: refunds, and what is taken back after `reversalS`. */
  refundDayCentsMax: number;
};

/** What `dayCentsMax` looks back on. */
export const DAY_MS = 86_400_000;

export const DEFAULT_PAYMENT_LIMITS: PaymentLimits = {
  offlineCentsMax: 5_000,
  offlineTotalCentsMax: 15_000,
  unconfirmedCentsMax: 5_000,
  onlineCentsMax: 50_000,
  dayCentsMax: 50_000,
  seedDaysMax: 30,
  handleFailuresMax: 20,
  payeeFailuresFree: 5,
  payeeFailuresPerHourMax: 120,
  onlineCodeS: 60,
  orderS: 600,
  reversalS: 900,
  refundDaysMax: 90,
  timeZone: 'UTC',
  refundDayCentsMax: 200_000,
};

/** How many passwords of one handle are good at one instant: those of the steps that are tried. */
export const PASSWORDS_GOOD = 3;
export const PASSWORDS = 1e8;
/** How many texts a blind guess has to choose from: handle and password. */
export const CODES = 1e16;

/** How likely anyone finds a password of one known handle before it is ended. */
export function handleGuessBound({ handleFailuresMax }: PaymentLimits): number {
  return (handleFailuresMax * PASSWORDS_GOOD) / PASSWORDS;
}

/** Wrong codes of a payee, of one method: each has a budget of its own. */
export type PayeeFailures = {
  /** Within FAILURE_WINDOW_MS. */
  count: number;
  latestMs: number;
};

/** Wrong codes of a payee count for so long. */
export const FAILURE_WINDOW_MS = 3_600_000;
const FIRST_PAUSE_MS = 1_000;
const DOUBLINGS_MAX = 20;

/** How long codes of a payee are refused unread after so many wrong ones: it doubles, and stays short. */
export function pauseMs(count: number, limits: PaymentLimits): number {
  const beyond = count - limits.payeeFailuresFree;
  if (beyond < 0) return 0;
  const longestMs = FAILURE_WINDOW_MS / limits.payeeFailuresPerHourMax;
  return Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.min(beyond, DOUBLINGS_MAX));
}

export function isPausing(
  { count, latestMs }: PayeeFailures,
  { limits, nowMs }: { limits: PaymentLimits; nowMs: number },
): boolean {
  return nowMs < latestMs + pauseMs(count, limits);
}

/** How many wrong codes of one payee and method are looked at in an hour, whatever it does. */
export function guessesPerHour(limits: PaymentLimits): number {
  let count = 0;
  for (let atMs = 0; atMs < FAILURE_WINDOW_MS; atMs += pauseMs(count, limits)) count += 1;
  return count;
}

/** How likely one payee finds, in an hour of blind guesses, a code of any of so many live handles. */
export function blindGuessBound(limits: PaymentLimits, liveHandles: number): number {
  return (guessesPerHour(limits) * PASSWORDS_GOOD * liveHandles) / CODES;
}

/** Of a code that is good: whose it is, and what they have and may. */
export type PayerState = {
  way: Exclude<PaymentMethod, 'TRANSIT_CODE'>;
  isDenied: boolean;
  walletCents: number;
  /** Spent in the last 24 hours, rides included, refunds taken off. */
  dayCents: number;
  /** Of it, by payment codes. */
  offlineDayCents: number;
  /** Most that the rider has made this code for; null: nothing was said. */
  boundCents: number | null;
};

/**
 * Null if it is paid. `amountCents` null: the line of the gate has no fare. `isFare`: the amount is the
 * operator's, and not of a merchant's making.
 */
export function judgePayment(
  paid: { amountCents: number | null; isFare: boolean; payer: PayerState },
  limits: PaymentLimits,
): PaymentReason | null {
  const { amountCents, payer } = paid;
  if (payer.isDenied) return 'DENIED';
  if (amountCents === null) return 'FARE_UNKNOWN';
  const isOffline = payer.way === 'PAYMENT_CODE';
  if (amountCents > onceCentsMax(paid, limits)) return 'OVER_AMOUNT_CAP';
  if (isOffline && payer.offlineDayCents + amountCents > limits.offlineTotalCentsMax) {
    return 'OVER_OFFLINE_CAP';
  }
  if (payer.dayCents + amountCents > limits.dayCentsMax) return 'OVER_DAY_CAP';
  return amountCents > payer.walletCents ? 'WALLET_SHORT' : null;
}

/** Whoever sees a code may ask for any amount with it: more than a little takes the rider's word. */
function onceCentsMax(
  { isFare, payer }: { isFare: boolean; payer: PayerState },
  limits: PaymentLimits,
): number {
  const { way, boundCents } = payer;
  const wayCentsMax = way === 'PAYMENT_CODE' ? limits.offlineCentsMax : limits.onlineCentsMax;
  if (boundCents !== null) return Math.min(boundCents, wayCentsMax);
  if (isFare || way === 'ORDER') return wayCentsMax;
  return Math.min(limits.unconfirmedCentsMax, wayCentsMax);
}

export type OrderState = 'OPEN' | 'PAID' | 'CANCELLED' | 'EXPIRED';

/** How an order stands now: one that nobody has paid ends by itself. */
export function orderStateAt(
  order: { state: Exclude<OrderState, 'EXPIRED'>; expiresAtMs: number },
  nowMs: number,
): OrderState {
  return order.state === 'OPEN' && nowMs > order.expiresAtMs ? 'EXPIRED' : order.state;
}
