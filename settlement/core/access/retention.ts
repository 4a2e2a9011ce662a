/** How long settlement keeps what nobody needs any more, and what a sweep takes away now. */
import { timeStepAt } from '@stile/protocol/payment-code.ts';
import type { Decision, Expired } from '../changes.ts';
import { FAILURE_WINDOW_MS } from '../payments/payment-rules.ts';
import { ENROLMENT_WINDOW_MS } from './enrolment.ts';

/** An expired code is known for so long, so that it can be called expired or used. */
const ONLINE_CODE_KEPT_MS = 3_600_000;
/** Time steps further back than this can match no more; a spent one need not be kept. */
const TIME_STEPS_KEPT = 60;
/** An invitation or an operator's token is known for so long behind its end. */
const CREDENTIAL_KEPT_MS = 30 * 86_400_000;
/** Whoever listens again later has read the state anew anyway. */
export const EVENTS_KEPT_MS = 3_600_000;
/** Every payment makes some: the sweep has to keep up with them. */
const SWEEP_EVENTS_MAX = 10_000;
/** Rows that one sweep takes away of each kind, a few milliseconds; the next sweep takes more. */
const SWEEP_ROWS_MAX = 1_000;

export function decideSweep(nowMs: number): Decision<void> {
  const sweep = (what: Expired, before: number) =>
    ({ kind: 'deleteExpired', what, rowsMax: SWEEP_ROWS_MAX, before }) as const;
  return {
    changes: [
      // These end at their instant, the others behind it.
      sweep('session', Math.floor(nowMs / 1000) + 1),
      sweep('gateToken', nowMs + 1),
      { ...sweep('usedChallenge', Math.floor(nowMs / 1000)), rowsMax: SWEEP_EVENTS_MAX },
      sweep('spentTimeStep', timeStepAt(nowMs / 1000) - TIME_STEPS_KEPT),
      sweep('onlineCode', nowMs - ONLINE_CODE_KEPT_MS),
      sweep('codeFailure', nowMs - FAILURE_WINDOW_MS),
      sweep('enrolment', nowMs - ENROLMENT_WINDOW_MS),
      sweep('seed', nowMs),
      // Used or not, it opens nothing any more.
      sweep('invite', nowMs - CREDENTIAL_KEPT_MS),
      sweep('operatorToken', nowMs - CREDENTIAL_KEPT_MS),
      { ...sweep('riderEvent', nowMs - EVENTS_KEPT_MS), rowsMax: SWEEP_EVENTS_MAX },
      { ...sweep('merchantEvent', nowMs - EVENTS_KEPT_MS), rowsMax: SWEEP_EVENTS_MAX },
      // Whatever else has changed without a word: a list, a restored book.
      { kind: 'judgeAgain', account: null },
    ],
    result: undefined,
  };
}
