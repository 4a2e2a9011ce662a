/**
 * What crosses HTTP between a rider's phone and settlement (protocol/README.md §9, §11–§13): enrolment,
 * sessions and passes by proof of possession, the account and its statement, codes to pay with, orders to
 * confirm, events. Settlement checks requests and writes responses with these shapes, phones check
 * responses with them.
 */
import { z } from 'zod';
import {
  amountSchema,
  instantMs,
  ORDER_STATES,
  orderIdSchema,
  PAYMENT_METHODS,
  PAYMENT_OUTCOMES,
  reasonSchema,
} from '../payment.ts';

/** An account's pseudonym: 8 random bytes, hex. */
export const accountSchema = z.string().regex(/^[0-9a-f]{16}$/);
export const passSerialSchema = z.int().min(1).max(0xffffffff);
const challenge = z.string().min(1).max(100);
const proof = z.string().regex(/^[0-9a-f]{128}$/);

/** What the operator gave to who may enrol. */
const invite = z.string().min(1).max(100).optional();

/** Good once, for a short time. */
export const challengeSchema = z.object({ challenge: z.string(), expiresAtS: z.int() });
export type Challenge = z.infer<typeof challengeSchema>;

const ed25519 = {
  algorithm: z.literal('Ed25519'),
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
  challenge,
  proof,
};
const p256 = {
  ...ed25519,
  algorithm: z.literal('P-256'),
  publicKey: z.string().regex(/^0[23][0-9a-f]{64}$/),
};

/** A new device key; proof `enrol-rider` over the challenge, subject: the key's hex. */
export const riderEnrolmentSchema = z.discriminatedUnion('algorithm', [
  z.strictObject({ ...ed25519, invite }),
  z.strictObject({ ...p256, invite }),
]);
export type RiderEnrolment = z.infer<typeof riderEnrolmentSchema>;

/** Opens a session or renews a pass; the proof's subject is `account/serial`. */
export const passProofSchema = z.strictObject({
  account: accountSchema,
  serial: passSerialSchema,
  challenge,
  proof,
});
export type PassProof = z.infer<typeof passProofSchema>;

/** Beside a session, for what spends or outlives it: the phone's own key signs, with a purpose of its own. */
export const presenceSchema = z.strictObject({ challenge, proof });
export type Presence = z.infer<typeof presenceSchema>;

/** A bearer token of 30 minutes. */
export const sessionSchema = z.object({ token: z.string(), expiresAtS: z.int() });
export type Session = z.infer<typeof sessionSchema>;

export const issuedPassSchema = z.object({
  account: z.string(),
  issuer: z.int(),
  serial: z.int(),
  pass: z
    .string()
    .regex(/^(?:[0-9a-f]{2})+$/)
    .describe('hex of the signed pass'),
  expiresAtS: z.int(),
});
export type IssuedPass = z.infer<typeof issuedPassSchema>;

export const enrolledRiderSchema = issuedPassSchema.extend({ session: sessionSchema });
export type EnrolledRider = z.infer<typeof enrolledRiderSchema>;

/** As a person writes it (§15): it is read as leniently. */
const code = z.string().min(1).max(60);

/** Who asks for one account wants no other: a code of another one then does nothing. */
const account = accountSchema
  .optional()
  .describe('the account that is meant; a code of another one is RECOVERY_OTHER_ACCOUNT');

/** A new device key takes an account over; proof `recover-account`, subject: the key's hex. */
export const recoverySchema = z.discriminatedUnion('algorithm', [
  z.strictObject({ ...ed25519, code, account }),
  z.strictObject({ ...p256, code, account }),
]);
export type Recovery = z.infer<typeof recoverySchema>;

/** Shown this once; the one before it ends when this one is confirmed. */
export const recoveryCodeSchema = z.object({ code: z.string(), madeAtMs: instantMs });
export type RecoveryCode = z.infer<typeof recoveryCodeSchema>;

/** Its rider has it on paper. */
export const codeConfirmationSchema = z.strictObject({ code });

/** `recoveryCode`: the next one; null for a second phone, which leaves the first one its own. */
export const recoveredRiderSchema = enrolledRiderSchema.extend({
  recoveryCode: recoveryCodeSchema.nullable(),
});
export type RecoveredRider = z.infer<typeof recoveredRiderSchema>;

/** For a second phone of the same account: used like a recovery code, ends by itself. */
export const phoneCodeSchema = z.object({ code: z.string(), expiresAtS: z.int() });
export type PhoneCode = z.infer<typeof phoneCodeSchema>;

/** With a recovery code, from anywhere: no phone of the account is good for anything any more. */
export const blockSchema = z.strictObject({ code, account });
export const blockedSchema = z.object({ phones: z.int().describe('how many were blocked now') });
export type Blocked = z.infer<typeof blockedSchema>;

const cents = z.int();

/** The account as its rider and an operator see it. */
export const riderSchema = z.object({
  account: z.string(),
  balanceCents: cents,
  debtCents: cents,
  denied: z.boolean(),
  deniedReason: z.string().nullable(),
  /** Rides at gates that cannot ask, which a pass would have that is issued now; why there are none. */
  offline: z.object({
    allowance: z.int(),
    reason: z.enum(['NOTHING_BEHIND', 'CODES_COPIED']).nullable(),
  }),
  passes: z.array(
    z.object({
      serial: z.int(),
      algorithm: z.enum(['Ed25519', 'P-256']),
      issuedAtS: z.int(),
      expiresAtS: z.int(),
      denied: z.boolean(),
      ended: z
        .enum(['MOVED', 'BLOCKED'])
        .nullable()
        .describe('the account moved to another phone, or a rider blocked this one'),
      addedBy: z
        .int()
        .nullable()
        .describe('the serial of the phone whose code let it join; null: none did'),
      hasSeed: z
        .boolean()
        .describe(
          'payment codes of this phone pay; if not, fetch a new seed: the one before was ended',
        ),
    }),
  ),
  revokedIssuerKeys: z
    .array(z.int())
    .describe('ids of the keys that were revoked: a pass that one signed opens no gate, renew it'),
  /** When the recovery code was made that its rider has on paper; null: there is none. */
  recoveryCodeMadeAtMs: instantMs.nullable(),
  /** When the newest one was made that nobody has confirmed; null: there is none. */
  unconfirmedCodeMadeAtMs: instantMs.nullable(),
  /** Until when an earlier code still works beside the one that was confirmed in its place; null: there is none. */
  earlierCodeUntilMs: instantMs.nullable(),
});
export type Rider = z.infer<typeof riderSchema>;

export const statementItemSchema = z.object({
  id: z.string().describe('of this row among those of the account; never changes'),
  kind: z.enum(['ride', 'payment', 'refund', 'topUp']),
  way: z.enum(PAYMENT_METHODS).nullable().describe('how it was paid; null for a top-up'),
  payee: z.string().nullable().describe("a merchant's name; a ride has its line"),
  riddenAtMs: z.int().nullable().describe('when it was; null if nobody rode'),
  riddenAtSource: z
    .enum(['GATE', 'BOOT', 'CODE', 'BOUND'])
    .nullable()
    .describe("GATE: by the gate's clock, which was known; otherwise how it was found instead"),
  chargedAtMs: z.int().describe('when it was recorded here'),
  line: z.string().nullable(),
  amountCents: cents,
  owedCents: cents,
  state: z.string(),
  reason: z.string().nullable(),
});
export type StatementItem = z.infer<typeof statementItemSchema>;

export const statementSchema = z.object({
  items: z.array(statementItemSchema),
  next: z.string().nullable().describe('`after` for the next page; null if this is the last'),
});
export type Statement = z.infer<typeof statementSchema>;

/** What one top-up may bring. */
export const TOP_UP_CENTS_MAX = 1_000_000;

export const topUpSchema = z.strictObject({
  amountCents: z.int().min(1).max(TOP_UP_CENTS_MAX),
  idempotencyKey: z.string().regex(/^[\w.:-]{1,100}$/),
});
export type TopUp = z.infer<typeof topUpSchema>;

export const moneySchema = z.object({ balanceCents: cents, debtCents: cents });
export type Money = z.infer<typeof moneySchema>;

export const handleSchema = z.string().regex(/^\d{8}$/);

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

/** `amountCents`: the most that the code shall pay; needed where a code alone does not pay so much. */
export const onlineCodeRequestSchema = presenceSchema.extend({
  amountCents: amountSchema.optional(),
});
export type OnlineCodeRequest = z.infer<typeof onlineCodeRequestSchema>;

/** A one-time code of the server's making. The wallet shows `text` as it is, whatever its form. */
export const onlineCodeSchema = z.object({ text: z.string().max(200), expiresAtS: z.int() });
export type OnlineCode = z.infer<typeof onlineCodeSchema>;

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

/** What the rider was shown; proof `confirm-order` over it. */
export const confirmationSchema = presenceSchema.extend({
  amountCents: amountSchema,
  merchantName: orderOfferSchema.shape.merchantName,
});

/** What a rider is told of a payment of theirs. */
export const riderPaymentSchema = z.object({
  outcome: z.enum(PAYMENT_OUTCOMES),
  reason: reasonSchema,
  way: z.enum(PAYMENT_METHODS),
  /** Merchant's name, or the line of a gate. */
  payee: z.string(),
  amountCents: z.int().min(0),
  atMs: instantMs.nullable(),
});
export type RiderPayment = z.infer<typeof riderPaymentSchema>;

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

/** Whether settlement runs, which version of it, and its clock: a phone's may be wrong. */
export const healthSchema = z.object({
  ok: z.boolean(),
  version: z.string(),
  nowS: z.int(),
  /** Whether money can be paid in, and whether it is real. */
  topUps: z.enum(['off', 'sandbox', 'provider']),
  /** Whether lists and answers are signed, and for how long. */
  signing: z.enum(['GOOD', 'ENDS_SOON', 'ENDED', 'REFUSED']),
});
export type Health = z.infer<typeof healthSchema>;
