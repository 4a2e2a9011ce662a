/**
 * Puts one question about a payment or online code to settlement and says what came of it, in the words
 * of core/ask.ts. It asks once; whether to ask again is not decided here. Nothing that is not signed by
 * the operator for this gate and this question counts as an answer.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { concatBytes, utf8 } from '@stile/protocol/bytes.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { GatePayment, GatePaymentAnswer } from '@stile/protocol/payment.ts';
import type { Logger } from 'pino';
import type { AskResult, Question } from '../../core/authorisation.ts';
import { type Uplink, UplinkFault } from './uplink.ts';

const QUESTION_DOMAIN = utf8('Stile-gate-payment\0');
/** As much of an error as a note of the log holds. */
const DOUBT_CHARS_MAX = 300;

/** Where a gate's questions go. `ask` never rejects. */
export type AskPort = {
  readonly isKnownDown: boolean;
  ask(question: Question, timeoutMs: number): Promise<AskResult>;
};

export type AskerParts = {
  gate: string;
  line: string;
  key: SigningKey;
  uplink: Pick<Uplink, 'askPayment' | 'isKnownDown'>;
  log: Logger;
};

export function createAsker({ gate, line, key, uplink, log }: AskerParts): AskPort {
  return {
    get isKnownDown() {
      return uplink.isKnownDown;
    },

    async ask({ id, code, atMs }, timeoutMs) {
      const payment: GatePayment = { stile: 'gate-payment/1', gate, id, code, line, atMs };
      const body = utf8(JSON.stringify(payment));
      const signature = key.sign(concatBytes(QUESTION_DOMAIN, body));
      try {
        const answered = await uplink.askPayment(gate, body, base64Url(signature), timeoutMs);
        if (answered.kind === 'answered') return resultOf(answered.answer, gate, id);
        const { status, message } = answered;
        log.error({ ask: id, status, message }, 'settlement refuses a question about a payment');
        return { kind: 'rejected' };
      } catch (error) {
        log.debug({ ask: id, error: describeError(error) }, 'no answer about a payment');
        return failureOf(error);
      }
    },
  };
}

function resultOf(answer: GatePaymentAnswer, gate: string, id: string): AskResult {
  const { outcome, reason, fareCents } = answer;
  if (answer.gate !== gate || answer.id !== id) return doubtful('it answers another question');
  if (outcome === 'UNKNOWN') return { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };
  if (outcome === 'REFUSED' && reason !== null) return { kind: 'refused', reason };
  if (outcome === 'PAID' && reason === null && fareCents !== null) {
    return { kind: 'paid', fareCents };
  }
  return doubtful(`it says ${outcome} with reason ${reason} and fare ${fareCents}`);
}

function failureOf(error: unknown): AskResult {
  if (error instanceof UplinkFault) {
    const { sent, retryAfterMs } = error;
    return { kind: 'failed', sent, retryAfterMs, doubt: null };
  }
  if (error instanceof Fault && error.code === 'LIST_REFUSED') return doubtful(error.message);
  // A bug of ours must end as a refusal, not in an ask without an end.
  return { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };
}

function doubtful(why: string): AskResult {
  const doubt = why.slice(0, DOUBT_CHARS_MAX);
  return { kind: 'failed', sent: true, retryAfterMs: null, doubt };
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
