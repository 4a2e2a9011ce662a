/** What changes with a fare, a key, a list: the rows behind what is published next. */
import type { Sha256 } from '@stile/protocol/bytes.ts';
import type { DenyHead, DenyVersion, LineFare, TrustList } from '@stile/protocol/trust-list.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import { isHeld } from '../lead/lease.ts';
import type { Lease } from '../lead/lease-changes.ts';
import { hasRoomFor } from '../rides/tariff.ts';
import { type DenyCandidate, type DenyRow, denyDeltaBetween, nextDenyList } from './deny.ts';
import { rulesOf } from './list-rules.ts';
import { floorOf, RESTORE_JUMP, type SeenVersions } from './version-floor.ts';

/** Under which names settlement notes what hangs on versions. */
export const DENY_FORCED_KEY = 'denyForced';
export const DENY_SANE_FROM_KEY = 'denySaneFrom';
export const TRUST_FLOOR_KEY = 'trustFloor';
export const DENY_FLOOR_KEY = 'denyFloor';
export const RESTORED_KEY = 'restoredAtMs';

export type FareFacts = {
  nextTariffVersion: number;
  lastRecordId: number;
  tariff: readonly LineFare[];
};

/** The version of the tariff with this fare; null if no list has room for it. Taps that waited for a fare, or were charged another, follow. */
export function decideFare(
  { nextTariffVersion, lastRecordId, tariff }: FareFacts,
  { fare, nowMs }: { fare: LineFare; nowMs: number },
): Decision<number | null> {
  if (!hasRoomFor(fare, { tariff, nowS: Math.floor(nowMs / 1000) })) return unchanged(null);
  const { line, fromS } = fare;
  const subject = JSON.stringify({ line, fromMs: fromS * 1000 });
  const work = { kind: 'reprice', cursor: 0, until: lastRecordId, subject } as const;
  return {
    changes: [
      { kind: 'addLineFare', version: nextTariffVersion, fare, atMs: nowMs },
      { kind: 'addWork', work, atMs: nowMs },
      { kind: 'requestPublish', atMs: nowMs },
    ],
    // A tariff without any fare is version 1.
    result: nextTariffVersion + 1,
  };
}

export type NewTrustList = {
  list: TrustList;
  /** Under which it was made. */
  fence?: number | undefined;
  jws: string;
  nowMs: number;
  sha256: Sha256;
};

/** False: whoever made it does not lead any more. */
export function decideTrustList(
  lease: Lease | null,
  { list, fence, jws, nowMs, sha256 }: NewTrustList,
): Decision<boolean> {
  if (!isHeld(lease, fence)) return unchanged(false);
  const rules = rulesOf(list, { jws, sha256 });
  const change: Change = { kind: 'addTrustList', list, jws, rules, atMs: nowMs };
  return { changes: [change], result: true };
}

export type DenyListFacts = {
  head: DenyVersion;
  /** The highest version that gates report. */
  seen: number;
  candidates: readonly DenyCandidate[];
};

/** Carries changed ids into one new version of the deny list, under a salt of its own. True if there may be more of them. */
export function decideDenyVersion(
  { head, seen, candidates }: DenyListFacts,
  { idsMax, nowMs, salt, sha256 }: { idsMax: number; nowMs: number; salt: string; sha256: Sha256 },
): Decision<boolean> {
  const floor = floorOf(seen, head.version);
  const next = nextDenyList(head, { candidates, floor, salt, sha256 });
  const cleared = candidates.map(({ id }) => ({ kind: 'clearChangedDenial', id }) as const);
  const result = candidates.length === idsMax;
  if (next === null) return { changes: cleared, result };
  const { version } = next.head;
  return {
    changes: [
      ...cleared,
      { kind: 'addDenyVersion', head: next.head, atMs: nowMs },
      // What gates hold from before a restore did not lead here by steps that were judged here.
      ...(floor > head.version ? [restartSane(version)] : []),
      ...next.adds.map((id) => ({ kind: 'listDenied', id, version }) as const),
      ...next.removes.map((id) => ({ kind: 'unlistDenied', id, version }) as const),
    ],
    result,
  };
}

/** From this version on steps of the deny list are judged; what came before it is unknown. */
export function restartSane(version: number): Change {
  return { kind: 'setMeta', key: DENY_SANE_FROM_KEY, value: String(version) };
}

/** The operator vouches for exactly this version, whatever a gate has from before. */
export function decideForce(
  known: DenyHead | null,
  { nowMs }: { nowMs: number },
): Decision<boolean> {
  if (known === null) return { changes: [], result: false };
  return {
    changes: [
      { kind: 'setMeta', key: DENY_FORCED_KEY, value: String(known.version) },
      restartSane(0),
      { kind: 'requestPublish', atMs: nowMs },
    ],
    result: true,
  };
}

/** What a restored settlement begins with: versions that no gate can have seen. */
export function decideRestored(
  published: SeenVersions,
  { nowMs }: { nowMs: number },
): Decision<SeenVersions> {
  const floors = { trust: published.trust + RESTORE_JUMP, deny: published.deny + RESTORE_JUMP };
  return {
    changes: [
      { kind: 'setMeta', key: TRUST_FLOOR_KEY, value: String(floors.trust) },
      { kind: 'setMeta', key: DENY_FLOOR_KEY, value: String(floors.deny) },
      { kind: 'setMeta', key: RESTORED_KEY, value: String(nowMs) },
      { kind: 'requestPublish', atMs: nowMs },
    ],
    result: floors,
  };
}

export type DeltaQuery = { from: number; to: number; idsMax: number };

/** An id may come and go between two versions: more rows than ids, but not without bound. */
export function deltaRowsMax({ idsMax }: DeltaQuery): number {
  return idsMax * 2;
}

/** The net step between two versions, or undefined if it is too long or `from` lies ahead. */
export function denyDelta(
  rows: readonly DenyRow[],
  query: DeltaQuery,
): { adds: string[]; removes: string[] } | undefined {
  if (query.from > query.to || rows.length > deltaRowsMax(query)) return undefined;
  const delta = denyDeltaBetween(rows, query);
  return delta.adds.length + delta.removes.length > query.idsMax ? undefined : delta;
}
