/**
 * What crosses HTTP about parked records: what an operator decides about them, one or all of an epoch, and what
 * was decided. The operator's token is the credential.
 */
import { z } from 'zod';
import { gateIdSchema } from '../gate-log.ts';
import { plainText } from '../payment.ts';

/** An epoch of a gate, or a piece of one that was adopted. */
const epochNameSchema = z.string().regex(/^[0-9a-f]{16}(\+[0-9]{1,9})?$/);
const seqSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const parkedWordSchema = z.strictObject({
  gate: gateIdSchema,
  epoch: epochNameSchema,
  seq: seqSchema.optional().describe('only what is parked at this number; else all of the epoch'),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('with seq: only this of several at it'),
  fromSeq: seqSchema.optional().describe('of all: from this number on'),
  note: plainText(200).trim().min(1).describe('why, for those who read it later'),
});
export type ParkedWord = z.infer<typeof parkedWordSchema>;

/** REPLAY has a route of its own: it decides nothing. */
export const resolutionWordSchema = parkedWordSchema.extend({
  how: z.enum(['ADOPT', 'ACCEPT', 'WRITE_OFF']),
});
export type ResolutionWord = z.infer<typeof resolutionWordSchema>;

const count = z.int().min(0);

export const resolvedSchema = z.object({
  resolved: count,
  already: count.describe('were resolved in this way before'),
  refused: z.array(z.object({ seq: z.int(), reason: z.string() })),
  nextSeq: z.int().nullable().describe('where more of them begin; null: that were all'),
});
export type Resolved = z.infer<typeof resolvedSchema>;

export const resolutionViewSchema = z.object({
  number: z.int(),
  gate: z.string(),
  epoch: z.string(),
  seq: z.int(),
  how: z.enum(['REPLAY', 'ADOPT', 'ACCEPT', 'WRITE_OFF']),
  why: z.string().describe('why it was parked'),
  by: z.string(),
  note: z.string(),
  atMs: z.int(),
  use: z
    .string()
    .nullable()
    .describe('of what was written off or accepted: issuer/account/serial/counter'),
  line: z.string().nullable(),
  fareCents: z.int().nullable().describe('the loss; null: none'),
});
export type ResolutionView = z.infer<typeof resolutionViewSchema>;
