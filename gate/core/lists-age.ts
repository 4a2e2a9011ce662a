/**
 * What a gate believes while its deny list grows old. First only passes that settlement has given out lately,
 * because it gives none to who is denied; then none, because a stolen gate that nobody reaches must end.
 */
import type { ListsStage } from '@stile/protocol/gate-log.ts';

export type ListsRules = {
  /** Age of the deny list from which on only passes that are younger than this open. 0: no rule at all. */
  maxListAgeS: number;
  /** Age from which on nothing opens. */
  closeListAgeS: number;
};

export function listsStageAt(
  { denyAtS, nowS }: { denyAtS: number; nowS: number },
  { maxListAgeS, closeListAgeS }: ListsRules,
): ListsStage {
  if (denyAtS === 0) return 'NONE';
  if (maxListAgeS === 0) return 'FRESH';
  const ageS = nowS - denyAtS;
  if (ageS > Math.max(maxListAgeS, closeListAgeS)) return 'EXPIRED';
  return ageS > maxListAgeS ? 'STALE' : 'FRESH';
}

export function refuseOldLists(
  of: { denyAtS: number; nowS: number; issuedAtS: number },
  rules: ListsRules,
): 'LISTS_EXPIRED' | 'LISTS_STALE' | undefined {
  if (rules.maxListAgeS === 0) return undefined;
  const stage = listsStageAt(of, rules);
  if (stage === 'EXPIRED' || stage === 'NONE') return 'LISTS_EXPIRED';
  const isOldPass = of.nowS - of.issuedAtS > rules.maxListAgeS;
  return stage === 'STALE' && isOldPass ? 'LISTS_STALE' : undefined;
}
