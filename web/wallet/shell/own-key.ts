/**
 * The last resort: a key in the page's own hands, on @noble/curves, for browsers whose WebCrypto has
 * neither Ed25519 nor P-256. Loaded only then. Whoever can read this page's storage can copy it.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { toHex } from '@stile/protocol/bytes.ts';
import type { Random } from '../../parts/random.ts';
import type { DeviceKey } from './device-key.ts';

const SECRET_BYTES = 32;

export function makeOwnKey(random: Random): DeviceKey {
  const secret = random.bytes(SECRET_BYTES);
  const publicKey = toHex(ed25519.getPublicKey(secret));
  return { kind: 'page', algorithm: 'Ed25519', publicKey, secret };
}

export function signWithOwnKey(secret: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, secret);
}
