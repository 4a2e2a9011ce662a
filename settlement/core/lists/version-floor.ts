/**
 * Versions never go back, also if settlement does: a gate that holds a later list than was ever published
 * here has it from a settlement whose backup this is, and the next version must be above it.
 */

/** A report further ahead than this is a lie or a fault: following it could use up all versions. */
export const AHEAD_MAX = 10_000_000;
/** Versions that a restored settlement leaves out, so that gates take its lists before they have reported. */
export const RESTORE_JUMP = 1_000_000;

/** The highest versions that gates report. */
export type SeenVersions = { trust: number; deny: number };

/** What the next version must be above. */
export function floorOf(seen: number, version: number): number {
  return seen > version && seen <= version + AHEAD_MAX ? seen : version;
}

/** Whether a gate reports what was never published here. */
export function isAhead(seen: SeenVersions, published: SeenVersions): boolean {
  return (
    floorOf(seen.trust, published.trust) > published.trust ||
    floorOf(seen.deny, published.deny) > published.deny
  );
}
