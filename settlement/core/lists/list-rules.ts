/**
 * What rulings need of a published trust list, for as long as a gate may bring a tap that was judged by it: that is
 * for ever, while the list itself goes (core/retention/). The digest tells the list that it was.
 */
import { type Sha256, utf8 } from '@stile/protocol/bytes.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';

export type ListRules = {
  version: number;
  issuedAtS: number;
  limits: TrustList['limits'];
  /** As `issuerKeyName` writes them. */
  revokedKeys: readonly string[];
  /** Of the list as it was signed. */
  listSha256: Uint8Array;
};

export function rulesOf(
  { version, issuedAtS, limits, issuers }: TrustList,
  { jws, sha256 }: { jws: string; sha256: Sha256 },
): ListRules {
  const revoked = issuers.filter(({ status }) => status === 'revoked');
  return {
    version,
    issuedAtS,
    limits,
    revokedKeys: revoked.map(issuerKeyName),
    listSha256: sha256(utf8(jws)),
  };
}

export function issuerKeyName({ issuer, keyId }: { issuer: number; keyId: number }): string {
  return `${issuer}/${keyId}`;
}
