/**
 * What all who pay or are paid with a network have in common: methods, outcomes and reasons, amounts and
 * ids (protocol/README.md §11–§14). The shapes of each audience are in rider-api.ts, merchant-api.ts and
 * gate-api.ts.
 */
import { z } from 'zod';
import { checkDigitsHold } from './check-digits.ts';

/** How a fare or a price was paid; every statement says it. */
export const PAYMENT_METHODS = ['TRANSIT_CODE', 'PAYMENT_CODE', 'ONLINE_CODE', 'ORDER'] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

/**
 * REFUSED is final and durable, and so is PAID until all of it has gone back: then it is REVERSED, whoever
 * asks. UNKNOWN is neither: ask again with the same id, or reverse.
 * Whoever gets no answer at all has to treat it as UNKNOWN.
 */
export const PAYMENT_OUTCOMES = ['PAID', 'REFUSED', 'REVERSED', 'UNKNOWN'] as const;
export type PaymentOutcome = (typeof PAYMENT_OUTCOMES)[number];

/** Why nothing was paid. In order of precedence: when several apply, the first is the answer. */
export const PAYMENT_REASONS = [
  /** This id was taken back: before it could pay, or afterwards and all of it. */
  'REVERSED',
  /** Too many wrong codes from here, or for this handle. */
  'TOO_MANY_TRIES',
  /** No such code. Says nothing about which part of it is wrong. */
  'CODE_REFUSED',
  /** A good code of a minute that is not now: the phone's clock is off, or the code is old. Not counted. */
  'CLOCK_OFF',
  'CODE_EXPIRED',
  /** A good code, but it was presented before: one code pays at most once, even if it was declined. */
  'CODE_USED',
  /** Another account has paid this order. */
  'ORDER_PAID',
  'ORDER_CANCELLED',
  'ORDER_EXPIRED',
  /** The account or this phone is on the deny list. */
  'DENIED',
  'FARE_UNKNOWN',
  /** More than one payment may be, or may be without the rider's word on the amount. */
  'OVER_AMOUNT_CAP',
  /** More than an account may pay by payment codes in a day. */
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

/** Unix milliseconds. */
export const instantMs = z.int().min(0);
export const amountSchema = z.int().min(1).max(AMOUNT_CENTS_MAX);
export const idempotencyKeySchema = z.string().regex(/^[\w.:-]{8,64}$/);
export const merchantIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/);
export const orderIdSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
export const serverCodeSchema = z
  .string()
  .regex(/^7[12]\d{18}$/)
  .refine(checkDigitsHold, 'its check digits do not fit: read it again');

/**
 * What hides in a text or turns it round: control characters, direction marks, what has no width, line
 * separators, halves of pairs, private use, letters that are drawn as a blank. A variation selector stays behind a
 * sign that it belongs to: emoji are written with them.
 */
const HIDDEN = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}\u2800\u{1D159}]`;
const SIGN = String.raw`\p{Extended_Pictographic}[\uFE0E\uFE0F]|[0-9#*]\uFE0F\u20E3`;
const PLAIN = new RegExp(`^(?:${SIGN}|(?!${HIDDEN})[^])*$`, 'u');
/** Two names that look alike differ in a letter: of blanks only single plain ones between words. */
const NAME = /^[^\p{Zs}]+(?: [^\p{Zs}]+)*$/u;

/** One line of text as a person sees it. */
export const plainText = (charsMax: number) =>
  z.string().max(charsMax).regex(PLAIN, 'has characters that cannot be seen');
/** What somebody is called. Blanks around it are taken off. */
export const nameText = (charsMax: number) =>
  plainText(charsMax).trim().regex(NAME, 'has blanks that cannot be told apart');
export const noteSchema = plainText(NOTE_CHARS_MAX);
/** Null if it was paid. */
export const reasonSchema = z.enum(PAYMENT_REASONS).nullable();

/** A till sells; refunds, and reversals after a while, take the manager's token. */
export const MERCHANT_ROLES = ['TILL', 'MANAGER'] as const;
export type MerchantRole = (typeof MERCHANT_ROLES)[number];

export const ORDER_STATES = ['OPEN', 'PAID', 'CANCELLED', 'EXPIRED'] as const;
