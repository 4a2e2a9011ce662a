/**
 * What crosses the wire about a payment with network, in both directions and for all who pay or are
 * paid: riders' wallets, merchants' tills and gates (protocol/README.md §11–§14). Settlement checks
 * requests and writes answers with these shapes, clients check answers with them. It decides nothing.
 */
import { z } from 'zod';
import { gateIdSchema } from './gate-log.ts';
import { lineSchema } from './trust-list.ts';

/** How a fare or a price was paid; every statement says it. */
export const WAYS = ['TRANSIT_CODE', 'PAYMENT_CODE', 'ONLINE_CODE', 'ORDER'] as const;
export type Way = (typeof WAYS)[number];

/**
 * PAID and REFUSED are final and durable. UNKNOWN is neither: ask again with the same id, or reverse.
 * Whoever gets no answer at all has to treat it as UNKNOWN.
 */
export const OUTCOMES = ['PAID', 'REFUSED', 'UNKNOWN'] as const;
export type PaymentOutcome = (typeof OUTCOMES)[number];

/** Why nothing was paid. In order of precedence: when several apply, the first is the answer. */
export const PAYMENT_REASONS = [
  /** This id was taken back before it could pay. */
  'REVERSED',
  /** Too many wrong codes from here, or for this handle. */
  'TOO_MANY_TRIES',
  /** No such code. Says nothing about which part of it is wrong. */
  'CODE_REFUSED',
  'CODE_EXPIRED',
  /** A good code, but it was presented before: one code pays at most once, even if it was declined. */
  'CODE_USED',
  'ORDER_CANCELLED',
  'ORDER_EXPIRED',
  /** The account or this phone is on the deny list. */
  'DENIED',
  'FARE_UNKNOWN',
  /** More than one payment may be without the rider's confirmation online. */
  'OVER_AMOUNT_CAP',
  /** More than may be paid offline before the phone has been online again. */
  'OVER_OFFLINE_CAP',
  /** More than an account may spend in a day, all ways together. */
  'OVER_DAY_CAP',
  'WALLET_SHORT',
  /** Only with UNKNOWN: settlement has no payment under this id; it may still be on its way. */
  'NOT_RECEIVED',
] as const;
export type PaymentReason = (typeof PAYMENT_REASONS)[number];

export const AMOUNT_CENTS_MAX = 10_000_000;
export const NOTE_CHARS_MAX = 80;

const instantMs = z.int().min(0);
export const amountSchema = z.int().min(1).max(AMOUNT_CENTS_MAX);
export const idempotencyKeySchema = z.string().regex(/^[\w.:-]{8,64}$/);
export const merchantIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/);
export const orderIdSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
export const serverCodeSchema = z.string().regex(/^7[12]\d{16}$/);
export const noteSchema = z.string().max(NOTE_CHARS_MAX);
const handleSchema = z.string().regex(/^\d{8}$/);
const outcome = z.enum(OUTCOMES);
const reason = z.enum(PAYMENT_REASONS).nullable();

/** What a phone receives while online, to make payment codes with when it is not. */
export const seedSchema = z.object({
  handle: handleSchema,
  /** 32 bytes, hex; shown this once. */
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  /** Unix seconds after which no code of this handle pays. */
  expiresAtS: z.int(),
  /** Most that one payment code pays. */
  amountCentsMax: z.int(),
});
export type Seed = z.infer<typeof seedSchema>;

/** A one-time code of the server's making. The wallet shows `text` as it is, whatever its form. */
export const onlineCodeSchema = z.object({ text: z.string().max(200), expiresAtS: z.int() });
export type OnlineCode = z.infer<typeof onlineCodeSchema>;

export const payRequestSchema = z.strictObject({
  /** The till's id of this payment; the same id never pays twice. */
  idempotencyKey: idempotencyKeySchema,
  code: serverCodeSchema,
  amountCents: amountSchema,
  note: noteSchema.optional(),
});
export type PayRequest = z.infer<typeof payRequestSchema>;

export const refundSchema = z.object({
  idempotencyKey: idempotencyKeySchema,
  amountCents: amountSchema,
  atMs: instantMs,
});

/** A payment as its merchant sees it: nothing about who paid. */
export const paymentSchema = z.object({
  idempotencyKey: idempotencyKeySchema,
  outcome,
  reason,
  /** Null where nothing is known under this id. */
  way: z.enum(WAYS).nullable(),
  amountCents: z.int().min(0),
  refundedCents: z.int().min(0),
  note: z.string().nullable(),
  /** Counts a merchant's paid payments from 1, without gap; null where nothing was paid. */
  receipt: z.int().min(1).nullable(),
  order: orderIdSchema.nullable(),
  /** When it was decided; null where it is not. */
  atMs: instantMs.nullable(),
  refunds: z.array(refundSchema),
});
export type Payment = z.infer<typeof paymentSchema>;

export const paymentListSchema = z.object({
  items: z.array(paymentSchema),
  /** `after` for the next page; null where this is the last. */
  next: z.string().nullable(),
  totals: z.object({
    payments: z.int().min(0),
    paidCents: z.int().min(0),
    refundedCents: z.int().min(0),
  }),
});
export type PaymentList = z.infer<typeof paymentListSchema>;

export const ORDER_STATES = ['OPEN', 'PAID', 'CANCELLED', 'EXPIRED'] as const;

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

/** An order as a rider sees it before confirming. */
export const orderOfferSchema = z.object({
  order: orderIdSchema,
  state: z.enum(ORDER_STATES),
  merchantName: z.string(),
  amountCents: amountSchema,
  currency: z.string(),
  note: z.string().nullable(),
  expiresAtS: z.int(),
});
export type OrderOffer = z.infer<typeof orderOfferSchema>;

/** What a rider is told of a payment of theirs. */
export const riderPaymentSchema = z.object({
  outcome,
  reason,
  way: z.enum(WAYS),
  /** Merchant's name, or the line of a gate. */
  payee: z.string(),
  amountCents: z.int().min(0),
  atMs: instantMs.nullable(),
});
export type RiderPayment = z.infer<typeof riderPaymentSchema>;

export const merchantSchema = z.object({
  merchant: merchantIdSchema,
  name: z.string(),
  currency: z.string(),
});
export type Merchant = z.infer<typeof merchantSchema>;

/** Server-sent events: the name of each is its `kind`, its data this JSON. */
export const riderEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('PAYMENT'), payment: riderPaymentSchema }),
  /** Money came back; the account says how much there is now. */
  z.object({
    kind: z.literal('REFUND'),
    payee: z.string(),
    amountCents: amountSchema,
    atMs: instantMs,
  }),
  /** Balance, debt or denial changed: read them again. */
  z.object({ kind: z.literal('ACCOUNT') }),
]);
export type RiderEvent = z.infer<typeof riderEventSchema>;
export const merchantEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('PAYMENT'), payment: paymentSchema }),
  z.object({ kind: z.literal('ORDER'), order: orderSchema }),
]);
export type MerchantEvent = z.infer<typeof merchantEventSchema>;

/** A gate's question, signed as a whole by the gate's key (§14). */
export const gatePaymentSchema = z.strictObject({
  stile: z.literal('gate-payment/1'),
  gate: gateIdSchema,
  /** 16 random bytes as hex, stored before the first question; asking again uses the same. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  code: serverCodeSchema,
  line: lineSchema.shape.line,
  atMs: instantMs,
});
export type GatePayment = z.infer<typeof gatePaymentSchema>;

/** The answer to it: a JWS like the lists, because a gate believes nothing that is not signed. */
export const gatePaymentAnswerSchema = z.strictObject({
  stile: z.literal('gate-payment-answer/1'),
  gate: gateIdSchema,
  id: z.string().regex(/^[0-9a-f]{32}$/),
  outcome,
  reason,
  fareCents: z.int().min(0).nullable(),
  issuedAtS: z.int(),
});
export type GatePaymentAnswer = z.infer<typeof gatePaymentAnswerSchema>;
