/**
 * The trust list: whose passes a gate believes, within which limits, and which deny list belongs to
 * it (protocol/README.md §4). Versioned; a gate applies it whole or not at all and never an older one.
 */
import { z } from 'zod';
import type { Sha256 } from './bytes.ts';
import { DELTA_IDS_MAX, DENY_ID_BYTES, saltedDigest } from './deny-list.ts';
import { ROOT_STATEMENTS_MAX, ROOT_WORD_CHARS_MAX } from './root-trust.ts';

export const ISSUER_KEYS_MAX = 256;
export const LINE_FARES_MAX = 5_000;
const CEILING_FIELD_MAX = 0xffff;

const unixS = z.int().min(0).max(0xffffffff);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

export const issuerKeySchema = z.strictObject({
  issuer: z.int().min(0).max(0xffff),
  keyId: z.int().min(0).max(0xff),
  /** Raw Ed25519 public key, 32 bytes as hex. */
  publicKey: sha256Hex,
  notBeforeS: unixS,
  notAfterS: unixS,
  /** `retired` keys sign no new passes, theirs stay valid; `revoked` keys open nothing. */
  status: z.enum(['active', 'retired', 'revoked']),
  /** A pass's ceiling is in minor units × 10^this. */
  ceilingExponent: z.int().min(0).max(6),
});

export const lineFareSchema = z.strictObject({
  line: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
  fareCents: z.int().min(0).max(10_000_000),
  /** Unix seconds from which this fare is in force. */
  fromS: unixS,
});

/** What everybody may know of a version of the deny list. */
export const denyHeadSchema = z.strictObject({
  version: z.int().min(0),
  count: z.int().min(0),
  /** Salted, see deny-list.ts: says nothing to whoever has no salt. */
  setDigest: sha256Hex,
});

/** What only gates hear of it: with both, `setDigest` can be checked. */
const denySecretSchema = {
  idsDigest: sha256Hex,
  salt: sha256Hex.nullable(),
};

export const trustListSchema = z.strictObject({
  stile: z.literal('trust-list/1'),
  operator: z.string().min(1).max(100),
  currency: z.string().regex(/^[A-Z]{3}$/),
  version: z.int().min(1),
  issuedAtS: unixS,
  expiresAtS: unixS,
  issuers: z.array(issuerKeySchema).min(1).max(ISSUER_KEYS_MAX),
  limits: z.strictObject({
    /** The longest code lifetime a gate accepts, whatever the pass says. */
    codeLifetimeSMax: z.int().min(1).max(3600),
    /** How far a phone's clock may run ahead of the gate's. */
    skewS: z.int().min(0).max(300),
  }),
  tariff: z.strictObject({
    version: z.int().min(1),
    lines: z.array(lineFareSchema).max(LINE_FARES_MAX),
  }),
  deny: denyHeadSchema,
  /** What the roots say (§4.2). Lists of before they spoke have none. */
  roots: z.array(z.string().max(ROOT_WORD_CHARS_MAX)).max(ROOT_STATEMENTS_MAX).default([]),
});

export type IssuerKey = z.infer<typeof issuerKeySchema>;
export type LineFare = z.infer<typeof lineFareSchema>;
export type TrustList = z.infer<typeof trustListSchema>;
export type DenyHead = z.infer<typeof denyHeadSchema>;
/** A version of the deny list as settlement stores it, and gates hear of it. */
export type DenyVersion = DenyHead & { idsDigest: string; salt: string | null };

/** What is secret of a version, with the public digest that follows from it. */
export function denyVersionOf(
  { version, count, idsDigest, salt }: Omit<DenyVersion, 'setDigest'>,
  sha256: Sha256,
): DenyVersion {
  return {
    version,
    count,
    setDigest: saltedDigest(idsDigest, { salt, sha256 }),
    idsDigest,
    salt,
  };
}

/** What the public trust list says of it. */
export function denyHeadOf({ version, count, setDigest }: DenyHead): DenyHead {
  return { version, count, setDigest };
}

/** The issuer key that a pass names, or undefined. */
export function findIssuerKey(
  trust: Pick<TrustList, 'issuers'>,
  { issuer, keyId }: { issuer: number; keyId: number },
): IssuerKey | undefined {
  return trust.issuers.find((key) => key.issuer === issuer && key.keyId === keyId);
}

/** The greatest single fare of a pass, by the key that signed it. */
export function ceilingCentsOf(
  { ceiling }: { ceiling: number },
  { ceilingExponent }: Pick<IssuerKey, 'ceilingExponent'>,
): number {
  return ceiling * 10 ** ceilingExponent;
}

/** A ceiling as a pass under this key has it: rounded down, and never more than its field can hold. */
export function ceilingFieldOf(
  ceilingCents: number,
  { ceilingExponent }: Pick<IssuerKey, 'ceilingExponent'>,
): number {
  return Math.min(CEILING_FIELD_MAX, Math.floor(ceilingCents / 10 ** ceilingExponent));
}

/** The fare of a line at an instant: the latest entry in force, or undefined (which is not zero). */
export function findFareCents(
  tariff: TrustList['tariff'],
  { line, atS }: { line: string; atS: number },
): number | undefined {
  let best: LineFare | undefined;
  for (const entry of tariff.lines) {
    if (entry.line !== line || entry.fromS > atS) continue;
    if (best === undefined || entry.fromS >= best.fromS) best = entry;
  }
  return best?.fareCents;
}

const deltaIds = z
  .array(z.string().regex(new RegExp(`^[0-9a-f]{${DENY_ID_BYTES * 2}}$`)))
  .max(DELTA_IDS_MAX);

const wordSchema = {
  /** The operator vouches for this version, whatever a gate has from before. */
  force: z.boolean(),
  /** Every step that was published from this version on was sane, or forced by the operator. */
  saneFrom: z.int().min(0),
};

/** Head of a deny snapshot; `bodySha256` covers the binary body that follows it. */
export const denySnapshotSchema = z.strictObject({
  stile: z.literal('deny-snapshot/1'),
  ...denyHeadSchema.shape,
  ...denySecretSchema,
  bodySha256: sha256Hex,
  issuedAtS: unixS,
  ...wordSchema,
});

/** The step from one version of the deny list to a later one. */
export const denyDeltaSchema = z.strictObject({
  stile: z.literal('deny-delta/1'),
  from: z.int().min(0),
  ...denyHeadSchema.shape,
  ...denySecretSchema,
  adds: deltaIds,
  removes: deltaIds,
  issuedAtS: unixS,
  ...wordSchema,
});

export type DenySnapshotHead = z.infer<typeof denySnapshotSchema>;
export type DenyDelta = z.infer<typeof denyDeltaSchema>;
