/**
 * Challenges for proofs of possession: random, short-lived, good once. Kept in memory only, bounded;
 * a restart forgets them and a phone asks again, and a flood of them writes nothing to disk.
 */

import { type Clock, wallS } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';

const CHALLENGE_BYTES = 24;
const LIFETIME_S = 120;
const CHALLENGES_MAX = 20_000;

export type Challenges = ReturnType<typeof createChallenges>;

export function createChallenges(
  { clock, random }: { clock: Clock; random: Random },
  max = CHALLENGES_MAX,
) {
  /** In the order they were made, so the first is always the next to expire. */
  const open = new Map<string, number>();

  function dropExpired(nowS: number): void {
    for (const [challenge, expiresAtS] of open) {
      if (expiresAtS > nowS && open.size < max) return;
      open.delete(challenge);
    }
  }

  return {
    make(): { challenge: string; expiresAtS: number } {
      const nowS = wallS(clock);
      dropExpired(nowS);
      const challenge = Buffer.from(random.bytes(CHALLENGE_BYTES)).toString('base64url');
      const expiresAtS = nowS + LIFETIME_S;
      open.set(challenge, expiresAtS);
      return { challenge, expiresAtS };
    },
    /** True once for each challenge that is still fresh. */
    take(challenge: string): boolean {
      const expiresAtS = open.get(challenge);
      open.delete(challenge);
      return expiresAtS !== undefined && expiresAtS > wallS(clock);
    },
    get size() {
      return open.size;
    },
  };
}
