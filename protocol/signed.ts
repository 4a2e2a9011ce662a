/**
 * What the operator signs and gates obey: trust lists, deny snapshots and deltas, all compact JWS
 * (RFC 7515) with alg Ed25519 (RFC 9864) and a `typ` of their own, so that none can pass for
 * another. Signing and checking is jose's work; this file fixes algorithm, type and size.
 */
import { CompactSign, type CryptoKey, calculateJwkThumbprint, compactVerify, type JWK } from 'jose';
import type { z } from 'zod';
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
  | 'stile-gate-enrolment+jws';

/** Who is not believed: what gates obey, or what they are answered. */
const REFUSED: Readonly<Record<SignedType, FaultCode>> = {
  'stile-trust-list+jws': 'LIST_REFUSED',
  'stile-deny-snapshot+jws': 'LIST_REFUSED',
  'stile-deny-delta+jws': 'LIST_REFUSED',
  'stile-gate-payment-answer+jws': 'ANSWER_REFUSED',
  'stile-gate-receipt+jws': 'ANSWER_REFUSED',
  'stile-time+jws': 'ANSWER_REFUSED',
  'stile-gate-enrolment+jws': 'ANSWER_REFUSED',
};

/** The public half of a key that signs lists: an OKP JWK with crv Ed25519. */
export type RootKey = { kty: 'OKP'; crv: 'Ed25519'; x: string };

/** What an operator can read out to a box: RFC 7638 thumbprint, 43 characters. */
export async function fingerprintOf(key: RootKey): Promise<string> {
  return await calculateJwkThumbprint(key);
}

/** Signs a payload; `kid` is the RFC 7638 thumbprint of the public key, which rides along. */
export async function signObject(
  type: SignedType,
  payload: unknown,
  key: { privateKey: CryptoKey | JWK; publicKey: RootKey },
): Promise<string> {
  const { kty, crv, x } = key.publicKey;
  return await new CompactSign(utf8(JSON.stringify(payload)))
    .setProtectedHeader({
      alg: ALGORITHM,
      typ: type,
      kid: await calculateJwkThumbprint({ kty, crv, x }),
      jwk: { kty, crv, x },
    })
    .sign(key.privateKey);
}

/**
 * Checks a signed object against one of the pinned root keys and its schema.
 * @throws Fault LIST_REFUSED, or ANSWER_REFUSED for an answer, with the reason, if anything about it is
 * not as it must be.
 */
export async function openSigned<T>(
  type: SignedType,
  jws: string,
  { rootKeys, schema }: { rootKeys: readonly RootKey[]; schema: z.ZodType<T> },
): Promise<T> {
  if (jws.length > SIGNED_BYTES_MAX) {
    throw new Fault(REFUSED[type], `${type} is larger than ${SIGNED_BYTES_MAX} bytes`);
  }
  try {
    const { payload, protectedHeader } = await verifyWithAny(jws.trim(), rootKeys);
    if (protectedHeader.typ !== type) throw new Error(`typ is ${protectedHeader.typ}`);
    return parsePayload(payload, schema);
  } catch (error) {
    throw new Fault(REFUSED[type], `${type} refused: ${describeError(error)}`, { cause: error });
  }
}

async function verifyWithAny(jws: string, rootKeys: readonly RootKey[]) {
  let failure: unknown = new Error('no root key is known');
  for (const rootKey of rootKeys) {
    try {
      return await compactVerify(jws, rootKey, { algorithms: [ALGORITHM] });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/**
 * The root key that a list says it was signed with. For a person's inspection only: a gate pins its
 * root keys at enrolment and never learns one from a list.
 * @throws Fault LIST_REFUSED if the text is no signed list.
 */
export function claimedRootKey(jws: string): RootKey {
  try {
    const header = JSON.parse(new TextDecoder().decode(base64UrlBytes(jws.trim().split('.')[0])));
    const { kty, crv, x } = header.jwk;
    if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') throw new Error('no jwk');
    return { kty, crv, x };
  } catch (error) {
    throw new Fault('LIST_REFUSED', 'this is not a signed list of ours (compact JWS)', {
      cause: error,
    });
  }
}

function base64UrlBytes(text: string | undefined): Uint8Array {
  const binary = atob((text ?? '').replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function parsePayload<T>(payload: Uint8Array, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(payload)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`);
}
