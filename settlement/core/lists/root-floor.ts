/**
 * What gates hold of the root's words, against what this settlement knows of them: after a restored backup gates
 * may have heard of later statements, roots and ends of keys. Then the next words have to lie above theirs, or
 * gates ignore them.
 */
import type { HeldRoot } from '@stile/protocol/gate-log.ts';
import { nextOnlineNumber } from './online-keys.ts';
import { RESTORE_JUMP } from './version-floor.ts';

/** A report beyond this is a lie or a fault: numbers of a restored settlement are seconds, up to the year 2106. */
export const HELD_NUMBER_MAX = 0xffffffff;

export type OwnRoot = Pick<HeldRoot, 'generation' | 'number' | 'floor'>;

/** `restoredS`: when a backup was restored here, 0: never. Numbers go on at that second, above any before it. */
export type RootFacts = { held: readonly HeldRoot[]; restoredS: number };

/** As it is stored: what each gate has said last. */
export type StoredRootFacts = {
  held: readonly (HeldRoot & { gate: string })[];
  restoredS: number;
  /** Gates with a key that counts, which have not reported since the backup was restored. */
  unreported: readonly string[];
};

/** Whether who holds this has heard what this settlement does not know. */
export function isLaterRoot(held: HeldRoot, own: OwnRoot): boolean {
  if (held.number > HELD_NUMBER_MAX || held.floor > HELD_NUMBER_MAX) return false;
  if (held.generation !== own.generation) return held.generation > own.generation;
  return held.number > own.number;
}

/** Whether who holds this refuses what an online key of this number signs; undefined: what no key signs. */
export function refusesKey(held: HeldRoot, of: { own: OwnRoot; key: number | undefined }): boolean {
  if (!isLaterRoot(held, of.own)) return false;
  return held.generation > of.own.generation || (of.key !== undefined && of.key < held.floor);
}

/** The latest root that gates follow, and what the number of the next statement has to be above. */
export function statementsAbove(
  own: OwnRoot,
  { held, restoredS }: RootFacts,
): { generation: number; statement: number } {
  const later = held.filter((one) => isLaterRoot(one, own));
  return {
    generation: Math.max(own.generation, ...later.map(({ generation }) => generation)),
    statement: Math.max(restoredS, 0, ...later.map(({ number }) => number)),
  };
}

/** The number of the next online key. Who lost some history leaves room for the keys that were made in it. */
export function onlineNumberAbove(
  keys: Parameters<typeof nextOnlineNumber>[0],
  { own, facts: { held, restoredS } }: { own: OwnRoot; facts: RootFacts },
): number {
  const later = held.filter((one) => isLaterRoot(one, own));
  const floors = later.map(({ floor }) => floor + RESTORE_JUMP);
  return Math.max(nextOnlineNumber(keys, own.floor), restoredS, ...floors);
}

/**
 * Gates that nobody has spoken for. What they have heard in the lost time is not known, so a root that is announced
 * anew may be another one than theirs: they would never follow it.
 */
export function strandedGates(
  unreported: readonly string[],
  { without }: { without: readonly string[] },
): string[] {
  return unreported.filter((gate) => !without.includes(gate));
}
