/**
 * What follows from a gate's own account of an authorisation, a code that it asked settlement about: whether
 * the ride happened, and whether what was taken for it has to go back (protocol/README.md §14). It moves no money.
 */

/** A record of the gate's log that belongs to one authorisation. */
export type AuthorisationRecord = {
  id: number;
  kind: 'ask' | 'answer' | 'void';
  verdict: 'open' | 'refuse' | null;
  /** Of a void that of the record which it takes back. */
  epochId: number;
  seq: number;
  ofSeq: number | null;
  /** Of an answer: the fare that the gate was told was withheld. */
  fareCents: number | null;
};

/** What was paid under its id. */
export type AuthorisationPayment = { amountCents: number; refundedCents: number };

/**
 * How an answer has ended. VOIDED: the barrier could not be told. The other three a person has to look at.
 * UNPAID: opened, and no payment stands behind it. OTHER_FARE: one does, of another amount.
 * EXTRA_ANSWER: it had been answered before.
 */
export type AuthorisationDisposition = 'PAID' | 'VOIDED' | 'UNPAID' | 'OTHER_FARE' | 'EXTRA_ANSWER';

/**
 * `records` in the order in which they were taken in. The first answer counts, so that what becomes of
 * the money does not hang on how the log was cut into batches. `isShut`: by it, nobody went through.
 */
export function judgeAuthorisation(
  records: readonly AuthorisationRecord[],
  payment: AuthorisationPayment | null,
): { dispositions: ReadonlyMap<number, AuthorisationDisposition>; isShut: boolean } {
  const voids = new Set(
    records
      .filter(({ kind }) => kind === 'void')
      .map(({ epochId, ofSeq }) => `${epochId}/${ofSeq}`),
  );
  const dispositions = new Map<number, AuthorisationDisposition>();
  const [first, ...extra] = records.filter(({ kind }) => kind === 'answer');
  for (const { id } of extra) dispositions.set(id, 'EXTRA_ANSWER');
  if (first === undefined) return { dispositions, isShut: false };
  if (first.verdict === 'refuse') return { dispositions, isShut: true };
  const isVoided = voids.has(`${first.epochId}/${first.seq}`);
  dispositions.set(first.id, isVoided ? 'VOIDED' : endOf(first, payment));
  return { dispositions, isShut: isVoided };
}

function endOf(
  { fareCents }: AuthorisationRecord,
  payment: AuthorisationPayment | null,
): AuthorisationDisposition {
  if (payment === null || payment.refundedCents > 0) return 'UNPAID';
  return payment.amountCents === fareCents ? 'PAID' : 'OTHER_FARE';
}
