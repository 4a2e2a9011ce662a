/**
 * Asks settlement once whether a payment or online code pays, and says what came of it, in the words of
 * core/authorisation.ts. Whether to try again is not decided here. Nothing that is not signed by the
 * operator for this gate and this request counts as an answer.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import {
  type AuthorisationAnswer,
  type AuthorisationBody,
  signAuthorisation,
} from '@stile/protocol/http/gate-api.ts';
import type { Logger } from 'pino';
import type { AttemptResult, AuthorisationRequest } from '../../core/authorisation.ts';
import { type Uplink, UplinkFault } from './uplink.ts';

/** As much of an error as a note of the log holds. */
const DOUBT_CHARS_MAX = 300;

/** Where a gate's authorisations go. `attempt` never rejects. */
export type Authoriser = {
  readonly isKnownDown: boolean;
  attempt(request: AuthorisationRequest, timeoutMs: number): Promise<AttemptResult>;
};

export type AuthoriserParts = {
  gate: string;
  line: string;
  key: SigningKey;
  uplink: Pick<Uplink, 'authorise' | 'isKnownDown'>;
  log: Logger;
};

export function createAuthoriser({ gate, line, key, uplink, log }: AuthoriserParts): Authoriser {
  return {
    get isKnownDown() {
      return uplink.isKnownDown;
    },

    async attempt({ id, code, atMs }, timeoutMs) {
      const question: AuthorisationBody = { stile: 'gate-payment/1', gate, id, code, line, atMs };
      const body = utf8(JSON.stringify(question));
      const signature = signAuthorisation(body, key);
      try {
        const result = await uplink.authorise(gate, { body, signature, timeoutMs });
        if (result.kind === 'answered') return resultOf(result.answer, { gate, id });
        const { status, message } = result;
        log.error({ ask: id, status, message }, 'settlement refuses a question about a payment');
        return { kind: 'rejected' };
      } catch (error) {
        log.debug({ ask: id, error: describeError(error) }, 'no answer about a payment');
        return failureOf(error);
      }
    },
  };
}

function resultOf(
  answer: AuthorisationAnswer,
  { gate, id }: { gate: string; id: string },
): AttemptResult {
  const { outcome, reason, fareCents } = answer;
  if (answer.gate !== gate || answer.id !== id) return doubtful('it answers another question');
  if (outcome === 'UNKNOWN') return { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };
  if (outcome === 'REFUSED' && reason !== null) return { kind: 'refused', reason };
  if (outcome === 'PAID' && reason === null && fareCents !== null) {
    return { kind: 'paid', fareCents };
  }
  return doubtful(`it says ${outcome} with reason ${reason} and fare ${fareCents}`);
}

function failureOf(error: unknown): AttemptResult {
  if (error instanceof UplinkFault) {
    const { sent, retryAfterMs } = error;
    return { kind: 'failed', sent, retryAfterMs, doubt: null };
  }
  if (error instanceof Fault && error.code === 'ANSWER_REFUSED') return doubtful(error.message);
  // A bug of ours must end as a refusal, not in an authorisation without an end.
  return { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };
}

function doubtful(why: string): AttemptResult {
  const doubt = why.slice(0, DOUBT_CHARS_MAX);
  return { kind: 'failed', sent: true, retryAfterMs: null, doubt };
}
