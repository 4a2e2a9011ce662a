/**
 * The phone's signing key, made by WebCrypto so that it can never leave the browser: Ed25519 if the
 * browser has it, else P-256. Only if a browser has neither does the page hold the key itself
 * (own-key.ts), and the wallet says what that means.
 */
import { toHex } from '@stile/protocol/bytes.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import { type Algorithm, lowS } from '@stile/protocol/signature.ts';
import type { Random } from '../../parts/random.ts';
import type { DeviceKey } from './device-key.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** @param algorithm Leaves out what comes before it, for testers; null: the first that works. */
export async function makeDeviceKey(
  algorithm: Algorithm | null,
  random: Random,
): Promise<DeviceKey> {
  if (algorithm !== 'P-256') {
    const key = await attempt(makeEd25519);
    if (key !== undefined) return key;
  }
  const key = await attempt(makeP256);
  if (key !== undefined) return key;
  const { makeOwnKey } = await import('./own-key.ts');
  return makeOwnKey(random);
}

/** A key counts only if it also signs: some browsers make keys that they can't use. */
async function attempt(make: () => Promise<DeviceKey>): Promise<DeviceKey | undefined> {
  try {
    const key = await make();
    await signWith(key, DOMAINS.keyProbe);
    return key;
  } catch {
    // The browser has no such algorithm, or no WebCrypto at all: the next one is tried.
    return undefined;
  }
}

async function makeEd25519(): Promise<DeviceKey> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const { privateKey } = pair;
  return { kind: 'platform', algorithm: 'Ed25519', publicKey: toHex(raw), privateKey };
}

async function makeP256(): Promise<DeviceKey> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(P256, false, [
    'sign',
    'verify',
  ]);
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  const compressed = compressPoint(raw);
  return { kind: 'platform', algorithm: 'P-256', publicKey: toHex(compressed), privateKey };
}

/** 04 ‖ x ‖ y becomes 02 or 03 ‖ x: the one form in which a pass carries a point. */
function compressPoint(raw: Uint8Array): Uint8Array {
  const compressed = raw.slice(0, 33);
  compressed[0] = ((raw[64] ?? 0) & 1) === 0 ? 2 : 3;
  return compressed;
}

/** 64 bytes: R‖S, or r‖s in low-S form, as protocol/README.md §3 wants them. */
export async function signWith(key: DeviceKey, message: Uint8Array): Promise<Uint8Array> {
  if (key.kind === 'page') {
    const { signWithOwnKey } = await import('./own-key.ts');
    return signWithOwnKey(key.secret, message);
  }
  const algorithm = key.algorithm === 'Ed25519' ? 'Ed25519' : { name: 'ECDSA', hash: 'SHA-256' };
  const data = new Uint8Array(message);
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm, key.privateKey, data));
  return key.algorithm === 'P-256' ? lowS(signature) : signature;
}
