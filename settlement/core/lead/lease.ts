/**
 * Who of several processes leads: publishes, sweeps, does what one does for all. The holder says again and again that
 * it is there; one whose words stay the same for long enough is over. No two clocks are compared, and each change of
 * hands has a number, the fence, by which what the one before still writes is refused.
 */
import type { Decision } from '../changes.ts';
import type { Lease } from './lease-changes.ts';

/** `over`: as it was seen for so long that its holder is not there any more. */
export type LeaseBid = { holder: string; over: Lease | null };

/** @returns how it stands then. */
export function decideLease(found: Lease | null, { holder, over }: LeaseBid): Decision<Lease> {
  if (found?.holder === holder) return set({ ...found, beats: found.beats + 1 });
  if (found === null || found.holder === null || isSame(found, over)) {
    return set({ fence: (found?.fence ?? 0) + 1, holder, beats: 0 });
  }
  return { changes: [], result: found };
}

/** Its holder lets go; of somebody else's nothing changes. */
export function decideRelease(found: Lease | null, holder: string): Decision<void> {
  if (found?.holder !== holder) return { changes: [], result: undefined };
  return { changes: set({ ...found, holder: null }).changes, result: undefined };
}

/** Whether whoever writes under this fence still leads; without one nobody shares the database. */
export function isHeld(found: Lease | null, fence: number | undefined): boolean {
  return fence === undefined || found?.fence === fence;
}

export function isSame(found: Lease, other: Lease | null): boolean {
  return other !== null && found.fence === other.fence && found.beats === other.beats;
}

function set(lease: Lease): Decision<Lease> {
  return { changes: [{ kind: 'setLease', lease }], result: lease };
}
