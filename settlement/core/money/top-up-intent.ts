/**
 * What is known of a top-up before its money is in: that a rider wants it, and what the provider of payments has
 * said. INTENT is stored before the provider is asked; UNKNOWN, when it gave no word, is asked again under the
 * same key, by the rider or by itself (top-up-inquiry.ts), and never guessed; FAILED moves no money. PAID is decided with the money (top-up.ts).
 */
import { type Decision, unchanged } from '../changes.ts';
import type { TopUpState } from '../payments/payment-changes.ts';
import { type TopUpRequest, WALLET_CENTS_MAX } from './top-up.ts';
import { FIRST_INQUIRY_MS, nextInquiryMs } from './top-up-inquiry.ts';

export type TopUpIntentFacts = {
  /** What was wanted under this key before; null if nothing was. */
  earlier: { amountCents: number; state: TopUpState; attempts: number } | null;
  walletCents: number;
};

/** `ask`: the provider is to be asked, for the first time or again. */
export type TopUpIntentResult = 'ask' | 'paid' | 'failed' | 'conflict' | 'tooMuch';

export function decideTopUpIntent(
  { earlier, walletCents }: TopUpIntentFacts,
  { account, key, amountCents, nowMs }: TopUpRequest,
): Decision<TopUpIntentResult> {
  if (earlier !== null) {
    if (earlier.amountCents !== amountCents) return unchanged('conflict');
    if (earlier.state === 'PAID') return unchanged('paid');
    return unchanged(earlier.state === 'FAILED' ? 'failed' : 'ask');
  }
  if (walletCents + amountCents > WALLET_CENTS_MAX) return unchanged('tooMuch');
  const intent = { account, key, amountCents, state: 'INTENT', attempts: 0, atMs: nowMs } as const;
  const dueAtMs = nowMs + FIRST_INQUIRY_MS;
  return { changes: [{ kind: 'saveTopUpIntent', ...intent, dueAtMs }], result: 'ask' };
}

export type TopUpOutcome = {
  account: string;
  key: string;
  state: 'UNKNOWN' | 'FAILED';
  nowMs: number;
};

/** What the provider said, if it is not that the money is in. What was paid stays paid. */
export function decideTopUpOutcome(
  { earlier }: TopUpIntentFacts,
  outcome: TopUpOutcome,
): Decision<void> {
  if (earlier === null || earlier.state === 'PAID') return unchanged(undefined);
  const { account, key, state, nowMs } = outcome;
  const { amountCents } = earlier;
  const attempts = earlier.attempts + 1;
  const dueAtMs = nextInquiryMs(attempts, nowMs);
  const intent = { account, key, amountCents, state, attempts, dueAtMs, atMs: nowMs };
  return { changes: [{ kind: 'saveTopUpIntent', ...intent }], result: undefined };
}
