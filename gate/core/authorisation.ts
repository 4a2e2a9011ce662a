/**
 * One ask: what a gate does from the moment a payment or online code is shown until it knows whether
 * settlement has taken the fare (protocol/README.md §14). Part of the gate's state machine, and pure.
 *
 * `asking`: a question is out, or waits for `retryAtMs` after one that brought no answer. A question is
 * asked again under the same id, so it cannot cost twice. An answer that can be believed ends the ask;
 * so does the end of its budget. What arrives later is for another ask's id, or for none: ignored.
 */
import type { PaymentReason } from '@stile/protocol/payment.ts';
import type { ServerCode } from '@stile/protocol/payment-code.ts';
import type { AskReason } from '@stile/protocol/reasons.ts';

/** Longest wait for one answer; a question that is lost must leave time for another. */
export const ATTEMPT_MS_MAX = 1_000;
/** A shorter rest of the budget is not worth a question. */
export const ATTEMPT_MS_MIN = 100;
/** A question is given up this much before the budget ends, so that how it failed is known by then. */
export const ATTEMPT_SLACK_MS = 50;
export const RETRY_MS_MIN = 50;
export const RETRY_MS_MAX = 400;

export type AskWay = ServerCode['way'];

/** What is asked, the same each time: settlement sees the same bytes under the same id. */
export type Question = { id: string; code: string; atMs: number };

export type AskState = {
  question: Question;
  endsAtMs: number;
  /** Questions that have gone out. */
  attempts: number;
  /** Null while a question is out. */
  retryAtMs: number | null;
  /** Whether any question may have reached settlement. */
  sent: boolean;
  /** Whether an answer that could not be believed was noted. */
  noted: boolean;
};

/** What came of one question. */
export type AskResult =
  | { kind: 'paid'; fareCents: number }
  | { kind: 'refused'; reason: PaymentReason }
  /** Whoever answers there does not take the question as it is, and would not the next time. */
  | { kind: 'rejected' }
  | {
      kind: 'failed';
      sent: boolean;
      retryAfterMs: number | null;
      /** Set where an answer came that this gate does not believe, and why. */
      doubt: string | null;
    };

/** How an ask ends; becomes its `answer` record. */
export type AskEnd =
  | { verdict: 'open'; reason: null; fareCents: number }
  | { verdict: 'refuse'; reason: AskReason; fareCents: number | null };

export type AskEffect =
  /** Durable before the question goes out. */
  | { do: 'storeAsk'; id: string; way: AskWay }
  | { do: 'ask'; question: Question; timeoutMs: number }
  | { do: 'storeNote'; note: 'ANSWER_REFUSED'; detail: string };

export type AskStep = { ask: AskState | null; effects: readonly AskEffect[]; end: AskEnd | null };

/** What the display says for each reason of settlement's: the rider can do the same about several. */
export const ASK_REASON_OF: Readonly<Record<PaymentReason, AskReason>> = {
  // Taken back before it could pay: as if nothing had been asked.
  REVERSED: 'NO_ANSWER',
  TOO_MANY_TRIES: 'TOO_MANY_TRIES',
  CODE_REFUSED: 'CODE_REFUSED',
  CODE_EXPIRED: 'CODE_EXPIRED',
  CODE_USED: 'CODE_USED',
  // Orders are paid in the wallet, never at a gate.
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

export function refusal(reason: AskReason, fareCents: number | null = null): AskEnd {
  return { verdict: 'refuse', reason, fareCents };
}

export function beginAsk(
  question: Question,
  way: AskWay,
  monoMs: number,
  budgetMs: number,
): AskStep & { ask: AskState } {
  const endsAtMs = monoMs + budgetMs;
  const { ask, effects } = askOnce(
    { question, endsAtMs, attempts: 0, retryAtMs: null, sent: false, noted: false },
    monoMs,
  );
  return { ask, effects: [{ do: 'storeAsk', id: question.id, way }, ...effects], end: null };
}

/** `jitter`: uniform in [0, 1). */
export function onAskResult(
  before: AskState,
  result: AskResult,
  monoMs: number,
  barrierConnected: boolean,
  jitter: number,
): AskStep {
  // The answer came first in the world, but the budget was over: the rider has been told "retry".
  if (monoMs >= before.endsAtMs) return ended(timeOver(before));
  switch (result.kind) {
    case 'paid': {
      const { fareCents } = result;
      if (!barrierConnected) return ended(refusal('OUT_OF_ORDER', fareCents));
      return ended({ verdict: 'open', reason: null, fareCents });
    }
    case 'refused':
      return ended(refusal(ASK_REASON_OF[result.reason]));
    case 'rejected':
      return ended(refusal('NO_ANSWER'));
    case 'failed':
      return onFailed(before, result, monoMs, jitter);
  }
}

export function onAskTick(ask: AskState, monoMs: number): AskStep {
  if (monoMs >= ask.endsAtMs) return ended(timeOver(ask));
  if (ask.retryAtMs === null || monoMs < ask.retryAtMs) return { ask, effects: [], end: null };
  return askOnce(ask, monoMs);
}

/** When `onAskTick` has something to do. */
export function askWakeAtMs(ask: AskState): number {
  return Math.min(ask.endsAtMs, ask.retryAtMs ?? ask.endsAtMs);
}

function onFailed(
  before: AskState,
  result: Extract<AskResult, { kind: 'failed' }>,
  monoMs: number,
  jitter: number,
): AskStep {
  const { doubt } = result;
  const ask = {
    ...before,
    sent: before.sent || result.sent,
    noted: before.noted || doubt !== null,
    retryAtMs: monoMs + Math.max(result.retryAfterMs ?? 0, retryMs(before.attempts, jitter)),
  };
  // One note an ask is enough: who forges answers must not fill the log.
  const effects: AskEffect[] =
    doubt === null || before.noted
      ? []
      : [{ do: 'storeNote', note: 'ANSWER_REFUSED', detail: doubt }];
  if (ask.retryAtMs > ask.endsAtMs - ATTEMPT_MS_MIN) {
    return { ask: null, effects, end: timeOver(ask) };
  }
  return { ask, effects, end: null };
}

/** Between half and the whole of a span that doubles with each question that went out. */
export function retryMs(attempts: number, jitter: number): number {
  const spanMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempts - 1, 10));
  return Math.ceil(spanMs * (0.5 + 0.5 * jitter));
}

function askOnce(before: AskState, monoMs: number): AskStep & { ask: AskState } {
  const restMs = Math.floor(before.endsAtMs - monoMs) - ATTEMPT_SLACK_MS;
  const timeoutMs = Math.min(ATTEMPT_MS_MAX, Math.max(ATTEMPT_SLACK_MS, restMs));
  const ask = { ...before, attempts: before.attempts + 1, retryAtMs: null };
  return { ask, effects: [{ do: 'ask', question: before.question, timeoutMs }], end: null };
}

/** Where no connection was ever made nothing was sent: there is no network, which the rider can use. */
function timeOver(ask: AskState): AskEnd {
  return refusal(ask.sent || ask.retryAtMs === null ? 'NO_ANSWER' : 'NO_NETWORK');
}

function ended(end: AskEnd): AskStep {
  return { ask: null, effects: [], end };
}
