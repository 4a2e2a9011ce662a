/**
 * When the deny list changes: which ids a new version adds and removes, given what has changed and why
 * accounts are on it. An id is on the list as long as it has a cause (a debt, or the operator's word).
 */
import { fromHex, type Sha256 } from '@stile/protocol/bytes.ts';
import { updateSetDigest } from '@stile/protocol/deny-list.ts';
import type { DenyHead } from '@stile/protocol/trust-list.ts';

export const DENY_CAUSES = ['DEBT', 'OPERATOR'] as const;
export type DenyCause = (typeof DENY_CAUSES)[number];

export type DenyStep = { head: DenyHead; adds: string[]; removes: string[] };

/** The next version, or null where nothing has changed in effect. Ids are hex, sorted in the result. */
export function nextDenyVersion(
  head: DenyHead,
  changed: readonly { id: string; isListed: boolean; hasCause: boolean }[],
  sha256: Sha256,
): DenyStep | null {
  const adds = changed.filter((entry) => entry.hasCause && !entry.isListed).map(({ id }) => id);
  const removes = changed.filter((entry) => !entry.hasCause && entry.isListed).map(({ id }) => id);
  if (adds.length === 0 && removes.length === 0) return null;
  return {
    head: {
      version: head.version + 1,
      count: head.count + adds.length - removes.length,
      setDigest: updateSetDigest(head.setDigest, bytesOf(adds), bytesOf(removes), sha256),
    },
    adds: adds.sort(),
    removes: removes.sort(),
  };
}

/** The one step that leads from an older version to the newest: what was added and stayed, and so on. */
export function combineSteps(
  steps: readonly { id: string; addedIn: number; removedIn: number | null }[],
  from: number,
): { adds: string[]; removes: string[] } {
  const before = new Set<string>();
  const after = new Set<string>();
  for (const { id, addedIn, removedIn } of steps) {
    if (addedIn <= from && (removedIn === null || removedIn > from)) before.add(id);
    if (removedIn === null) after.add(id);
  }
  return {
    adds: [...after].filter((id) => !before.has(id)).sort(),
    removes: [...before].filter((id) => !after.has(id)).sort(),
  };
}

function bytesOf(ids: readonly string[]): Uint8Array[] {
  return ids.map((id) => fromHex(id) ?? new Uint8Array(0));
}
