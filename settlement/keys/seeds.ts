/**
 * Seeds as they lie at rest: sealed with AES-256-GCM under a key that is not in the data directory, bound
 * to handle, account and serial, so that a row that is moved or changed opens no more. Which key sealed
 * a seed stands beside it; the first key seals, all open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { Random } from '@stile/host/random.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import { Fault } from '@stile/protocol/fault.ts';
import {
  otpOfTimeStep,
  SEED_BYTES,
  TIME_STEPS_TRIED,
  timeStepAt,
} from '@stile/protocol/payment-code.ts';
import type { SealedSeed } from '../core/payments/payment-changes.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEYS_MAX = 8;
/** How far a phone's clock may be off for that to be named, in time steps; none of them is good. */
export const STRAY_STEPS_MAX = 10;
/** Tried if there is no seed, so that an unknown handle costs what a known one costs; it opens nothing. */
const DUMMY_SEED = new Uint8Array(SEED_BYTES).fill(0x5e);

type Owner = Pick<SealedSeed, 'handle' | 'account' | 'serial'>;
const NOBODY: Owner = { handle: '00000000', account: '0'.repeat(16), serial: 0 };

export type SeedBox = ReturnType<typeof createSeedBox>;

/**
 * `keys`: 64 hexadecimal digits each, separated by commas.
 * @throws Fault CONFIG_INVALID if they are not that.
 */
export function createSeedBox(keys: string, random: Random) {
  const parsed = keys.split(',').map((one) => one.trim());
  if (parsed.length > KEYS_MAX || !parsed.every((one) => /^[0-9a-f]{64}$/i.test(one))) {
    throw new Fault(
      'CONFIG_INVALID',
      'STILE_SEED_KEY holds one key of 64 hexadecimal digits, or several with commas between',
    );
  }
  const ring = new Map(parsed.map((hex) => keyOf(hex)));
  const [first] = ring;

  function seal(seed: Uint8Array, owner: Owner): Pick<SealedSeed, 'keyId' | 'sealed'> {
    const [keyId, key] = first ?? keyOf(parsed[0] ?? '');
    const nonce = random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(boundTo(owner));
    const sealed = Buffer.concat([nonce, cipher.update(seed), cipher.final()]);
    return { keyId, sealed: Buffer.concat([sealed, cipher.getAuthTag()]) };
  }

  return {
    /** The one that seals. */
    keyId: first?.[0] ?? '',
    hasKey: (keyId: string) => ring.has(keyId),
    seal,
    /** Opened if the handle is unknown, so that this costs what a known one costs. */
    nobody: { ...NOBODY, ...seal(DUMMY_SEED, NOBODY) } satisfies SealedSeed,
    /** Undefined if no key fits or the row is not as it was sealed. */
    open(row: SealedSeed): Uint8Array | undefined {
      const key = ring.get(row.keyId);
      const sealed = Buffer.from(row.sealed);
      if (key === undefined || sealed.length !== NONCE_BYTES + SEED_BYTES + TAG_BYTES) {
        return undefined;
      }
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      }).setAAD(boundTo(row));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        const open = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([open, decipher.final()]);
      } catch {
        // The tag does not fit: it was changed, moved or sealed with another key of the same id.
        return undefined;
      }
    },
  };
}

/** As a key object: one made of bytes for each seed costs more than opening it. */
function keyOf(hex: string): [string, KeyObject] {
  const key = Buffer.from(hex, 'hex');
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return [keyId, createSecretKey(key)];
}

function boundTo({ handle, account, serial }: Owner): Buffer {
  return Buffer.concat([DOMAINS.seed, Buffer.from(`${handle}\0${account}\0${serial}`)]);
}

/** The time step whose password this is, or null. Takes the same work for no seed and whichever fits. */
export function findTimeStep(
  seed: Uint8Array | undefined,
  { otp, nowS }: { otp: string; nowS: number },
): number | null {
  return findAmong(seed, { otp, nowS, offsets: TIME_STEPS_TRIED });
}

/** A step further away whose password this is: it pays nothing, it says that the phone's clock is off. */
export function findStrayStep(
  seed: Uint8Array | undefined,
  { otp, nowS }: { otp: string; nowS: number },
): number | null {
  return findAmong(seed, { otp, nowS, offsets: STRAY_OFFSETS });
}

/** The nearest first. */
const STRAY_OFFSETS = Array.from({ length: STRAY_STEPS_MAX }, (_, index) => index + 1)
  .flatMap((away) => [-away, away])
  .filter((offset) => !TIME_STEPS_TRIED.some((tried) => tried === offset));

function findAmong(
  seed: Uint8Array | undefined,
  { otp, nowS, offsets }: { otp: string; nowS: number; offsets: readonly number[] },
): number | null {
  const now = timeStepAt(nowS);
  const presented = Buffer.from(otp);
  let found: number | null = null;
  for (const offset of offsets) {
    const step = Math.max(0, now + offset);
    const expected = Buffer.from(otpOfTimeStep(seed ?? DUMMY_SEED, step));
    const fits = expected.length === presented.length && timingSafeEqual(expected, presented);
    if (fits && found === null) found = step;
  }
  return seed === undefined ? null : found;
}
