/** What settlement says about the rider's account, as its answers are checked here, and what follows. */
import { PAYMENT_METHODS } from '@stile/protocol/payment.ts';
import { z } from 'zod';

export const riderSchema = z.object({
  account: z.string(),
  balanceCents: z.int(),
  debtCents: z.int(),
  denied: z.boolean(),
  deniedReason: z.string().nullable(),
  passes: z.array(z.object({ serial: z.int(), denied: z.boolean() })),
});
export type Rider = z.infer<typeof riderSchema>;

export const statementItemSchema = z.object({
  kind: z.enum(['ride', 'payment', 'refund', 'topUp']),
  way: z.enum(PAYMENT_METHODS).nullable(),
  payee: z.string().nullable(),
  riddenAtMs: z.int().nullable(),
  chargedAtMs: z.int(),
  line: z.string().nullable(),
  amountCents: z.int(),
  owedCents: z.int(),
  state: z.string(),
  reason: z.string().nullable(),
});
export type StatementItem = z.infer<typeof statementItemSchema>;

export const statementSchema = z.object({
  items: z.array(statementItemSchema),
  next: z.string().nullable(),
});
export type Statement = z.infer<typeof statementSchema>;

/** Why gates refuse this phone's pass: the account is denied, or this pass alone. Null where none do. */
export function denialOf(
  rider: Rider,
  serial: number,
): { reason: string | null; debtCents: number } | null {
  const { debtCents, deniedReason: reason } = rider;
  const isPassDenied = rider.passes.some((pass) => pass.serial === serial && pass.denied);
  return rider.denied || isPassDenied ? { reason, debtCents } : null;
}

/** Money that came or that was spent; a ride that was taken back cost nothing. */
export function signOf({ kind, amountCents }: StatementItem): '+' | '\u2212' | '' {
  if (amountCents === 0) return '';
  return kind === 'topUp' || kind === 'refund' ? '+' : '\u2212';
}
