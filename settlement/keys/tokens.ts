/**
 * Bearer tokens of operators, merchants, riders' sessions and gates that enrol: made here, shown once, and
 * stored as hashes only, so that reading the database opens nothing.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '@stile/host/random.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';

const TOKEN_BYTES = 32;

/** 43 characters, base64url. */
export function randomToken(random: Random): string {
  return Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url');
}

/** What of a token is stored, hex. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(DOMAINS.token).update(token).digest('hex');
}

export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
