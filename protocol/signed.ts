/**
 * What the operator signs and gates obey: trust lists, deny snapshots and deltas, answers, and what its keys
 * say of each other, all compact JWS (RFC 7515) with alg Ed25519 (RFC 9864) and a `typ` of their own, so that
 * none can pass for another. Signing and checking is jose's work; this file fixes algorithm, type and size.
 * Whose signature counts is root-trust.ts.
 */
import {
  CompactSign,
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  decodeProtectedHeader,
  type JWK,
} from 'jose';
import { z } from 'zod';
import { utf8 } from './bytes.ts';
import { describeError, Fault, type FaultCode } from './fault.ts';

/** The largest list that is parsed: 10,000 deny ids in a delta are 0.3 MB. */
export const SIGNED_BYTES_MAX = 2 * 1024 * 1024;
const ALGORITHM = 'Ed25519';

export type SignedType =
  | 'stile-trust-list+jws'
  | 'stile-deny-snapshot+jws'
  | 'stile-deny-delta+jws'
  /** The answer to a gate's question about a code (§14). */
  | 'stile-gate-payment-answer+jws'
  /** How far a gate's log is durable, and what time it is (§8). */
  | 'stile-gate-receipt+jws'
  /** What time it is, for whoever sent a nonce (§8). */
  | 'stile-time+jws'
  /** Who a box is from now on (§9). */
  | 'stile-gate-enrolment+jws'
  /** The root's word that a key signs all of these, from and until when (§4.1). */
  | 'stile-online-key+jws'
  /** A root's word on itself: which one follows it, and which of its online keys have ended (§4.2). */
  | 'stile-root+jws';

/** Who is not believed: what gates obey, or what they are answered. */
const REFUSED: Readonly<Record<SignedType, FaultCode>> = {
  'stile-trust-list+jws': 'LIST_REFUSED',
  'stile-deny-snapshot+jws': 'LIST_REFUSED',
  'stile-deny-delta+jws': 'LIST_REFUSED',
  'stile-gate-payment-answer+jws': 'ANSWER_REFUSED',
  'stile-gate-receipt+jws': 'ANSWER_REFUSED',
  'stile-time+jws': 'ANSWER_REFUSED',
  'stile-gate-enrolment+jws': 'ANSWER_REFUSED',
  'stile-online-key+jws': 'LIST_REFUSED',
  'stile-root+jws': 'LIST_REFUSED',
};

/** The public half of a root or an online key: an OKP JWK with crv Ed25519. */
export const rootKeySchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[\w-]{43}$/),
});
export type RootKey = z.infer<typeof rootKeySchema>;

/** Who signs: a root by itself, an online key with the certificate that a root has given it. */
export type Signer = { privateKey: CryptoKey | JWK; publicKey: RootKey; certificate?: string };

/** What an operator can read out to a box: RFC 7638 thumbprint, 43 characters. */
export async function fingerprintOf(key: RootKey): Promise<string> {
  return await calculateJwkThumbprint(key);
}

/** Signs a payload; `kid` is the RFC 7638 thumbprint of the public key, which rides along. */
export async function signObject(
  type: SignedType,
  payload: unknown,
  { privateKey, publicKey, certificate }: Signer,
): Promise<string> {
  const { kty, crv, x } = publicKey;
  return await new CompactSign(utf8(JSON.stringify(payload)))
    .setProtectedHeader({
      alg: ALGORITHM,
      typ: type,
      kid: await calculateJwkThumbprint({ kty, crv, x }),
      jwk: { kty, crv, x },
      ...(certificate === undefined ? {} : { cert: certificate }),
    })
    .sign(privateKey);
}

/** Says as a Fault why something is not believed. */
export function refusalOf(type: SignedType, cause: unknown): Fault {
  return new Fault(REFUSED[type], `${type} refused: ${describeError(cause)}`, { cause });
}

/**
 * Checks a signed object against one key and its schema; white space around it is ignored.
 * @throws Error with the reason if anything about it is not as it must be.
 */
export async function openByKey<T>(
  type: SignedType,
  jws: string,
  { key, schema }: { key: RootKey; schema: z.ZodType<T> },
): Promise<T> {
  if (jws.length > SIGNED_BYTES_MAX) throw new Error(`it is larger than ${SIGNED_BYTES_MAX} bytes`);
  const { payload, protectedHeader } = await compactVerify(jws.trim(), key, {
    algorithms: [ALGORITHM],
  });
  if (protectedHeader.typ !== type) throw new Error(`typ is ${protectedHeader.typ}`);
  return parsePayload(payload, schema);
}

/**
 * What an object says of who signed it: a key, and the certificate of that key. It is a claim until the
 * signature was checked.
 * @throws Error if the text is no signed object of ours.
 */
export function claimedSigner(jws: string): { key: RootKey; certificate: string | undefined } {
  if (jws.length > SIGNED_BYTES_MAX) throw new Error(`it is larger than ${SIGNED_BYTES_MAX} bytes`);
  const { jwk, cert } = decodeProtectedHeader(jws.trim()) as { jwk?: unknown; cert?: unknown };
  const key = rootKeySchema.parse(jwk);
  if (cert !== undefined && typeof cert !== 'string') throw new Error('cert is no certificate');
  return { key, certificate: cert };
}

function parsePayload<T>(payload: Uint8Array, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`);
}
