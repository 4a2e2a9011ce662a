/** What a PIN seals: secrets under AES-GCM with a key that PBKDF2 makes of the PIN (docs/operations.md says how far that goes). */
import type { Random } from '../../parts/random.ts';
import type { PinTries } from '../core/pin.ts';

/** OWASP's figure for PBKDF2 with SHA-256. */
export const PIN_ITERATIONS = 600_000;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const CHECK_BYTES = 16;

export type Sealed = { nonce: Uint8Array<ArrayBuffer>; bytes: Uint8Array<ArrayBuffer> };

/** `check`: opens with the right one only. */
export type StoredPin = PinTries & {
  salt: Uint8Array<ArrayBuffer>;
  iterations: number;
  check: Sealed;
  beforeRide: boolean;
};

export async function makePinKey(
  pin: string,
  { salt, iterations }: { salt: Uint8Array<ArrayBuffer>; iterations: number },
): Promise<CryptoKey> {
  const digits = new TextEncoder().encode(pin);
  const material = await crypto.subtle.importKey('raw', digits, 'PBKDF2', false, ['deriveKey']);
  return await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}

export function drawSalt(random: Random): Uint8Array<ArrayBuffer> {
  return new Uint8Array(random.bytes(SALT_BYTES));
}

export async function seal(
  key: CryptoKey,
  { plain, random }: { plain: Uint8Array; random: Random },
): Promise<Sealed> {
  const nonce = new Uint8Array(random.bytes(NONCE_BYTES));
  const data = new Uint8Array(plain);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, key, data);
  return { nonce, bytes: new Uint8Array(sealed) };
}

/** Undefined if it was sealed with another key: the PIN is wrong. */
export async function unseal(
  key: CryptoKey,
  { nonce, bytes }: Sealed,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, key, bytes));
  } catch {
    return undefined;
  }
}

/** Chance, sealed: opens for the right PIN and tells nothing. */
export async function sealCheck(key: CryptoKey, random: Random): Promise<Sealed> {
  return await seal(key, { plain: random.bytes(CHECK_BYTES), random });
}
