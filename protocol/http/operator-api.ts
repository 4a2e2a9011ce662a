/**
 * What crosses HTTP between a transit operator and settlement: gates, lines, denials, keys and merchants to
 * set, and what there is to read. The operator's token is the credential.
 */
import { z } from 'zod';
import { gateIdSchema } from '../gate-log.ts';
import { merchantIdSchema, nameText, plainText } from '../payment.ts';
import { ROOT_WORD_CHARS_MAX, rootStatementsSchema } from '../root-trust.ts';
import { rootKeySchema } from '../signed.ts';
import { issuerKeySchema, lineFareSchema } from '../trust-list.ts';
import { accountSchema, passSerialSchema } from './rider-api.ts';

export const newGateSchema = z.strictObject({
  gate: gateIdSchema,
  line: lineFareSchema.shape.line,
  scope: z.int().min(0).max(0xffff).optional(),
});
export type NewGate = z.infer<typeof newGateSchema>;

/** A one-time token for the gate's enrolment. */
export const gateTokenSchema = z.object({
  gate: z.string(),
  token: z.string(),
  expiresAtS: z.int(),
  warning: z.string().optional().describe('what is missing for its rides to be paid'),
});
export type GateToken = z.infer<typeof gateTokenSchema>;

/** READER looks, OPERATOR changes, ADMIN also names operators and changes keys. */
export const OPERATOR_ROLES = ['READER', 'OPERATOR', 'ADMIN'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** A person's, as the log of acts has it. */
export const operatorNameSchema = nameText(60);

export const gateRevocationSchema = z.strictObject({
  replacedOnly: z.boolean().default(false).describe('leave the key that is in force'),
});
export const revokedGateSchema = z.object({ gate: z.string(), keys: z.int().min(0) });
export type RevokedGate = z.infer<typeof revokedGateSchema>;

export const newFareSchema = z.strictObject({
  fareCents: lineFareSchema.shape.fareCents,
  fromS: lineFareSchema.shape.fromS.optional(),
});
export type NewFare = z.infer<typeof newFareSchema>;

export const setFareSchema = z.object({
  line: z.string(),
  fareCents: z.int(),
  fromS: z.int(),
  tariffVersion: z.int(),
  warning: z.string().optional().describe('what it will not bring in'),
});
export type SetFare = z.infer<typeof setFareSchema>;

export const denialOfSchema = z.strictObject({
  account: accountSchema,
  serial: passSerialSchema.optional().describe('only this pass'),
});
export type DenialOf = z.infer<typeof denialOfSchema>;

export const newDenialSchema = denialOfSchema.extend({ note: plainText(200).min(1) });
export type NewDenial = z.infer<typeof newDenialSchema>;

export const denialSchema = z.object({
  account: z.string(),
  serial: z.int(),
  denied: z.boolean(),
});
export type Denial = z.infer<typeof denialSchema>;

export const newInviteSchema = z.strictObject({
  kind: z.enum(['invite', 'deposit', 'verified']).optional().describe('default: invite'),
  person: z.string().trim().min(1).max(200).optional(),
});
export type NewInvite = z.infer<typeof newInviteSchema>;

/** Shown this once. */
export const inviteSchema = z.object({ invite: z.string(), kind: z.string(), expiresAtS: z.int() });
export type Invite = z.infer<typeof inviteSchema>;
export const newIssuerKeySchema = z.strictObject({
  now: z.boolean().optional().describe('sign with it at once; gates that are away know it later'),
});
export type NewIssuerKey = z.infer<typeof newIssuerKeySchema>;

export const issuerKeyNameSchema = z.object({ keyId: z.coerce.number().int().min(0).max(0xff) });

export const issuerKeyViewSchema = issuerKeySchema.extend({ signsFromS: z.int() });
export type IssuerKeyView = z.infer<typeof issuerKeyViewSchema>;

/** Gates that a root's request or a rotation names: beyond it, whoever has not reported is told in turns. */
export const GATES_NAMED_MAX = 1_000;
const gatesNamedSchema = z.array(gateIdSchema).max(GATES_NAMED_MAX);

/** `withoutGates`: they may be stranded, by the operator's word. */
export const rootRotationSchema = z.strictObject({ withoutGates: gatesNamedSchema.default([]) });

/** What is carried to the root: the key that shall sign, and what the roots have said. Nothing is secret. */
export const rootRequestSchema = z.strictObject({
  stile: z.literal('root-request/1'),
  operator: z.string(),
  statements: rootStatementsSchema,
  /** What gates hold, where that is later, and what a restored backup leaves out: the next statement's number is greater. */
  above: z.strictObject({ generation: z.int().min(1), statement: z.int().min(0) }),
  /** Gates that have not reported since a backup was restored: what they have heard is not known. */
  unreported: gatesNamedSchema,
  number: z.int().min(1),
  publicKey: rootKeySchema,
});
export type RootRequest = z.infer<typeof rootRequestSchema>;

/** What is carried back: the root's word, for everybody to read. */
export const rootGrantSchema = z.strictObject({
  stile: z.literal('root-grant/1'),
  statements: rootStatementsSchema,
  certificate: z.string().min(1).max(ROOT_WORD_CHARS_MAX),
});
export type RootGrant = z.infer<typeof rootGrantSchema>;

export const operatorKeysViewSchema = z.object({
  root: z.object({
    generation: z.int(),
    statement: z.int(),
    fingerprint: z.string(),
    next: z.string().describe('fingerprint of the root that can follow'),
    isHere: z.boolean().describe('false: it was taken out of the data directory'),
  }),
  onlineKeys: z.array(
    z.object({
      number: z.int(),
      publicKey: z.string(),
      notBeforeS: z.int(),
      notAfterS: z.int(),
      state: z.enum(['signs', 'good', 'waits', 'ended', 'revoked']),
    }),
  ),
  signsUntilS: z.int().nullable(),
  isDue: z.boolean().describe('a new online key is needed soon, or at once'),
  gatesAhead: z
    .array(z.string())
    .describe(
      'gates that have heard later words of the roots than there are here: a restored backup',
    ),
  gatesRefusing: z.array(z.string()).describe('those of them that refuse what is signed now'),
});
export type OperatorKeysView = z.infer<typeof operatorKeysViewSchema>;

const NAME_CHARS_MAX = 60;

export const newMerchantSchema = z.strictObject({
  merchant: merchantIdSchema,
  name: nameText(NAME_CHARS_MAX),
});
export type NewMerchant = z.infer<typeof newMerchantSchema>;

/** Shown this once. */
export const merchantTokenSchema = z.object({
  merchant: z.string(),
  token: z.string().describe('of its tills'),
  managerToken: z.string().describe('for refunds, kept away from tills'),
});
export type MerchantToken = z.infer<typeof merchantTokenSchema>;

export const merchantRowSchema = z.object({
  merchant: z.string(),
  name: z.string(),
  blockedAtMs: z.int().nullable(),
});
export type MerchantRow = z.infer<typeof merchantRowSchema>;

export const operatorSchema = z.object({ name: z.string(), role: z.enum(OPERATOR_ROLES) });

export const newOperatorSchema = z.strictObject({
  name: operatorNameSchema,
  role: z.enum(OPERATOR_ROLES),
});

/** Shown this once. */
export const operatorTokenSchema = z.object({
  name: z.string(),
  token: z.string(),
  expiresAtS: z.int(),
});

export const operatorRowSchema = operatorSchema.extend({
  endedAtMs: z.int().nullable(),
  tokenEndsAtMs: z.int().nullable(),
});

export const actViewSchema = z.object({
  number: z.int(),
  atMs: z.int(),
  by: z.string(),
  role: z.enum(OPERATOR_ROLES),
  what: z.string().describe('method and route'),
  detail: z.string().describe('what was asked for, as JSON'),
  status: z.int().nullable().describe('of the response; null if it is not known'),
});

export const revokedSeedsSchema = z.object({ ended: z.int() });

export const newMoveSchema = z.strictObject({
  note: plainText(200).min(1).describe('how you know that it is theirs'),
});
export type NewMove = z.infer<typeof newMoveSchema>;

/** Shown this once: whoever stands before you enters it on the new phone. */
export const moveCodeSchema = z.object({
  account: z.string(),
  code: z.string(),
  expiresAtS: z.int(),
});

/** A move that a second operator has to confirm; then the first asks again and gets the code. */
export const approvalSchema = z.object({
  id: z.int(),
  account: z.string(),
  note: z.string(),
  by: z.string(),
  askedAtMs: z.int(),
  endsAtMs: z.int(),
  approvedBy: z.string().nullable(),
});
export type Approval = z.infer<typeof approvalSchema>;

const count = z.int().min(0);
const text = z.string().nullable();
const number = z.int().nullable();

export const lineViewSchema = z.object({
  line: z.string(),
  fares: z.array(lineFareSchema.pick({ fareCents: true, fromS: true })),
});
export type LineView = z.infer<typeof lineViewSchema>;

export const gateViewSchema = z.object({
  gate: z.string(),
  line: text,
  scope: z.int(),
  enrolledAtMs: number,
  lastSyncMs: number,
  trustSeen: number,
  denySeen: number,
  tariffSeen: number,
  denyAtS: number.describe('when its deny list was last the latest'),
  listsStage: text.describe('how far it believes its lists: FRESH, STALE, EXPIRED or NONE'),
  rootGeneration: number.describe('the root that it believes'),
  rootNumber: number.describe('of the statements of that root the last that it has heard'),
  rootFloor: number.describe('online keys with a lower number it refuses'),
  refusesSigner: z.boolean().describe('it refuses what settlement signs now'),
  epochs: z.array(z.object({ epoch: z.string(), lastSeq: count })),
  gaps: z.array(z.object({ epoch: z.string(), fromSeq: count, toSeq: count })),
  alarms: z.object({
    conflicts: count,
    forks: count,
    unreadable: count,
    extraUses: count,
    fareUnknown: count,
    /** Codes under passes that were never given out: somebody may have the issuer's key. */
    notIssued: count,
    /** Codes that a gate opened for although settlement was not paid for them, or not so much. */
    unpaid: count,
    rejected: count,
  }),
});
export type GateView = z.infer<typeof gateViewSchema>;

/** A record of a gate's log, whatever its kind. */
export const tapViewSchema = z.object({
  id: z.int(),
  gate: z.string(),
  epoch: z.string(),
  seq: z.int(),
  kind: z.string(),
  verdict: text,
  gateReason: text,
  line: text,
  atMs: z.int().describe("by the gate's clock, known or not"),
  rideMs: z.int().nullable().describe('when an opened tap was'),
  rideMsSource: text.describe('how that was found: GATE, BOOT, CODE or BOUND'),
  receivedAtMs: z.int(),
  ruling: z.string(),
  reason: text,
  outcome: text.describe('how an opened tap has ended so far'),
  use: text.describe('issuer/account/serial/counter'),
});
export type TapView = z.infer<typeof tapViewSchema>;

export const parkedViewSchema = z.object({
  gate: z.string(),
  epoch: z.string(),
  seq: z.int(),
  why: z.string(),
  receivedAtMs: z.int(),
  hash: z.string(),
  offers: z.array(z.string()).describe('REPLAY, ADOPT, ACCEPT or WRITE_OFF'),
  lineBase64: z.string().describe('the record as it was received: it need not be text'),
});
export type ParkedView = z.infer<typeof parkedViewSchema>;

/** Work behind a commit that fails; it is tried again by itself, at growing pauses. */
export const failedWorkSchema = z.object({
  id: z.int(),
  kind: z.string(),
  subject: z.string().describe("for 'use' the use that can't be settled"),
  lastRecord: z.int().describe('how far it goes; of a use the record that it was found by'),
  reason: z.string(),
  attempts: count,
  failedSinceMs: z.int(),
  nextTryMs: z.int(),
  alarm: z.boolean().describe('it has failed for long'),
});
export type FailedWork = z.infer<typeof failedWorkSchema>;

export const retryWorkSchema = z.strictObject({
  id: z.int().min(1).optional().describe('only this'),
});
export const retriedWorkSchema = z.object({ retried: count });
export type RetriedWork = z.infer<typeof retriedWorkSchema>;

export const trialBalanceSchema = z.object({
  accounts: z.array(
    z.object({
      name: z.string(),
      debitsCents: z.int(),
      creditsCents: z.int(),
      balanceCents: z.int(),
    }),
  ),
  debitsCents: z.int(),
  creditsCents: z.int(),
  balanced: z.boolean(),
});
export type TrialBalance = z.infer<typeof trialBalanceSchema>;

const denyNameSchema = z.object({ version: count, count });

export const listsViewSchema = z.object({
  trust: z.object({ version: count, issuedAtS: count, expiresAtS: count }),
  deny: denyNameSchema,
  /** Not published: it differs from the one in force out of all proportion. */
  heldDeny: denyNameSchema.nullable(),
  clock: z.object({
    signedS: z.int().describe('the time that is signed now'),
    /** The clock is far from it, and is not believed until it is confirmed. */
    doubt: z.object({ wallS: z.int(), expectedS: z.int() }).nullable(),
  }),
});
export type ListsView = z.infer<typeof listsViewSchema>;

export const forceDenySchema = z.strictObject({ denyVersion: z.int().min(1) });
export type ForceDeny = z.infer<typeof forceDenySchema>;

/** The time as the operator knows it from elsewhere. */
export const clockWordSchema = z.strictObject({ nowS: z.int().min(0).max(0xffffffff) });
export type ClockWord = z.infer<typeof clockWordSchema>;
