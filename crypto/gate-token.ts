/**
 * The operator's one-time token for a gate: the fingerprint of the root key, a dot, and a secret. The secret is the
 * seed of a key that proves it; it never crosses a wire, so that who answers in settlement's place learns nothing
 * that would enrol a gate, and the fingerprint says whose answer counts (protocol/README.md §9).
 */
import { toHex } from '@stile/protocol/bytes.ts';
import type { GateEnrolment } from '@stile/protocol/http/gate-api.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { keyFromSeed, type SigningKey } from './sign.ts';

const SECRET_BYTES = 32;
const TOKEN = /^([\w-]{43})\.([\w-]{43})$/;

export type GateToken = { fingerprint: string; key: SigningKey };

export function writeGateToken(fingerprint: string, secret: Uint8Array): string {
  return `${fingerprint}.${Buffer.from(secret).toString('base64url')}`;
}

/** Undefined if the text is no such token. */
export function readGateToken(text: string): GateToken | undefined {
  const [, fingerprint, secret] = TOKEN.exec(text.trim()) ?? [];
  if (fingerprint === undefined || secret === undefined) return undefined;
  const seed = Buffer.from(secret, 'base64url');
  return seed.length === SECRET_BYTES ? { fingerprint, key: keyFromSeed(seed) } : undefined;
}

/** What a box sends to become a gate: two keys' proofs, and no secret. */
export function enrolmentBody(token: GateToken, gateKey: SigningKey): GateEnrolment {
  const tokenKey = toHex(token.key.publicKey);
  const publicKey = toHex(gateKey.publicKey);
  const parts = { challenge: tokenKey, subject: publicKey };
  return {
    tokenKey,
    tokenProof: toHex(token.key.sign(proofMessage('spend-gate-token', parts))),
    publicKey,
    proof: toHex(gateKey.sign(proofMessage('enrol-gate', parts))),
  };
}
