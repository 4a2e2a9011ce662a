/**
 * Seeds of payment codes from their making to their end. The one before stays good until the new one is
 * confirmed or has paid, because the answer that carries the new one may be lost; older ones end at once.
 */
import { type Decision, unchanged } from '../changes.ts';
import type { NewSeed } from './payment-changes.ts';
import { confirmSeed, type SeedFacts } from './spend-code.ts';

/** A seed of the same phone or account that has not ended. */
export type LiveSeed = Pick<SeedFacts, 'handle' | 'confirmedAtMs'>;

export type NewSeedFacts = { isHandleTaken: boolean; phoneSeeds: readonly LiveSeed[] };

/** False if the handle is taken: draw another. */
export function decideNewSeed(
  { isHandleTaken, phoneSeeds }: NewSeedFacts,
  seed: NewSeed,
): Decision<boolean> {
  if (isHandleTaken) return unchanged(false);
  const unconfirmed = phoneSeeds.filter(({ confirmedAtMs }) => confirmedAtMs === null);
  return {
    changes: [
      { kind: 'addSeed', seed },
      ...unconfirmed.map(({ handle }) => ({ kind: 'endSeed', handle, atMs: seed.nowMs }) as const),
    ],
    result: true,
  };
}

export type SeedConfirmation = { account: string; serial: number; handle: string; nowMs: number };

export type SeedConfirmationFacts = { seed: SeedFacts | null; phoneHandles: readonly string[] };

/** False if the phone has no such handle, or no more. */
export function decideSeedConfirmation(
  { seed, phoneHandles }: SeedConfirmationFacts,
  { account, serial, nowMs }: SeedConfirmation,
): Decision<boolean> {
  if (seed === null || !isLiveSeed(seed, nowMs)) return unchanged(false);
  if (seed.account !== account || seed.serial !== serial) return unchanged(false);
  return { changes: confirmSeed(seed, { phoneHandles, nowMs }), result: true };
}

/** Whether codes of this seed can pay at all. */
export function isLiveSeed(
  { endedAtMs, expiresAtMs }: Pick<SeedFacts, 'endedAtMs' | 'expiresAtMs'>,
  nowMs: number,
): boolean {
  return endedAtMs === null && expiresAtMs >= nowMs;
}

/** Ends all of these; how many there were. */
export function decideSeedRevocation(
  handles: readonly string[],
  { nowMs }: { nowMs: number },
): Decision<number> {
  return {
    changes: handles.map((handle) => ({ kind: 'endSeed', handle, atMs: nowMs }) as const),
    result: handles.length,
  };
}

export type NewOnlineCode = {
  codeHash: string;
  account: string;
  serial: number;
  nowMs: number;
  expiresAtMs: number;
  /** Most that it pays, as the rider has said; null: nothing was said. */
  boundCents: number | null;
};

/** A phone has one online code at a time. `liveHashes`: those before it. */
export function decideNewOnlineCode(
  liveHashes: readonly string[],
  { nowMs, ...code }: NewOnlineCode,
): Decision<void> {
  return {
    changes: [
      ...liveHashes.map(
        (hash) => ({ kind: 'setOnlineCodeState', codeHash: hash, state: 'ended' }) as const,
      ),
      { kind: 'addOnlineCode', ...code },
    ],
    result: undefined,
  };
}
