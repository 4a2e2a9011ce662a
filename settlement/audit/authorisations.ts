/**
 * The checks of codes that settlement judged for a gate: whatever a gate opened for was paid, what it
 * did not open for was given back. They go by what the stored bytes of asks and answers say. They hold
 * the asks, answers and payments of one gate at a time.
 */
import { type Check, checkOf } from './check.ts';
import { readFields } from './log-bytes.ts';
import type { GatePaymentRow, LogRecordRow, PaymentRow } from './port.ts';

type AskRecord = { id: string | null; use: string | null };
type AnswerRecord = {
  record: number;
  verdict: string | null;
  disposition: string | null;
  fareCents: number | null;
  isVoided: boolean;
  isBranch: boolean;
  /** The one that it answers, if that is in the same epoch. */
  ask: AskRecord | null;
};
/** An answer, which of those to its ask it is, and the payment under the ask's id. */
type JudgedAnswer = AnswerRecord & { isFirst: boolean; payment: GatePaymentRow | null };

/** What is known of one gate while its rows come. */
class GateAnswers {
  readonly name: string;
  readonly #payments = new Map<string, GatePaymentRow>();
  readonly #answers: AnswerRecord[] = [];
  #asks = new Map<number, AskRecord>();
  #open: { of: number | null; seq: number; answer: AnswerRecord }[] = [];
  #voided = new Set<number>();
  /** Of an epoch that was adopted: it repeats what another has, and begins in the middle. */
  #isBranch = false;

  constructor(name: string) {
    this.name = name;
  }

  beginEpoch(isBranch: boolean): void {
    this.#isBranch = isBranch;
  }

  addPayment(payment: GatePaymentRow): void {
    this.#payments.set(payment.key, payment);
  }

  add({ id, seq, bytes, kind, verdict, disposition, use, ofSeq }: LogRecordRow): void {
    if (kind === 'void' && ofSeq !== null) this.#voided.add(ofSeq);
    if (kind === 'ask') this.#asks.set(seq, { id: readAskId(bytes), use });
    if (kind !== 'answer') return;
    const { of, fareCents } = readAnswer(bytes);
    const answer = {
      record: id,
      verdict,
      disposition,
      fareCents,
      isVoided: false,
      isBranch: false,
      ask: null,
    };
    this.#open.push({ of, seq, answer });
  }

  /** An answer may be voided as long as its epoch lasts; an ask of another epoch is not meant. */
  endEpoch(): void {
    for (const { of, seq, answer } of this.#open) {
      const ask = of === null ? null : (this.#asks.get(of) ?? null);
      const isVoided = this.#voided.has(seq);
      this.#answers.push({ ...answer, ask, isVoided, isBranch: this.#isBranch });
    }
    this.#asks = new Map();
    this.#open = [];
    this.#voided = new Set();
  }

  /**
   * In the order of their arrival. Answers to one use, also out of two epochs, are answers to one ask;
   * an ask without a use stands for itself.
   */
  *judged(): Iterable<JudgedAnswer> {
    const answered = new Set<string>();
    for (const answer of this.#answers.sort((a, b) => a.record - b.record)) {
      const { ask } = answer;
      const use = ask?.use ?? null;
      const isFirst = use === null || !answered.has(use);
      if (use !== null) answered.add(use);
      const payment = ask?.id ? (this.#payments.get(ask.id) ?? null) : null;
      yield { ...answer, isFirst, payment };
    }
  }
}

export function checkAuthorisations(): Check {
  const counts = { asks: 0, opened: 0, waiting: 0 };
  const impossible: string[] = [];
  const unpaid: number[] = [];
  const notReturned: number[] = [];
  let gate = new GateAnswers('');
  return {
    payment: (payment) => {
      if (isWaiting(payment)) counts.waiting += 1;
    },
    record: ({ kind, verdict }) => {
      if (kind === 'ask') counts.asks += 1;
      if (kind === 'answer' && verdict === 'open') counts.opened += 1;
    },
    gate: ({ gate: name }) => {
      gate = new GateAnswers(name);
    },
    gatePayment: (payment) => gate.addPayment(payment),
    epoch: ({ branchOf }) => gate.beginEpoch(branchOf !== null),
    logRecord: (record) => gate.add(record),
    epochEnd: () => gate.endEpoch(),
    gateEnd: () => {
      for (const answer of gate.judged()) {
        const odd = oddityOf(answer);
        if (odd !== null && answer.isBranch) continue;
        if (odd !== null) {
          impossible.push(`${gate.name}: record ${answer.record} ${odd}`);
          continue;
        }
        if (!isRight(answer)) unpaid.push(answer.record);
        if (isNotReturned(answer)) notReturned.push(answer.record);
      }
    },
    results: () => {
      const { asks, opened, waiting } = counts;
      return [
        checkOf('every code that a gate opened for was paid', {
          wrong: namesOf(unpaid),
          good: `${opened} of ${asks} asks`,
        }),
        checkOf('what a gate did not open for was given back', {
          wrong: namesOf(notReturned),
          good: `all; ${waiting} paid, of which the gate has said nothing yet`,
        }),
        {
          ...checkOf('no gate says what cannot be', { wrong: impossible, good: 'none does' }),
          findings: impossible,
        },
      ];
    },
  };
}

/** A ride that was paid, and of which no gate has said yet whether it opened for it. */
function isWaiting({ line, outcome, refundedCents, isAnswered }: PaymentRow): boolean {
  return line !== null && outcome === 'PAID' && refundedCents === 0 && !isAnswered;
}

/** What only a gate that errs or lies writes: settlement took the first answer, and the books are as they must be. */
function oddityOf({ ask, isFirst }: JudgedAnswer): string | null {
  if (ask === null) return 'answers no ask';
  return isFirst ? null : 'answers an ask a second time';
}

/**
 * If an answer opened, that is paid in full, nothing of it
 * was given back, and it has ended as PAID; if the barrier then failed, it has ended as VOIDED.
 */
function isRight(answer: JudgedAnswer): boolean {
  const { verdict, isVoided, disposition, fareCents, payment } = answer;
  if (verdict !== 'open') return true;
  if (isVoided) return disposition === 'VOIDED';
  if (payment === null || payment.outcome !== 'PAID' || disposition !== 'PAID') return false;
  return payment.amountCents === fareCents && payment.refundedCents <= 0;
}

/** It stayed shut, so the payment under its ask must be there and must not have kept anything. */
function isNotReturned({ verdict, isVoided, payment }: JudgedAnswer): boolean {
  if (verdict !== 'refuse' && !isVoided) return false;
  if (payment === null) return true;
  return payment.outcome === 'PAID' && payment.refundedCents < payment.amountCents;
}

function namesOf(records: readonly number[]): string[] {
  return [...records].sort((a, b) => a - b).map((record) => `record ${record}`);
}

function readAskId(bytes: Uint8Array): string | null {
  const { id } = readFields(bytes);
  return typeof id === 'string' ? id : null;
}

function readAnswer(bytes: Uint8Array): { of: number | null; fareCents: number | null } {
  const { of, fareCents } = readFields(bytes);
  return { of: numberOf(of), fareCents: numberOf(fareCents) };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
