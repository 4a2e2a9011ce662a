/** Who is paid: a merchant at a point of sale, or the transit line of a gate that asked. */
import { merchantAccountOf, revenueOf } from '../money/ledger.ts';

/** Under which id of theirs, and how much; a gate's fare is that of its line, now. */
export type Payee =
  | { kind: 'merchant'; merchant: string; idempotencyKey: string; amountCents: number }
  | { kind: 'gate'; gate: string; line: string; idempotencyKey: string };

/** The name under which payments of this payee are kept. */
export function payeeName(payee: Payee): string {
  return payee.kind === 'merchant' ? merchantAccountOf(payee.merchant) : gatePayee(payee.gate);
}

/** A gate as a payee: it asks, the line is paid. */
export function gatePayee(gate: string): string {
  return `gate:${gate}`;
}

/** Which ledger account has the money of a payment. */
export function ledgerAccountOf({ payee, line }: { payee: string; line: string | null }): string {
  return line === null ? payee : revenueOf(line);
}
