/**
 * What crosses HTTP between a gate and settlement besides its log and its lists: its enrolment (§9) and the
 * authorisation of a code that only settlement can judge (§14). Batches are gate-log.ts and sync.ts, lists
 * deny-list.ts and trust-list.ts.
 */
import { z } from 'zod';
import { concatBytes } from '../bytes.ts';
import { DOMAINS } from '../domains.ts';
import { gateIdSchema } from '../gate-log.ts';
import { instantMs, reasonSchema, serverCodeSchema } from '../payment.ts';
import { rootStatementsSchema } from '../root-trust.ts';
import { lineFareSchema } from '../trust-list.ts';
import { type GateSigner, writeGateSignature } from './gate-request.ts';

/** Proofs of the token's key and of the gate's (§9). */
export const gateEnrolmentSchema = z.strictObject({
  tokenKey: z.string().regex(/^[0-9a-f]{64}$/),
  tokenProof: z.string().regex(/^[0-9a-f]{128}$/),
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
  proof: z.string().regex(/^[0-9a-f]{128}$/),
  gate: gateIdSchema
    .optional()
    .describe('whose log the box has: the token of another gate is refused, and stays good'),
});
export type GateEnrolment = z.infer<typeof gateEnrolmentSchema>;

/** Who the box is from now on, and what the roots say whose online keys sign what it obeys. */
export const enrolledGateSchema = z.object({
  gate: gateIdSchema,
  line: z.string().min(1).max(32),
  scope: z.int(),
  operator: z.string(),
  statements: rootStatementsSchema,
  identity: z.string().max(4_096).describe('compact JWS, typ stile-gate-enrolment+jws'),
});

/** Who the box with this key is: what it believes of the answer. */
export const gateIdentitySchema = z.strictObject({
  stile: z.literal('gate-enrolment/1'),
  gate: gateIdSchema,
  line: z.string().min(1).max(32),
  scope: z.int().min(0).max(0xffff),
  operator: z.string(),
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
  issuedAtS: z.int().min(0),
});
export type GateIdentity = z.infer<typeof gateIdentitySchema>;

export type EnrolledGate = z.infer<typeof enrolledGateSchema>;

const authorisationId = z.string().regex(/^[0-9a-f]{32}$/);

/** A gate's question, signed as a whole by the gate's key (§14). */
export const authorisationBodySchema = z.strictObject({
  stile: z.literal('gate-payment/1'),
  gate: gateIdSchema,
  /** 16 random bytes as hex, stored before the first question; asking again uses the same. */
  id: authorisationId,
  code: serverCodeSchema,
  line: lineFareSchema.shape.line,
  atMs: instantMs,
});
export type AuthorisationBody = z.infer<typeof authorisationBodySchema>;

/** What the gate's key signs: the body as it is sent, behind its domain. */
export function authorisationMessage(body: Uint8Array): Uint8Array {
  return concatBytes(DOMAINS.authorisation, body);
}

/** What goes in `stile-signature`. */
export function signAuthorisation(body: Uint8Array, key: GateSigner): string {
  const signature = key.sign(authorisationMessage(body));
  return writeGateSignature({ publicKey: key.publicKey, signature });
}

/** The answer to it: a JWS like the lists, because a gate believes nothing that is not signed. */
export const authorisationAnswerSchema = z.strictObject({
  stile: z.literal('gate-payment-answer/1'),
  gate: gateIdSchema,
  id: authorisationId,
  /** What went back is REFUSED: a gate does not open for it. */
  outcome: z.enum(['PAID', 'REFUSED', 'UNKNOWN']),
  reason: reasonSchema,
  fareCents: z.int().min(0).nullable(),
  issuedAtS: z.int(),
});
export type AuthorisationAnswer = z.infer<typeof authorisationAnswerSchema>;
