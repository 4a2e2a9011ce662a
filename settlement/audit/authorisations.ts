/**
 * The checks of codes that settlement judged for a gate: whatever a gate opened for was paid, what it
 * did not open for was given back. They go by what the stored bytes of asks and answers say. They hold
 * the asks, answers and payments of one gate at a time.
 */
import { type Check, checkOf } from './check.ts';
import { readFields } from './log-bytes.ts';
import type { EpochRow, GatePaymentRow, LogRecordRow, PaymentRow } from './port.ts';

type AskRecord = { id: string | null; use: string | null };
type AnswerRecord = {
  record: number;
  arrival: number;
  verdict: string | null;
  disposition: string | null;
  fareCents: number | null;
  isVoided: boolean;
  /** Of an epoch that was adopted: it repeats what another has, and begins in the middle. */
  isBranch: boolean;
  /** The one that it answers, if that is in the same epoch, or before it if that is a branch. */
  ask: AskRecord | null;
};
/** An answer, which of those to its ask it is, and the payment under the ask's id. */
type JudgedAnswer = AnswerRecord & { isFirst: boolean; payment: GatePaymentRow | null };

type StoredAnswer = Omit<AnswerRecord, 'isVoided' | 'isBranch' | 'ask'> & {
  seq: number;
  of: number | null;
  use: string | null;
};
type EpochAnswers = {
  row: EpochRow;
  asks: Map<number, AskRecord>;
  answers: StoredAnswer[];
  voided: Set<number>;
};

/** What is known of one gate while its rows come. */
class GateAnswers {
  readonly name: string;
  readonly #payments = new Map<string, GatePaymentRow>();
  readonly #epochs = new Map<number, EpochAnswers>();
  #epoch: EpochAnswers | null = null;

  constructor(name: string) {
    this.name = name;
  }

  beginEpoch(row: EpochRow): void {
    this.#epoch = { row, asks: new Map(), answers: [], voided: new Set() };
    this.#epochs.set(row.id, this.#epoch);
  }

  addPayment(payment: GatePaymentRow): void {
    this.#payments.set(payment.key, payment);
  }

  add(row: LogRecordRow): void {
    const { id, arrival, seq, bytes, kind, verdict, disposition, use, ofSeq } = row;
    const epoch = this.#epoch;
    if (epoch === null) return;
    if (kind === 'void' && ofSeq !== null) epoch.voided.add(ofSeq);
    if (kind === 'ask') epoch.asks.set(seq, { id: readAskId(bytes), use });
    if (kind !== 'answer') return;
    const { of, fareCents } = readAnswer(bytes);
    const answer = { record: id, arrival, seq, of, use, verdict, disposition, fareCents };
    epoch.answers.push(answer);
  }

  /**
   * An answer may be voided as long as its epoch lasts, or by a branch that goes on behind it; an ask of another epoch
   * is meant only by a branch.
   */
  #answersOf(log: EpochAnswers): AnswerRecord[] {
    const { branchOf } = log.row;
    const behind = [...this.#epochs.values()].filter(({ voided }) => voided.size > 0);
    return log.answers.map(({ seq, of, use, ...answer }) => {
      const ask = of === null ? null : this.#findAsk(log, { of, use });
      const isVoided = behind.some(
        (other) => other.voided.has(seq) && this.#logOf(other, seq) === log,
      );
      return { ...answer, ask, isVoided, isBranch: branchOf !== null };
    });
  }

  #findAsk(log: EpochAnswers, { of, use }: { of: number; use: string | null }): AskRecord | null {
    const named = this.#logOf(log, of);
    return named === log || use !== null ? (named.asks.get(of) ?? null) : null;
  }

  /** In which log lies what a record of this one calls by that number. */
  #logOf(from: EpochAnswers, seq: number): EpochAnswers {
    let log = from;
    for (;;) {
      const { baseEpoch, baseSeq } = log.row;
      const base = baseEpoch === null ? undefined : this.#epochs.get(baseEpoch);
      if (base === undefined || seq > (baseSeq ?? 0)) return log;
      log = base;
    }
  }

  /**
   * In the order of their arrival. Answers to one use, also out of two epochs, are answers to one ask;
   * an ask without a use stands for itself.
   */
  *judged(): Iterable<JudgedAnswer> {
    const answered = new Set<string>();
    const answers = [...this.#epochs.values()].flatMap((epoch) => this.#answersOf(epoch));
    answers.sort((a, b) => a.arrival - b.arrival || a.record - b.record);
    for (const answer of answers) {
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
    epoch: (row) => gate.beginEpoch(row),
    logRecord: (record) => gate.add(record),
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
