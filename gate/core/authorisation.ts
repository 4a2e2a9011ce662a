/**
 * One authorisation: what a gate does from the moment a payment or online code is shown until it knows
 * whether settlement has taken the fare (protocol/README.md §14). Part of the gate's state machine, and pure.
 *
 * While it is open an attempt is out, or the next waits for `retryAtMs` after one that brought no answer.
 * Every attempt sends the same request under the same id, so it cannot cost twice. An answer that can be
 * believed ends it; so does the end of its budget. What arrives later is for another id, or for none:
 * ignored.
 */
import type { PaymentReason } from '@stile/protocol/payment.ts';
import type { ServerCode } from '@stile/protocol/payment-code.ts';
import type { AuthorisationReason } from '@stile/protocol/reasons.ts';

/** Longest wait for one answer; a request that is lost must leave time for another. */
export const ATTEMPT_MS_MAX = 1_000;
/** A shorter rest of the budget is not worth an attempt. */
export const ATTEMPT_MS_MIN = 100;
/** An attempt is given up this much before the budget ends, so that how it failed is known by then. */
export const ATTEMPT_SLACK_MS = 50;
export const RETRY_MS_MIN = 50;
export const RETRY_MS_MAX = 400;

export type AuthorisationMethod = ServerCode['method'];

/** The same in each attempt: settlement sees the same bytes under the same id. */
export type AuthorisationRequest = { id: string; code: string; atMs: number };

export type OpenAuthorisation = {
  kind: 'open';
  request: AuthorisationRequest;
  endsAtMs: number;
  /** How many have gone out. */
  attempts: number;
  /** Null while an attempt is out. */
  retryAtMs: number | null;
  /** Whether any request may have reached settlement. */
  sent: boolean;
  /** Whether an answer that could not be believed was noted. */
  doubtNoted: boolean;
};

/** What came of one attempt. */
export type AttemptResult =
  | { kind: 'paid'; fareCents: number }
  | { kind: 'refused'; reason: PaymentReason }
  /** Whoever answers there does not take the request as it is, and would not the next time. */
  | { kind: 'rejected' }
  | {
      kind: 'failed';
      sent: boolean;
      retryAfterMs: number | null;
      /** Set if an answer came that this gate does not believe, and why. */
      doubt: string | null;
    };

/** How an authorisation ends; becomes its `answer` record. */
export type AuthorisationEnd =
  | { verdict: 'open'; reason: null; fareCents: number }
  | { verdict: 'refuse'; reason: AuthorisationReason; fareCents: number | null };

export type AuthorisationEffect =
  /** The `ask` record: durable before the first attempt goes out. */
  | { do: 'storeAsk'; id: string; method: AuthorisationMethod }
  | { do: 'authorise'; request: AuthorisationRequest; timeoutMs: number }
  | { do: 'storeNote'; note: 'ANSWER_REFUSED'; detail: string };

/** It goes on as `open`, or it has an `end`. */
export type AuthorisationStep =
  | { open: OpenAuthorisation; effects: readonly AuthorisationEffect[]; end: null }
  | { open: null; effects: readonly AuthorisationEffect[]; end: AuthorisationEnd };

/** What the display says for each reason of settlement's: the rider can do the same about several. */
export const AUTHORISATION_REASON_OF: Readonly<Record<PaymentReason, AuthorisationReason>> = {
  // Taken back before it could pay: as if it had never been tried.
  REVERSED: 'NO_ANSWER',
  TOO_MANY_TRIES: 'TOO_MANY_TRIES',
  CODE_REFUSED: 'CODE_REFUSED',
  CLOCK_OFF: 'CLOCK_OFF',
  CODE_EXPIRED: 'CODE_EXPIRED',
  CODE_USED: 'CODE_USED',
  // Orders are paid in the wallet, never at a gate.
  ORDER_PAID: 'CODE_REFUSED',
  ORDER_CANCELLED: 'CODE_REFUSED',
  ORDER_EXPIRED: 'CODE_REFUSED',
  DENIED: 'DENIED',
  FARE_UNKNOWN: 'FARE_UNKNOWN',
  OVER_AMOUNT_CAP: 'OVER_CAP',
  OVER_OFFLINE_CAP: 'OVER_CAP',
  OVER_DAY_CAP: 'OVER_CAP',
  WALLET_SHORT: 'WALLET_SHORT',
  NOT_RECEIVED: 'NO_ANSWER',
};

export function refusal(
  reason: AuthorisationReason,
  fareCents: number | null = null,
): AuthorisationEnd {
  return { verdict: 'refuse', reason, fareCents };
}

export function beginAuthorisation(
  request: AuthorisationRequest,
  { method, monoMs, budgetMs }: { method: AuthorisationMethod; monoMs: number; budgetMs: number },
) {
  const endsAtMs = monoMs + budgetMs;
  const { open, effects } = attempt(
    {
      kind: 'open',
      request,
      endsAtMs,
      attempts: 0,
      retryAtMs: null,
      sent: false,
      doubtNoted: false,
    },
    monoMs,
  );
  const storeAsk: AuthorisationEffect = { do: 'storeAsk', id: request.id, method };
  return { open, effects: [storeAsk, ...effects] };
}

export function onAttemptResult(
  open: OpenAuthorisation,
  result: AttemptResult,
  facts: { monoMs: number; barrierConnected: boolean; jitter: number },
): AuthorisationStep {
  const { monoMs, barrierConnected, jitter } = facts;
  // The answer came first in the world, but the budget was over: the rider has been told "retry".
  if (monoMs >= open.endsAtMs) return endWith(timeOver(open));
  switch (result.kind) {
    case 'paid': {
      const { fareCents } = result;
      if (!barrierConnected) return endWith(refusal('OUT_OF_ORDER', fareCents));
      return endWith({ verdict: 'open', reason: null, fareCents });
    }
    case 'refused':
      return endWith(refusal(AUTHORISATION_REASON_OF[result.reason]));
    case 'rejected':
      return endWith(refusal('NO_ANSWER'));
    case 'failed':
      return onFailed(open, result, { monoMs, jitter });
  }
}

export function onAuthorisationTick(open: OpenAuthorisation, monoMs: number): AuthorisationStep {
  if (monoMs >= open.endsAtMs) return endWith(timeOver(open));
  if (open.retryAtMs === null || monoMs < open.retryAtMs) return { open, effects: [], end: null };
  return attempt(open, monoMs);
}

/** When `onAuthorisationTick` has something to do. */
export function authorisationWakeAtMs(open: OpenAuthorisation): number {
  return Math.min(open.endsAtMs, open.retryAtMs ?? open.endsAtMs);
}

function onFailed(
  before: OpenAuthorisation,
  result: Extract<AttemptResult, { kind: 'failed' }>,
  { monoMs, jitter }: { monoMs: number; jitter: number },
): AuthorisationStep {
  const { doubt } = result;
  const retryAtMs = monoMs + Math.max(result.retryAfterMs ?? 0, retryMs(before.attempts, jitter));
  const open = {
    ...before,
    sent: before.sent || result.sent,
    doubtNoted: before.doubtNoted || doubt !== null,
    retryAtMs,
  };
  // One note an authorisation is enough: who forges answers must not fill the log.
  const effects: AuthorisationEffect[] =
    doubt === null || before.doubtNoted
      ? []
      : [{ do: 'storeNote', note: 'ANSWER_REFUSED', detail: doubt }];
  if (retryAtMs > open.endsAtMs - ATTEMPT_MS_MIN) {
    return { open: null, effects, end: timeOver(open) };
  }
  return { open, effects, end: null };
}

/**
 * Between half and the whole of a span that doubles with each attempt that went out; `jitter` is uniform
 * in [0, 1).
 */
export function retryMs(attempts: number, jitter: number): number {
  const spanMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempts - 1, 10));
  return Math.ceil(spanMs * (0.5 + 0.5 * jitter));
}

function attempt(
  before: OpenAuthorisation,
  monoMs: number,
): Extract<AuthorisationStep, { end: null }> {
  const restMs = Math.floor(before.endsAtMs - monoMs) - ATTEMPT_SLACK_MS;
  const timeoutMs = Math.min(ATTEMPT_MS_MAX, Math.max(ATTEMPT_SLACK_MS, restMs));
  const open = { ...before, attempts: before.attempts + 1, retryAtMs: null };
  return { open, effects: [{ do: 'authorise', request: before.request, timeoutMs }], end: null };
}

/** If no connection was ever made nothing was sent: there is no network, which the rider can use. */
function timeOver(open: OpenAuthorisation): AuthorisationEnd {
  return refusal(open.sent || open.retryAtMs === null ? 'NO_ANSWER' : 'NO_NETWORK');
}

function endWith(end: AuthorisationEnd): AuthorisationStep {
  return { open: null, effects: [], end };
}
