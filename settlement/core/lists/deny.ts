/**
 * From who is to be denied to the next version of the published deny list. Debts and an operator's own
 * denials are causes; an id is on the list while it has any. It publishes only differences, and a
 * version only if there is one.
 */
import { type Sha256, toHex } from '@stile/protocol/bytes.ts';
import { EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { type DenyVersion, denyVersionOf } from '@stile/protocol/trust-list.ts';

/**
 * DEBT: something is owed · OPERATOR: a person said so, and only a person lifts it · RIDER: a pass whose phone was
 * blocked, or whose account is on another phone; nobody lifts it.
 */
export const DENY_CAUSES = ['DEBT', 'OPERATOR', 'RIDER'] as const;
export type DenyCause = (typeof DENY_CAUSES)[number];
export type DeniedBy = { cause: DenyCause; note: string };

/** One id whose causes may have changed since it was last published. */
export type DenyCandidate = { id: Uint8Array; wanted: boolean; listed: boolean };

/** Before there is any version. */
export const NOTHING_DENIED: DenyVersion = {
  version: 0,
  count: 0,
  setDigest: EMPTY_SET_DIGEST,
  idsDigest: EMPTY_SET_DIGEST,
  salt: null,
};

export type DenyListChange = { head: DenyVersion; adds: Uint8Array[]; removes: Uint8Array[] };

/** The next version, or null if nothing changes and no gate is ahead. A version of before there were salts is replaced. */
export function nextDenyList(
  head: DenyVersion,
  {
    candidates,
    floor = 0,
    salt,
    sha256,
  }: { candidates: readonly DenyCandidate[]; floor?: number; salt: string; sha256: Sha256 },
): DenyListChange | null {
  const adds = candidates.filter(({ wanted, listed }) => wanted && !listed).map(({ id }) => id);
  const removes = candidates.filter(({ wanted, listed }) => !wanted && listed).map(({ id }) => id);
  const isPlain = head.version > 0 && head.salt === null;
  if (adds.length + removes.length === 0 && floor <= head.version && !isPlain) return null;
  const idsDigest = updateSetDigest(head.idsDigest, { adds, removes, sha256 });
  const count = head.count + adds.length - removes.length;
  const version = Math.max(head.version, floor) + 1;
  return { head: denyVersionOf({ version, count, idsDigest, salt }, sha256), adds, removes };
}

/** A row of the list's history: from which version on, and until before which, an id is on it. */
export type DenyRow = { id: Uint8Array; addedIn: number; removedIn: number | null };

export function isListedIn(row: Pick<DenyRow, 'addedIn' | 'removedIn'>, version: number): boolean {
  return row.addedIn <= version && (row.removedIn === null || row.removedIn > version);
}

/** The net change between two versions, from the rows that changed after `from`. */
export function denyDeltaBetween(
  rows: readonly DenyRow[],
  { from, to }: { from: number; to: number },
) {
  const before = new Set<string>();
  const after = new Set<string>();
  for (const row of rows) {
    if (isListedIn(row, from)) before.add(toHex(row.id));
    if (isListedIn(row, to)) after.add(toHex(row.id));
  }
  return {
    adds: [...after].filter((id) => !before.has(id)).sort(),
    removes: [...before].filter((id) => !after.has(id)).sort(),
  };
}
