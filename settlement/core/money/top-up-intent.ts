/**
 * What is known of a top-up before its money is in: that a rider wants it, and what the provider of payments has
 * said. INTENT is stored before the provider is asked; UNKNOWN, when it gave no word, is asked again under the
 * same key and never guessed; FAILED moves no money. PAID is decided with the money (top-up.ts).
 */
import { type Decision, unchanged } from '../changes.ts';
import type { TopUpState } from '../payments/payment-changes.ts';
import { type TopUpRequest, WALLET_CENTS_MAX } from './top-up.ts';

export type TopUpIntentFacts = {
  /** What was wanted under this key before; null if nothing was. */
  earlier: { amountCents: number; state: TopUpState } | null;
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
  const intent = { account, key, amountCents, state: 'INTENT', atMs: nowMs } as const;
  return { changes: [{ kind: 'saveTopUpIntent', ...intent }], result: 'ask' };
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
  return {
    changes: [{ kind: 'saveTopUpIntent', account, key, amountCents, state, atMs: nowMs }],
    result: undefined,
  };
}
