/** What a phone gets while it is online, to pay with: a seed under a blind handle, or one code for one minute. */
import { createHash } from 'node:crypto';
import type { Clock } from '@stile/host/clock.ts';
import { type Random, randomDigits } from '@stile/host/random.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import type { OnlineCode, Seed } from '@stile/protocol/http/rider-api.ts';
import {
  HANDLE_DIGITS,
  ONLINE_RANDOM_DIGITS,
  SEED_BYTES,
  writeOnlineCode,
} from '@stile/protocol/payment-code.ts';
import type { PaymentLimits } from '../core/payments/payment-rules.ts';
import type { SeedBox } from '../keys/seeds.ts';
import type { PassOf, Store } from '../store/port.ts';

const DAY_MS = 86_400_000;
/** Handles that are drawn before giving up: with a million live ones each draw is taken once in a hundred. */
const DRAWS_MAX = 20;

export type CodeIssueParts = {
  store: Pick<Store, 'addSeed' | 'addOnlineCode'>;
  /** Null: no seed key was given, payment codes are off. */
  seedBox: SeedBox | null;
  limits: PaymentLimits;
  clock: Clock;
  random: Random;
};

export type CodeIssue = ReturnType<typeof createCodeIssue>;

export function createCodeIssue({ store, seedBox, limits, clock, random }: CodeIssueParts) {
  return {
    /** Undefined: no seed key. */
    async addSeed(account: string, serial: number): Promise<Seed | undefined> {
      if (seedBox === null) return undefined;
      const seed = random.bytes(SEED_BYTES);
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + limits.seedDaysMax * DAY_MS;
      for (let draws = 0; draws < DRAWS_MAX; draws += 1) {
        const handle = randomDigits(random, HANDLE_DIGITS);
        const owner = { handle, account, serial };
        const row = { ...owner, ...seedBox.seal(seed, owner), nowMs, expiresAtMs };
        if (!(await store.addSeed(row))) continue;
        return {
          handle,
          seed: toHex(seed),
          expiresAtS: Math.floor(expiresAtMs / 1000),
          amountCentsMax: Math.min(limits.offlineCentsMax, limits.unconfirmedCentsMax),
        };
      }
      throw new Error(`Bug: ${DRAWS_MAX} handles in a row were taken`);
    },

    /** `boundCents`: the most that it pays; null: what codes pay without the rider's word. */
    async addOnlineCode(of: PassOf & { boundCents: number | null }): Promise<OnlineCode> {
      const text = writeOnlineCode(randomDigits(random, ONLINE_RANDOM_DIGITS));
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + limits.onlineCodeS * 1000;
      await store.addOnlineCode({
        codeHash: onlineCodeHash(text),
        ...of,
        nowMs,
        expiresAtMs,
      });
      return { text, expiresAtS: Math.floor(expiresAtMs / 1000) };
    },
  };
}

export function onlineCodeHash(text: string): string {
  return createHash('sha256').update(DOMAINS.onlineCode).update(text).digest('hex');
}
