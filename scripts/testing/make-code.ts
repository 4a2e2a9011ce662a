/**
 * Making transit codes for the fixtures: honest ones, and ones with a single thing wrong. Passes are
 * encoded by protocol/; the fields that a case lists are read back by a table of its own, so that a
 * mistake in one of the two shows.
 */
import { FRESH_FIELDS, PASS_FIELDS } from '@stile/crypto/testing/published-vector.ts';
import { concatBytes, toHex, utf8 } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import {
  encodeCodeFields,
  encodePass,
  type Pass,
  type Suite,
} from '@stile/protocol/transit-code.ts';
import {
  DEVICE_ED25519,
  DEVICE_P256,
  ISSUER_7_KEY_3,
  OTHER_ED25519,
  OTHER_P256,
  type TestKey,
} from './test-keys.ts';

/** When the pass of the published vector was issued, and its code generated. */
export const ISSUED_S: number = PASS_FIELDS.issuedAtS;
export const GENERATED_S: number = FRESH_FIELDS.generatedAtS;
export const PASS_LIFETIME_S = PASS_FIELDS.lifetimeMin * 60;
export const CODE_LIFETIME_S: number = PASS_FIELDS.codeLifetimeS;

export type CodeSpec = Partial<Omit<Pass, 'suite'>> & {
  generatedAtS?: number;
  counter?: number;
  flags?: number;
  /** Who signs the pass; by default the key that the pass names. */
  issuedBy?: TestKey;
  /** Who signs the code; by default the key that the pass certifies. */
  signedBy?: TestKey;
  passDomain?: string;
  codeDomain?: string;
};

/** A device key of each suite: the one that a pass certifies, or another rider's. */
export function deviceOf(suite: Suite): TestKey {
  return suite === 0 ? DEVICE_ED25519 : DEVICE_P256;
}

export function otherDeviceOf(suite: Suite): TestKey {
  return suite === 0 ? OTHER_ED25519 : OTHER_P256;
}

/** The bytes of a code like the published vector's, but for what `spec` changes. */
export function makeCode(suite: Suite, spec: CodeSpec = {}): Uint8Array {
  const { issuedBy = ISSUER_7_KEY_3, signedBy = deviceOf(suite), ...fields } = spec;
  const { passDomain = 'TC1-pass\0', codeDomain = 'TC1-code\0', ...values } = fields;
  const { generatedAtS, counter, flags, ...pass } = {
    ...PASS_FIELDS,
    ...FRESH_FIELDS,
    deviceKey: deviceOf(suite).publicKey,
    ...values,
  };
  const passFields = encodePass({ suite, ...pass });
  const issuerSignature = issuedBy.sign(concatBytes(utf8(passDomain), passFields));
  const signedPass = concatBytes(passFields, issuerSignature);
  const codeFields = encodeCodeFields(signedPass, { generatedAtS, counter, flags });
  return concatBytes(codeFields, signedBy.sign(concatBytes(utf8(codeDomain), codeFields)));
}

/** The code with some of its bytes replaced, and no signature made anew. A negative `at` counts back. */
export function patch(
  code: Uint8Array,
  { at, bytes }: { at: number; bytes: Uint8Array },
): Uint8Array {
  const patched = code.slice();
  patched.set(bytes, at < 0 ? code.length + at : at);
  return patched;
}

export function flipBit(code: Uint8Array, at: number): Uint8Array {
  const index = at < 0 ? code.length + at : at;
  return code.with(index, (code[index] ?? 0) ^ 1);
}

/** Where the parts of a code lie that depend on the suite. */
export function offsetsOf(suite: Suite) {
  const issuerSignature = 30 + (suite === 0 ? 32 : 33);
  const generatedAt = issuerSignature + 64;
  return { issuerSignature, generatedAt, counter: generatedAt + 4, flags: generatedAt + 8 };
}

/** What `stile code inspect` prints as `fields`, read from the bytes by offset and length. */
export function fieldsOf(code: Uint8Array) {
  const hex = toHex(code);
  let at = 0;
  const take = (bytes: number): string => {
    const part = hex.slice(at * 2, (at + bytes) * 2);
    at += bytes;
    return part;
  };
  const number = (bytes: number): number => Number.parseInt(take(bytes), 16);
  const first = number(1);
  const [version, suite] = [first >> 4, first & 15];
  const product = number(1);
  const issuer = number(2);
  const issuerKeyId = number(1);
  const account = take(8);
  const serial = number(4);
  const issuedAtS = number(4);
  const lifetimeMin = number(2);
  const fields = {
    version,
    suite,
    product,
    issuer,
    issuerKeyId,
    account,
    serial,
    issuedAt: isoMs(issuedAtS),
    lifetimeMin,
    expiresAt: isoMs(issuedAtS + lifetimeMin * 60),
    codeLifetimeS: number(2),
    ceiling: number(2),
    allowance: number(1),
    scope: number(2),
    deviceKey: take(suite === 0 ? 32 : 33),
    issuerSignature: take(64),
    generatedAt: isoMs(number(4)),
    counter: number(4),
    flags: number(1),
    deviceSignature: take(64),
  };
  assert(at === code.length, 'every byte of a code is in a field');
  return fields;
}

/** With milliseconds, as JavaScript writes instants. */
function isoMs(unixS: number): string {
  return new Date(unixS * 1000).toISOString();
}
