/**
 * What the next trust list says, and whether one is due. A list is published when anything in it has
 * changed, and now and then without a change: its time is what tells gates how late it is.
 */
import {
  type DenyHead,
  ISSUER_KEYS_MAX,
  type IssuerKey,
  LINE_FARES_MAX,
  type LineFare,
  type TrustList,
} from '@stile/protocol/trust-list.ts';
import { publishableFares } from '../rides/tariff.ts';

export type TrustContent = Omit<TrustList, 'version' | 'issuedAtS' | 'expiresAtS'>;
export type TrustPace = { expiresS: number; refreshS: number };
/** What an operator has set of it. */
export type TrustTerms = Pick<TrustList, 'operator' | 'currency' | 'limits'> & { lists: TrustPace };

/** What is stored behind the lists. */
export type ListFacts = {
  issuerKeys: readonly IssuerKey[];
  tariff: readonly LineFare[];
  tariffVersion: number;
  denyHead: DenyHead;
  /** The list in force, as it was signed. */
  trust: { list: TrustList; jws: string } | undefined;
};

/** The list to sign next, or null if the one in force still says it all. */
export function decideNextTrustList(
  facts: ListFacts,
  { terms, nowS }: { terms: TrustTerms; nowS: number },
): TrustList | null {
  const content = trustContent(facts, { terms, nowS });
  return nextTrustList({ content, inForce: facts.trust?.list }, { nowS, pace: terms.lists });
}

function trustContent(
  { issuerKeys, tariff, tariffVersion, denyHead }: ListFacts,
  { terms, nowS }: { terms: TrustTerms; nowS: number },
): TrustContent {
  const { operator, currency, limits } = terms;
  return {
    stile: 'trust-list/1',
    operator,
    currency,
    issuers: publishableKeys(issuerKeys, nowS),
    limits,
    tariff: { version: tariffVersion, lines: carriedFares(tariff, nowS) },
    deny: denyHead,
  };
}

/** More than a list carries were set only before there was a limit on setting them. */
function carriedFares(tariff: readonly LineFare[], nowS: number): LineFare[] {
  return publishableFares(tariff, nowS).slice(-LINE_FARES_MAX);
}

export function nextTrustList(
  { content, inForce }: { content: TrustContent; inForce: TrustList | undefined },
  { nowS, pace }: { nowS: number; pace: TrustPace },
): TrustList | null {
  const isDue = inForce === undefined || isRefreshDue(inForce, { nowS, pace });
  if (!isDue && isSameContent(content, inForce)) return null;
  return {
    ...content,
    version: (inForce?.version ?? 0) + 1,
    // Signed time never runs backwards, whatever the server's clock does.
    issuedAtS: Math.max(nowS, inForce?.issuedAtS ?? 0),
    expiresAtS: Math.max(nowS, inForce?.issuedAtS ?? 0) + pace.expiresS,
  };
}

/** Whether a list is old enough to be signed anew although it says the same. */
export function isRefreshDue(
  inForce: TrustList,
  { nowS, pace }: { nowS: number; pace: TrustPace },
): boolean {
  return nowS >= inForce.issuedAtS + pace.refreshS;
}

function isSameContent(content: TrustContent, list: TrustList): boolean {
  const { version, issuedAtS, expiresAtS, ...inForce } = list;
  return canonical(content) === canonical(inForce);
}

function canonical(content: TrustContent): string {
  const { stile, operator, currency, issuers, limits, tariff, deny } = content;
  return JSON.stringify([stile, operator, currency, issuers, limits, tariff, deny]);
}

/** The keys that a list has room for: all that may still open something, the newest stay first. */
export function publishableKeys(keys: readonly IssuerKey[], nowS: number): IssuerKey[] {
  const active = keys.filter((key) => key.status !== 'retired' || key.notAfterS >= nowS);
  return active.slice(-ISSUER_KEYS_MAX);
}
