/** How long settlement keeps what nobody needs any more, and what a sweep takes away now. */
import { timeStepAt } from '@stile/protocol/payment-code.ts';
import type { Decision, Expired } from '../changes.ts';
import { FAILURE_WINDOW_MS } from '../payments/payment-rules.ts';

/** An expired code is known for so long, so that it can be called expired or used. */
const ONLINE_CODE_KEPT_MS = 3_600_000;
/** Time steps further back than this can match no more; a spent one need not be kept. */
const TIME_STEPS_KEPT = 60;
/** Rows that one sweep takes away of each kind, a few milliseconds; the next sweep takes more. */
const SWEEP_ROWS_MAX = 1_000;

export function decideSweep(nowMs: number): Decision<void> {
  const sweep = (what: Expired, end: { before: number; rowsMax?: null }) =>
    ({ kind: 'deleteExpired', what, rowsMax: SWEEP_ROWS_MAX, ...end }) as const;
  return {
    changes: [
      // These end at their instant, the others behind it.
      sweep('session', { before: Math.floor(nowMs / 1000) + 1, rowsMax: null }),
      sweep('gateToken', { before: nowMs + 1, rowsMax: null }),
      sweep('spentTimeStep', { before: timeStepAt(nowMs / 1000) - TIME_STEPS_KEPT }),
      sweep('onlineCode', { before: nowMs - ONLINE_CODE_KEPT_MS }),
      sweep('codeFailure', { before: nowMs - FAILURE_WINDOW_MS }),
      sweep('seed', { before: nowMs }),
      // Whatever else has changed without a word: a list, a restored book.
      { kind: 'judgeAgain', account: null },
    ],
    result: undefined,
  };
}
