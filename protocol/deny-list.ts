/**
 * Deny list ids and the arithmetic that says whether two lists are the same (protocol/README.md §5).
 * Exact ids, no filter: a filter would refuse honest riders and saves less than 2 % of a tap.
 */

import { concatBytes, fromHex, putUint, type Sha256, toHex } from './bytes.ts';
import { DOMAINS } from './domains.ts';
import { assert } from './fault.ts';

/** issuer (2) ‖ account (8) ‖ serial (4), big-endian. Serial 0 means every pass of the account. */
export const DENY_ID_BYTES = 14;
/** Drawn for each version, and for gates only. */
export const DENY_SALT_BYTES = 32;
/** A longer delta is served as a snapshot. */
export const DELTA_IDS_MAX = 10_000;
/** A list that changes by more than both of these is refused unless signed with `force`. */
export const SANE_CHANGE_IDS = 10_000;
export const SANE_CHANGE_SHARE = 0.2;
/** The ids' digest of no ids. */
export const EMPTY_SET_DIGEST = '0'.repeat(64);

const DIGEST_MODULUS = 1n << 256n;

/** One pass of an account; serial 0 means all of them. A `Pass` is one too. */
export type DenyTarget = { issuer: number; account: string; serial: number };

/** The id that denies one pass; with serial 0 the id that denies a whole account. */
export function denyId({ issuer, account, serial }: DenyTarget): Uint8Array {
  const accountBytes = fromHex(account, 8);
  assert(accountBytes !== undefined, 'account is 16 hex digits');
  const id = new Uint8Array(DENY_ID_BYTES);
  const view = new DataView(id.buffer);
  putUint(view, { at: 0, size: 2, value: issuer });
  id.set(accountBytes, 2);
  putUint(view, { at: 10, size: 4, value: serial });
  return id;
}

export function denyIdHex(target: DenyTarget): string {
  return toHex(denyId(target));
}

/**
 * The ids' digest of a set after adding and removing ids: the sum of SHA-256("SDL1-id\0" ‖ id) modulo
 * 2^256. A delta costs as much as it is long, not as the list is long. It finds mistakes and mix-ups;
 * forgery is kept out by the signature over each list, not by this sum. For gates only: who knows an id sees it in
 * the difference of two sums.
 */
export function updateSetDigest(
  idsDigest: string,
  {
    adds,
    removes,
    sha256,
  }: { adds: Iterable<Uint8Array>; removes: Iterable<Uint8Array>; sha256: Sha256 },
): string {
  let sum = BigInt(`0x${idsDigest}`);
  for (const id of adds) sum += hashId(id, sha256);
  for (const id of removes) sum += DIGEST_MODULUS - hashId(id, sha256);
  return (sum % DIGEST_MODULUS).toString(16).padStart(64, '0');
}

/**
 * What the public trust list says instead of the ids' digest: without the salt nothing can be tried against it.
 * Salt null: version 0, and versions of before there were salts; theirs is the ids' digest itself.
 */
export function saltedDigest(
  idsDigest: string,
  { salt, sha256 }: { salt: string | null; sha256: Sha256 },
): string {
  if (salt === null) return idsDigest;
  const saltBytes = fromHex(salt, DENY_SALT_BYTES);
  const digestBytes = fromHex(idsDigest, 32);
  assert(saltBytes !== undefined && digestBytes !== undefined, 'salt and digest are 64 hex digits');
  return toHex(sha256(concatBytes(DOMAINS.denySet, saltBytes, digestBytes)));
}

function hashId(id: Uint8Array, sha256: Sha256): bigint {
  return BigInt(`0x${toHex(sha256(concatBytes(DOMAINS.denyId, id)))}`);
}

/** Whether a change of size is one that happens, or a mistake that would lock a city out (or in). */
export function isSaneChange({ before, after }: { before: number; after: number }): boolean {
  return Math.abs(after - before) <= Math.max(SANE_CHANGE_IDS, before * SANE_CHANGE_SHARE);
}

/**
 * Whether a gate takes the step from its list to a signed one: the change is sane, the operator has forced it,
 * or each step between the two was judged when it was published, however much has come together since.
 */
export function isTakenStep(
  before: { version: number; count: number },
  after: { count: number; force: boolean; saneFrom: number },
): boolean {
  return (
    before.version === 0 ||
    after.force ||
    before.version >= after.saneFrom ||
    isSaneChange({ before: before.count, after: after.count })
  );
}
