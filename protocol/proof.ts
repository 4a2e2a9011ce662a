/**
 * Proof of possession: what a phone's or a gate's key signs to show that its holder is here now
 * (protocol/README.md §9). The server's challenge makes it fresh; the purpose keeps a proof for one
 * thing from serving another; the subject binds it to what is asked for.
 */

import { concatBytes, utf8 } from './bytes.ts';
import { DOMAINS } from './domains.ts';

export type ProofPurpose =
  | 'enrol-rider'
  | 'recover-account'
  | 'open-session'
  | 'renew-pass'
  | 'make-recovery-code'
  | 'make-phone-code'
  | 'block-phone'
  | 'make-payment-seed'
  | 'make-online-code'
  | 'confirm-order'
  | 'enrol-gate'
  | 'spend-gate-token';

/** The message to sign. `subject`: device key, account or enrolment token, as §9 says per purpose. */
export function proofMessage(
  purpose: ProofPurpose,
  { challenge, subject }: { challenge: string; subject: string },
): Uint8Array {
  return concatBytes(DOMAINS.proof, utf8(`${purpose}\0${challenge}\0${subject}`));
}

/** An order as the phone showed it. */
export type ShownOrder = { order: string; amountCents: number; merchantName: string };

/** What the subject of `confirm-order` has behind account and serial; the name is last, it may hold a slash. */
export function aboutOrder({ order, amountCents, merchantName }: ShownOrder): string {
  return `/${order}/${amountCents}/${merchantName}`;
}

/** The same of `make-online-code`. `amountCents`: the most that the code pays, if the rider says so. */
export function aboutOnlineCode(amountCents: number | undefined): string {
  return amountCents === undefined ? '' : `/${amountCents}`;
}
