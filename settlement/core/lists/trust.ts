/**
 * What the next trust list says, and whether one is due. A list is published when anything in it has
 * changed, and now and then without a change: its time is what tells gates how late it is.
 */
import { isSaneChange } from '@stile/protocol/deny-list.ts';
import {
  type DenyHead,
  ISSUER_KEYS_MAX,
  type IssuerKey,
  LINE_FARES_MAX,
  type LineFare,
  type TrustList,
} from '@stile/protocol/trust-list.ts';
import { publishableFares } from '../rides/tariff.ts';
import type { StoredIssuerKey } from './list-changes.ts';
import { floorOf, type SeenVersions } from './version-floor.ts';

export type TrustContent = Omit<TrustList, 'version' | 'issuedAtS' | 'expiresAtS'>;
export type TrustPace = { expiresS: number; refreshS: number };
/** What an operator has set of it. */
export type TrustTerms = Pick<TrustList, 'operator' | 'currency' | 'limits'> & { lists: TrustPace };

export type DenyWord = {
  /** The version that an operator has forced, if it is one of ours. */
  forced: DenyHead | null;
  /** From here on every step that was published was sane or forced. */
  saneFrom: number;
};

/** What is stored behind the lists. */
export type ListFacts = {
  /** The latest versions that gates say they have: after a restored backup they lie ahead of ours. */
  seen: SeenVersions;
  /** What operators have said of the deny list. */
  deny: DenyWord;
  issuerKeys: readonly StoredIssuerKey[];
  tariff: readonly LineFare[];
  tariffVersion: number;
  denyHead: DenyHead;
  /** The list in force, as it was signed. */
  trust: { list: TrustList; jws: string } | undefined;
};

/** `list`: to sign next, or null if the one in force still says it all. */
export type NextLists = {
  list: TrustList | null;
  /** A deny list that is out of all proportion to the one in force, and waits for the operator's `force`. */
  heldDeny: DenyHead | null;
};

/** `roots`: what the roots have said so far. */
type Signing = { terms: TrustTerms; roots: readonly string[]; nowS: number };

/** `mustSign`: who signed the list in force is not believed any more. */
export function decideNextLists(
  facts: ListFacts,
  { terms, roots, nowS, mustSign = false }: Signing & { mustSign?: boolean },
): NextLists {
  const inForce = facts.trust?.list;
  const denyHead = nextDenyHead(facts, inForce?.deny);
  const content = trustContent({ ...facts, denyHead }, { terms, roots, nowS });
  const floor = floorOf(facts.seen.trust, inForce?.version ?? 0);
  const pace = terms.lists;
  const list = nextTrustList({ content, inForce, floor }, { nowS, pace, mustSign });
  const isHeld = denyHead !== facts.denyHead && denyHead === inForce?.deny;
  return { list, heldDeny: isHeld ? facts.denyHead : null };
}

/**
 * The deny list that the next trust list names. A step that would lock a city out, or in, is published
 * only if the operator has forced exactly that version; what follows it is measured by it.
 */
function nextDenyHead({ denyHead, deny }: ListFacts, inForce: DenyHead | undefined): DenyHead {
  if (inForce === undefined || isSane(inForce, denyHead)) return denyHead;
  const { forced } = deny;
  return forced !== null && forced.version > inForce.version ? forced : inForce;
}

function isSane(before: DenyHead, after: DenyHead): boolean {
  return before.version === 0 || isSaneChange({ before: before.count, after: after.count });
}

function trustContent(
  { issuerKeys, tariff, tariffVersion, denyHead }: ListFacts,
  { terms, roots, nowS }: Signing,
): TrustContent {
  const { operator, currency, limits } = terms;
  return {
    stile: 'trust-list/1',
    operator,
    currency,
    issuers: publishableKeys(issuerKeys, nowS).map(publicFields),
    limits,
    tariff: { version: tariffVersion, lines: carriedFares(tariff, nowS) },
    deny: denyHead,
    roots: [...roots],
  };
}

/** More than a list carries were set only before there was a limit on setting them. */
function carriedFares(tariff: readonly LineFare[], nowS: number): LineFare[] {
  return publishableFares(tariff, nowS).slice(-LINE_FARES_MAX);
}

export function nextTrustList(
  {
    content,
    inForce,
    floor = 0,
  }: { content: TrustContent; inForce: TrustList | undefined; floor?: number },
  { nowS, pace, mustSign = false }: { nowS: number; pace: TrustPace; mustSign?: boolean },
): TrustList | null {
  const version = inForce?.version ?? 0;
  const isOld = inForce === undefined || isRefreshDue(inForce, { nowS, pace });
  const isDue = isOld || floor > version || mustSign;
  if (!isDue && isSameContent(content, inForce)) return null;
  return {
    ...content,
    version: Math.max(version, floor) + 1,
    // An earlier time than that of the version before says that the one before was wrong.
    issuedAtS: nowS,
    expiresAtS: nowS + pace.expiresS,
  };
}

/** Whether a list is old enough to be signed anew although it says the same, or of a time that was wrong. */
export function isRefreshDue(
  inForce: TrustList,
  { nowS, pace }: { nowS: number; pace: TrustPace },
): boolean {
  return nowS >= inForce.issuedAtS + pace.refreshS || nowS < inForce.issuedAtS;
}

function isSameContent(content: TrustContent, list: TrustList): boolean {
  const { version, issuedAtS, expiresAtS, ...inForce } = list;
  return canonical(content) === canonical(inForce);
}

function canonical(content: TrustContent): string {
  const { stile, operator, currency, issuers, limits, tariff, deny, roots } = content;
  return JSON.stringify([stile, operator, currency, issuers, limits, tariff, deny, roots]);
}

/** When a key begins to sign is the issuer's own affair; gates know it from the beginning. */
function publicFields({ signsFromS: _own, ...key }: StoredIssuerKey): IssuerKey {
  return key;
}

/** The keys that a list has room for: all that may still open something, the newest stay first. */
export function publishableKeys<T extends IssuerKey>(keys: readonly T[], nowS: number): T[] {
  const active = keys.filter((key) => key.status !== 'retired' || key.notAfterS >= nowS);
  return active.slice(-ISSUER_KEYS_MAX);
}
