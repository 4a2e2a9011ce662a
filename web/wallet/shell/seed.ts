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

/** otplib wants bytes; the key that counts is WebCrypto's. */
const NO_SECRET = new Uint8Array(SEED_BYTES);

export type StoredSeed = {
  handle: string;
  key: CryptoKey | Uint8Array;
  expiresAtS: number;
  amountCentsMax: number;
};

export async function importSeed({ seed, ...rest }: Seed): Promise<StoredSeed> {
  const bytes = fromHex(seed, SEED_BYTES);
  assert(bytes !== undefined, 'the schema lets 32 bytes pass only');
  if (crypto.subtle === undefined) return { ...rest, key: bytes };
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const raw = new Uint8Array(bytes);
  const key = await crypto.subtle.importKey('raw', raw, algorithm, false, ['sign']);
  return { ...rest, key };
}

/** The 20 digits of one time step (protocol/README.md §11). */
export async function makePaymentCode(
  { handle, key }: StoredSeed,
  timeStep: number,
): Promise<string> {
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
