/**
 * TC1, the transit code: a pass that the issuer signed, plus a fresh signature by the rider's phone.
 * Fixed offsets, no optional field; protocol/README.md §2 is the normative layout.
 * This file turns text into fields and back. It checks no signature and knows no clock.
 */

import { decodeBase45, encodeBase45 } from './base45.ts';
import { concatBytes, fromHex, putUint, toHex } from './bytes.ts';
import { DOMAINS } from './domains.ts';
import { assert } from './fault.ts';

export const TEXT_PREFIX = 'TC1:';
export const SIGNATURE_BYTES = 64;
const VERSION = 1;
const DEVICE_KEY_AT = 30;
const CODE_TAIL_BYTES = 9 + SIGNATURE_BYTES;

/** 0: Ed25519 issuer + Ed25519 device. 1: Ed25519 issuer + ECDSA P-256/SHA-256 device. */
export type Suite = 0 | 1;
export const DEVICE_KEY_BYTES: Readonly<Record<Suite, number>> = { 0: 32, 1: 33 };
export const CODE_BYTES: Readonly<Record<Suite, number>> = { 0: 199, 1: 200 };
export const CODE_TEXT_CHARS: Readonly<Record<Suite, number>> = { 0: 303, 1: 304 };

/** What the issuer signs: this device key may ride on this account, within these limits. */
export type Pass = {
  suite: Suite;
  /** Rider class or concession, 0–255. */
  product: number;
  issuer: number;
  issuerKeyId: number;
  /** Account pseudonym: 8 random bytes as 16 lower-case hex digits. */
  account: string;
  /** Unique per issuer and account; 0 is never issued (it means "all passes" in a deny list). */
  serial: number;
  /** Unix seconds; the pass is not valid before. */
  issuedAtS: number;
  lifetimeMin: number;
  /** How long one code may be shown, seconds. A gate also has its own cap. */
  codeLifetimeS: number;
  /** Ceiling of one fare, minor units × 10^(issuer's currency exponent). */
  ceiling: number;
  /** Taps that settlement accepts liability for before the pass must be renewed. */
  allowance: number;
  scope: number;
  /** Raw Ed25519 key (32 bytes) or compressed P-256 point (33 bytes). */
  deviceKey: Uint8Array;
};

/** A pass with the issuer's signature, exactly as the phone keeps it. */
export type SignedPass = {
  pass: Pass;
  issuerSignature: Uint8Array;
  /** The received bytes: pass fields followed by the issuer's signature. */
  bytes: Uint8Array;
};

export type TransitCode = SignedPass & {
  /** Unix seconds on the phone's clock. */
  generatedAtS: number;
  /** Strictly increasing for this pass. */
  counter: number;
  /** Entry/exit hint; 0 if there is none. */
  flags: number;
  deviceSignature: Uint8Array;
  /** All received bytes of the code; `bytes` is its first part. */
  codeBytes: Uint8Array;
};

export type Reading<T> =
  | { ok: true; value: T }
  | { ok: false; reason: 'MALFORMED' | 'UNSUPPORTED_VERSION'; detail: string };

function refuse(reason: 'MALFORMED' | 'UNSUPPORTED_VERSION', detail: string) {
  return { ok: false, reason, detail } as const;
}

/** Reads the text of a transit code. Nothing is trimmed or case-folded: a space is a digit here. */
export function readTransitCode(text: string): Reading<TransitCode> {
  if (!text.startsWith(TEXT_PREFIX)) {
    return /^TC\d{1,4}:/.test(text)
      ? refuse('UNSUPPORTED_VERSION', `prefix ${text.slice(0, text.indexOf(':') + 1)} is not TC1:`)
      : refuse('MALFORMED', 'does not begin with TC1:');
  }
  if (text.length > CODE_TEXT_CHARS[1] + 1) {
    return refuse('MALFORMED', `${text.length} characters, a code has 303 or 304`);
  }
  const bytes = decodeBase45(text.slice(TEXT_PREFIX.length));
  if (bytes === undefined) return refuse('MALFORMED', 'not canonical Base45');
  return readTransitCodeBytes(bytes);
}

/** Reads the bytes of a transit code. The fields are views into `bytes`, which must not change. */
export function readTransitCodeBytes(bytes: Uint8Array): Reading<TransitCode> {
  const suite = readSuite(bytes);
  if (!suite.ok) return suite;
  const expected = CODE_BYTES[suite.value];
  if (bytes.length !== expected) {
    return refuse('MALFORMED', `${bytes.length} bytes, suite ${suite.value} has ${expected}`);
  }
  const signedPass = sliceSignedPass(bytes, suite.value);
  const at = signedPass.bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    ok: true,
    value: {
      ...signedPass,
      generatedAtS: view.getUint32(at),
      counter: view.getUint32(at + 4),
      flags: view.getUint8(at + 8),
      deviceSignature: bytes.subarray(at + 9),
      codeBytes: bytes,
    },
  };
}

/** Reads a pass with its issuer signature, as settlement hands it to a phone. */
export function readSignedPass(bytes: Uint8Array): Reading<SignedPass> {
  const suite = readSuite(bytes);
  if (!suite.ok) return suite;
  const expected = CODE_BYTES[suite.value] - CODE_TAIL_BYTES;
  if (bytes.length !== expected) {
    return refuse(
      'MALFORMED',
      `${bytes.length} bytes, a pass of suite ${suite.value} has ${expected}`,
    );
  }
  return { ok: true, value: sliceSignedPass(bytes, suite.value) };
}

function readSuite(bytes: Uint8Array): Reading<Suite> {
  // The first two bytes share three characters: a text cut inside them would show a wrong version.
  const first = bytes[0];
  if (first === undefined || bytes.length < 2) return refuse('MALFORMED', 'no whole first group');
  if (first >> 4 !== VERSION) {
    return refuse('UNSUPPORTED_VERSION', `version ${first >> 4} is not ${VERSION}`);
  }
  const suite = first & 0x0f;
  if (suite !== 0 && suite !== 1)
    return refuse('UNSUPPORTED_VERSION', `suite ${suite} is not known`);
  return { ok: true, value: suite };
}

function sliceSignedPass(bytes: Uint8Array, suite: Suite): SignedPass {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signatureAt = DEVICE_KEY_AT + DEVICE_KEY_BYTES[suite];
  return {
    pass: {
      suite,
      product: view.getUint8(1),
      issuer: view.getUint16(2),
      issuerKeyId: view.getUint8(4),
      account: toHex(bytes.subarray(5, 13)),
      serial: view.getUint32(13),
      issuedAtS: view.getUint32(17),
      lifetimeMin: view.getUint16(21),
      codeLifetimeS: view.getUint16(23),
      ceiling: view.getUint16(25),
      allowance: view.getUint8(27),
      scope: view.getUint16(28),
      deviceKey: bytes.subarray(DEVICE_KEY_AT, signatureAt),
    },
    issuerSignature: bytes.subarray(signatureAt, signatureAt + SIGNATURE_BYTES),
    bytes: bytes.subarray(0, signatureAt + SIGNATURE_BYTES),
  };
}

/**
 * The pass fields as bytes, before the issuer's signature. Every number must be an integer that fits
 * its field (§2.1): the caller has checked what comes from outside, a number too large is a bug.
 */
export function encodePass(pass: Pass): Uint8Array {
  assert(pass.deviceKey.length === DEVICE_KEY_BYTES[pass.suite], 'device key fits the suite');
  const account = fromHex(pass.account, 8);
  assert(account !== undefined, 'account is 16 hex digits');
  const bytes = new Uint8Array(DEVICE_KEY_AT + pass.deviceKey.length);
  const view = new DataView(bytes.buffer);
  putUint(view, { at: 0, size: 1, value: (VERSION << 4) | pass.suite });
  putUint(view, { at: 1, size: 1, value: pass.product });
  putUint(view, { at: 2, size: 2, value: pass.issuer });
  putUint(view, { at: 4, size: 1, value: pass.issuerKeyId });
  bytes.set(account, 5);
  putUint(view, { at: 13, size: 4, value: pass.serial });
  putUint(view, { at: 17, size: 4, value: pass.issuedAtS });
  putUint(view, { at: 21, size: 2, value: pass.lifetimeMin });
  putUint(view, { at: 23, size: 2, value: pass.codeLifetimeS });
  putUint(view, { at: 25, size: 2, value: pass.ceiling });
  putUint(view, { at: 27, size: 1, value: pass.allowance });
  putUint(view, { at: 28, size: 2, value: pass.scope });
  bytes.set(pass.deviceKey, DEVICE_KEY_AT);
  return bytes;
}

/** What the issuer's key signs, given the encoded pass fields. */
export function issuerMessage(passFields: Uint8Array): Uint8Array {
  return concatBytes(DOMAINS.pass, passFields);
}

/** What the phone's key signs, given everything before its signature. */
export function deviceMessage(codeFields: Uint8Array): Uint8Array {
  return concatBytes(DOMAINS.code, codeFields);
}

/** Everything of a code before the device signature: the signed pass, then time, counter, flags. */
export function encodeCodeFields(
  signedPassBytes: Uint8Array,
  fresh: { generatedAtS: number; counter: number; flags: number },
): Uint8Array {
  const bytes = new Uint8Array(signedPassBytes.length + 9);
  bytes.set(signedPassBytes);
  const view = new DataView(bytes.buffer);
  putUint(view, { at: signedPassBytes.length, size: 4, value: fresh.generatedAtS });
  putUint(view, { at: signedPassBytes.length + 4, size: 4, value: fresh.counter });
  putUint(view, { at: signedPassBytes.length + 8, size: 1, value: fresh.flags });
  return bytes;
}

/** The text that a phone draws as a QR code. */
export function writeTransitCode(codeBytes: Uint8Array): string {
  return TEXT_PREFIX + encodeBase45(codeBytes);
}

/** The part of a received code that its issuer signed (a view, never a re-encoding). */
export function issuerSignedPart(code: SignedPass): Uint8Array {
  return code.bytes.subarray(0, code.bytes.length - SIGNATURE_BYTES);
}

/** The part of a received code that the phone signed (a view, never a re-encoding). */
export function deviceSignedPart(code: TransitCode): Uint8Array {
  return code.codeBytes.subarray(0, code.codeBytes.length - SIGNATURE_BYTES);
}
