/**
 * What follows from a gate's own account of a code that it asked settlement about: whether the ride
 * happened, and whether what was taken for it has to go back (protocol/README.md §14). It moves no money.
 */

/** A record of the gate's log that belongs to one ask. */
export type AskRecordFacts = {
  id: number;
  kind: 'ask' | 'answer' | 'void';
  verdict: 'open' | 'refuse' | null;
  epochId: number;
  seq: number;
  ofSeq: number | null;
  /** Of an answer: the fare that the gate was told was withheld. */
  fareCents: number | null;
};

/** What was paid under the id of the ask. */
export type AskPayment = { amountCents: number; refundedCents: number };

/**
 * How an answer has ended. VOIDED: the barrier could not be told. The other three a person has to look at.
 * UNPAID: opened, and no payment stands behind it. OTHER_FARE: one does, of another amount.
 * EXTRA_ANSWER: the ask had been answered before.
 */
export type AskOutcome = 'PAID' | 'VOIDED' | 'UNPAID' | 'OTHER_FARE' | 'EXTRA_ANSWER';

/**
 * `records` in the order in which they were taken in. The first answer counts, so that what becomes of
 * the money does not hang on how the log was cut into batches. `isShut`: by it, nobody went through.
 */
export function decideAsk(
  records: readonly AskRecordFacts[],
  payment: AskPayment | null,
): { outcomes: ReadonlyMap<number, AskOutcome>; isShut: boolean } {
  const voids = new Set(
    records
      .filter(({ kind }) => kind === 'void')
      .map(({ epochId, ofSeq }) => `${epochId}/${ofSeq}`),
  );
  const outcomes = new Map<number, AskOutcome>();
  const [first, ...extra] = records.filter(({ kind }) => kind === 'answer');
  for (const { id } of extra) outcomes.set(id, 'EXTRA_ANSWER');
  if (first === undefined) return { outcomes, isShut: false };
  if (first.verdict === 'refuse') return { outcomes, isShut: true };
  const isVoided = voids.has(`${first.epochId}/${first.seq}`);
  outcomes.set(first.id, isVoided ? 'VOIDED' : endOf(first, payment));
  return { outcomes, isShut: isVoided };
}

function endOf({ fareCents }: AskRecordFacts, payment: AskPayment | null): AskOutcome {
  if (payment === null || payment.refundedCents > 0) return 'UNPAID';
  return payment.amountCents === fareCents ? 'PAID' : 'OTHER_FARE';
}
