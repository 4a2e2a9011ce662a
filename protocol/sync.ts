/**
 * What settlement answers to a batch: one ruling an item and how far everything is durable
 * (protocol/README.md §8). A gate deletes only what `ackSeq` covers.
 */
import { z } from 'zod';
import { epochSchema, gateIdSchema } from './gate-log.ts';

export const RULINGS = ['accepted', 'duplicate', 'conflict', 'parked', 'rejected'] as const;

/** Why an item was parked (kept, waits for a person or a missing part) or rejected. */
export const RULING_REASONS = [
  'GAP',
  'FORK',
  'UNREADABLE',
  'KEY_UNKNOWN',
  'KEY_EXPIRED',
  'BAD_ISSUER_SIGNATURE',
  'BAD_DEVICE_SIGNATURE',
  'MALFORMED',
  'EXTRA_USE',
  'STALE_CODE',
  'DENIED_AT_GATE',
  'ACCOUNT_UNKNOWN',
  'DEVICE_KEY_UNKNOWN',
  'PASS_NOT_ISSUED',
  'FARE_UNKNOWN',
  'ASK_UNKNOWN',
  'OTHER_BYTES',
] as const;

export const itemRulingSchema = z.strictObject({
  seq: z.int().min(1),
  ruling: z.enum(RULINGS),
  reason: z.enum(RULING_REASONS).optional(),
});

export const batchReplySchema = z.strictObject({
  gate: gateIdSchema,
  epoch: epochSchema,
  /** Every record up to this one is durable at settlement. 0: none. */
  ackSeq: z.int().min(0),
  items: z.array(itemRulingSchema),
  trustVersion: z.int().min(0),
  denyVersion: z.int().min(0),
});

/** Of a request that is answered with a receipt: the gate's nonce. */
export const NONCE_HEADER = 'stile-nonce';
/** Of the response: the receipt. */
export const RECEIPT_HEADER = 'stile-receipt';
/** Of any other response that a gate got with its nonce: what time it is. */
export const TIME_HEADER = 'stile-time';
export const nonceSchema = z.string().regex(/^[0-9a-f]{32}$/);

/** What settlement signs with each reply: only by this a gate confirms records, and knows what time it is. */
export const gateReceiptSchema = z.strictObject({
  stile: z.literal('gate-receipt/1'),
  gate: gateIdSchema,
  epoch: epochSchema,
  ackSeq: z.int().min(0),
  /** Chain hash of the record at `ackSeq`; at 0 that of the epoch's genesis. */
  head: z.string().regex(/^[0-9a-f]{64}$/),
  /** Settlement's clock when it signed. */
  atMs: z.int().min(0),
  nonce: nonceSchema,
});
/** What every other response to a gate carries, if it sent a nonce: it can know its own error by it. */
export const gateTimeSchema = z.strictObject({
  stile: z.literal('gate-time/1'),
  /** Settlement's clock when it signed. */
  atMs: z.int().min(0),
  nonce: nonceSchema,
});
export type GateTime = z.infer<typeof gateTimeSchema>;
export type GateReceipt = z.infer<typeof gateReceiptSchema>;

export type Ruling = (typeof RULINGS)[number];
export type RulingReason = (typeof RULING_REASONS)[number];
export type ItemRuling = z.infer<typeof itemRulingSchema>;
export type BatchReply = z.infer<typeof batchReplySchema>;
