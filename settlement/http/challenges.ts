/**
 * Challenges for proofs of possession and for what gates ask, short-lived, good once. Nothing is kept of one that is only asked for:
 * it carries its end and a MAC, so that a flood of them pushes nobody's out. Kept, until they end, are those that a
 * proof has held for: in this process, of which a restart forgets all, or in the database that several processes share.
 */

import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { type Clock, wallS } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const END_BYTES = 6;
const MAC_BYTES = 16;
const LIFETIME_S = 120;
/** Proofs that hold in the lifetime of a challenge: 400 a second. */
const USED_MAX = 50_000;

export type Challenges = ReturnType<typeof createChallenges>;

/** Of several processes: one key, and one place where used ones are noted. */
export type SharedChallenges = {
  key: Uint8Array;
  /** False: it is used. */
  useOnce: (of: { challenge: string; endsAtS: number }) => Promise<boolean>;
};

export type ChallengeParts = { clock: Clock; random: Random; shared?: SharedChallenges | null };

export function createChallenges(
  { clock, random, shared = null }: ChallengeParts,
  usedMax = USED_MAX,
) {
  const key = createSecretKey(shared?.key ?? random.bytes(KEY_BYTES));
  /** In the order they were used, which is nearly that in which they end. */
  const used = new Map<string, number>();

  function macOf(body: Uint8Array): Buffer {
    return createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES);
  }

  /** When it ends; undefined if it is none of this process. */
  function endOf(challenge: string): number | undefined {
    const bytes = Buffer.from(challenge, 'base64url');
    // One spelling only, or a used one would be good again in another.
    if (bytes.toString('base64url') !== challenge) return undefined;
    if (bytes.length !== END_BYTES + NONCE_BYTES + MAC_BYTES) return undefined;
    const mac = bytes.subarray(-MAC_BYTES);
    if (!timingSafeEqual(mac, macOf(bytes.subarray(0, -MAC_BYTES)))) return undefined;
    return bytes.readUIntBE(0, END_BYTES);
  }

  function dropEnded(nowS: number): void {
    for (const [challenge, expiresAtS] of used) {
      if (expiresAtS > nowS) return;
      used.delete(challenge);
    }
  }

  return {
    make(): { challenge: string; expiresAtS: number } {
      const expiresAtS = wallS(clock) + LIFETIME_S;
      const body = Buffer.alloc(END_BYTES + NONCE_BYTES);
      body.writeUIntBE(expiresAtS, 0, END_BYTES);
      body.set(random.bytes(NONCE_BYTES), END_BYTES);
      return { challenge: Buffer.concat([body, macOf(body)]).toString('base64url'), expiresAtS };
    },
    /** Whether a proof may be tried for it: it is one of ours, fresh, and no proof has held for it. */
    isOpen(challenge: string): boolean {
      const expiresAtS = endOf(challenge);
      return expiresAtS !== undefined && expiresAtS > wallS(clock) && !used.has(challenge);
    },
    /**
     * A proof has held for it: it is good no more. Only behind `isOpen`. False if another process was faster.
     * @throws Fault UPLINK_BUSY if more proofs than can be kept have held: rather none than one twice.
     */
    async use(challenge: string): Promise<boolean> {
      const nowS = wallS(clock);
      dropEnded(nowS);
      if (used.size >= usedMax) {
        throw new Fault('UPLINK_BUSY', 'too many ask at once: try again in a minute');
      }
      const endsAtS = endOf(challenge) ?? nowS;
      // At once: a second one in this process waits for nothing.
      used.set(challenge, endsAtS);
      return shared === null || (await shared.useOnce({ challenge, endsAtS }));
    },
    /** How many are kept. */
    get size() {
      return used.size;
    },
  };
}
