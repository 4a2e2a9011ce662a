/**
 * What crosses HTTP between a merchant's till and settlement (protocol/README.md §12, §13): to be paid with a
 * code, what became of it, money back, orders, events. The till's own token is the credential.
 */
import { z } from 'zod';
import {
  AMOUNT_CENTS_MAX,
  amountSchema,
  idempotencyKeySchema,
  instantMs,
  MERCHANT_ROLES,
  merchantIdSchema,
  noteSchema,
  ORDER_STATES,
  orderIdSchema,
  PAYMENT_METHODS,
  PAYMENT_OUTCOMES,
  reasonSchema,
  serverCodeSchema,
} from '../payment.ts';

export const merchantSchema = z.object({
  merchant: merchantIdSchema,
  name: z.string(),
  currency: z.string(),
  /** Whose calendar days are the shop's. */
  timeZone: z.string(),
  role: z.enum(MERCHANT_ROLES),
});
export type Merchant = z.infer<typeof merchantSchema>;

export const payRequestSchema = z.strictObject({
  /** The till's id of this payment; the same id never pays twice. */
  idempotencyKey: idempotencyKeySchema,
  code: serverCodeSchema,
  amountCents: amountSchema,
  note: noteSchema.optional(),
});
export type PayRequest = z.infer<typeof payRequestSchema>;

export const refundRequestSchema = z.strictObject({
  idempotencyKey: idempotencyKeySchema.describe("the refund's own"),
  amountCents: amountSchema.max(AMOUNT_CENTS_MAX),
});
export type RefundRequest = z.infer<typeof refundRequestSchema>;

export const refundSchema = z.object({
  idempotencyKey: idempotencyKeySchema,
  amountCents: amountSchema,
  atMs: instantMs,
});

/** A payment as its merchant sees it: nothing about who paid. */
export const paymentSchema = z.object({
  idempotencyKey: idempotencyKeySchema,
  outcome: z.enum(PAYMENT_OUTCOMES),
  reason: reasonSchema,
  /** Null if nothing is known under this id. */
  way: z.enum(PAYMENT_METHODS).nullable(),
  amountCents: z.int().min(0),
  refundedCents: z.int().min(0),
  note: z.string().nullable(),
  /** Counts a merchant's paid payments from 1, without gap; null if nothing was paid. */
  receipt: z.int().min(1).nullable(),
  order: orderIdSchema.nullable(),
  /** When it was decided; null if it is not. */
  atMs: instantMs.nullable(),
  refunds: z.array(refundSchema),
});
export type Payment = z.infer<typeof paymentSchema>;

export const paymentListSchema = z.object({
  items: z.array(paymentSchema),
  /** `after` for the next page; null if this is the last. */
  next: z.string().nullable(),
  totals: z.object({
    payments: z.int().min(0),
    paidCents: z.int().min(0),
    refundedCents: z.int().min(0),
  }),
});
export type PaymentList = z.infer<typeof paymentListSchema>;

export const orderRequestSchema = z.strictObject({
  idempotencyKey: idempotencyKeySchema,
  amountCents: amountSchema,
  note: noteSchema.optional(),
});
export type OrderRequest = z.infer<typeof orderRequestSchema>;

/** An order as its merchant sees it. `link` is what the QR shows; a phone's camera opens it. */
export const orderSchema = z.object({
  order: orderIdSchema,
  idempotencyKey: idempotencyKeySchema,
  state: z.enum(ORDER_STATES),
  amountCents: amountSchema,
  note: z.string().nullable(),
  link: z.string(),
  createdAtMs: instantMs,
  expiresAtS: z.int(),
});
export type Order = z.infer<typeof orderSchema>;

/** Server-sent events: the name of each is its `kind`, its data this JSON. */
export const merchantEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('PAYMENT'), payment: paymentSchema }),
  z.object({ kind: z.literal('ORDER'), order: orderSchema }),
]);
export type MerchantEvent = z.infer<typeof merchantEventSchema>;
