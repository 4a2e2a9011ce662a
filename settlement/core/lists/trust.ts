/**
 * What the next trust list says, and whether one is due. A list is published when anything in it has
 * changed, and now and then without a change: its time is what tells gates how late it is.
 */
import { ISSUER_KEYS_MAX, type IssuerKey, type TrustList } from '@stile/protocol/trust-list.ts';

export type TrustContent = Omit<TrustList, 'version' | 'issuedAtS' | 'expiresAtS'>;
export type TrustPace = { expiresS: number; refreshS: number };

/** The list to sign next, or null where the one in force still says it all. */
export function nextTrustList(
  { content, inForce }: { content: TrustContent; inForce: TrustList | undefined },
  { nowS, pace }: { nowS: number; pace: TrustPace },
): TrustList | null {
  const isDue = inForce === undefined || nowS >= inForce.issuedAtS + pace.refreshS;
  if (!isDue && isSameContent(content, inForce)) return null;
  return {
    ...content,
    version: (inForce?.version ?? 0) + 1,
    // Signed time never runs backwards, whatever the server's clock does.
    issuedAtS: Math.max(nowS, inForce?.issuedAtS ?? 0),
    expiresAtS: Math.max(nowS, inForce?.issuedAtS ?? 0) + pace.expiresS,
  };
}

function isSameContent(content: TrustContent, list: TrustList): boolean {
  const { version, issuedAtS, expiresAtS, ...inForce } = list;
  return canonical(content) === canonical(inForce);
}

function canonical(content: TrustContent): string {
  const { stile, operator, currency, issuers, limits, tariff, deny } = content;
  return JSON.stringify([stile, operator, currency, issuers, limits, tariff, deny]);
}

/** The keys that a list has room for: all that may still open something, the newest kept first. */
export function publishableKeys(keys: readonly IssuerKey[], nowS: number): IssuerKey[] {
  const active = keys.filter((key) => key.status !== 'retired' || key.notAfterS >= nowS);
  return active.slice(-ISSUER_KEYS_MAX);
}
