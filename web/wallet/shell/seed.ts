/**
 * Payment codes from a seed that nobody can read back: it is stored as a non-extractable HMAC key, and
 * otplib asks WebCrypto for the HMAC. Only if a page has no WebCrypto (plain http) it stores the bytes.
 */
import { crypto as nobleCrypto } from '@otplib/plugin-crypto-noble';
import { generate } from '@otplib/totp';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { Seed } from '@stile/protocol/http/rider-api.ts';
import {
  OTP_DIGITS,
  otpOfTimeStep,
  SEED_BYTES,
  TIME_STEP_S,
  writePaymentCode,
} from '@stile/protocol/payment-code.ts';
import type { Random } from '../../parts/random.ts';
import { type Sealed, seal, unseal } from './pin-key.ts';

/** otplib wants bytes; the key that counts is WebCrypto's. */
const NO_SECRET = new Uint8Array(SEED_BYTES);

export type StoredSeed = {
  handle: string;
  /** Sealed: under the rider's PIN. */
  key: CryptoKey | Uint8Array | Sealed;
  expiresAtS: number;
  amountCentsMax: number;
};

export async function importSeed({ seed, ...rest }: Seed): Promise<StoredSeed> {
  return { ...rest, key: await importBytes(seedBytes(seed)) };
}

function seedBytes(seed: string): Uint8Array {
  const bytes = fromHex(seed, SEED_BYTES);
  assert(bytes !== undefined, 'the schema lets 32 bytes pass only');
  return bytes;
}

async function importBytes(bytes: Uint8Array): Promise<CryptoKey | Uint8Array> {
  if (crypto.subtle === undefined) return bytes;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return await crypto.subtle.importKey('raw', new Uint8Array(bytes), algorithm, false, ['sign']);
}

/** Nothing makes codes of it until it is unsealed with the same key. */
export async function sealSeed(
  key: CryptoKey,
  { seed: { seed, ...rest }, random }: { seed: Seed; random: Random },
): Promise<StoredSeed> {
  return { ...rest, key: await seal(key, { plain: seedBytes(seed), random }) };
}

/** `key`: the PIN's; null while it is not entered. Undefined: it stays sealed. */
export async function unsealSeed(
  seed: StoredSeed,
  key: CryptoKey | null,
): Promise<StoredSeed | undefined> {
  if (!('nonce' in seed.key)) return seed;
  const bytes = key && (await unseal(key, seed.key));
  return bytes ? { ...seed, key: await importBytes(bytes) } : undefined;
}

/** The 20 digits of one time step (protocol/README.md §11). */
export async function makePaymentCode(
  { handle, key }: StoredSeed,
  timeStep: number,
): Promise<string> {
  assert(!('nonce' in key), 'a sealed seed makes no codes');
  if (key instanceof Uint8Array)
    return writePaymentCode({ handle, otp: otpOfTimeStep(key, timeStep) });
  const otp = await generate({
    secret: NO_SECRET,
    epoch: timeStep * TIME_STEP_S,
    period: TIME_STEP_S,
    digits: OTP_DIGITS,
    algorithm: 'sha256',
    crypto: {
      name: 'webcrypto',
      randomBytes: () => {
        throw new Error('a seed comes from settlement, and is never drawn here');
      },
      constantTimeEqual: nobleCrypto.constantTimeEqual,
      hmac: async (_algorithm, _secret, data) =>
        new Uint8Array(await crypto.subtle.sign('HMAC', key, new Uint8Array(data))),
    },
  });
  return writePaymentCode({ handle, otp });
}
