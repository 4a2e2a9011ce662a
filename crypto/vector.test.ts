/** The published TC1 vectors: written from their fields, read, verified, and broken bit by bit. */
import { p256 } from '@noble/curves/nist.js';
import { concatBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import {
  deviceSignatureHolds,
  issuerSignatureHolds,
  type Verify,
} from '@stile/protocol/signature.ts';
import {
  deviceMessage,
  encodeCodeFields,
  encodePass,
  issuerMessage,
  readTransitCode,
  readTransitCodeBytes,
  type Suite,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { expect, test } from 'vitest';
import { verifyWithNoble } from './noble-verify.ts';
import { createNodeVerify } from './node-verify.ts';
import { keyFromSeed } from './sign.ts';
import * as vector from './testing/published-vector.ts';

const issuer = keyFromSeed(bytesOf(vector.ISSUER_SEED));
const device = keyFromSeed(bytesOf(vector.DEVICE_SEED));
const deviceScalar = bytesOf(vector.DEVICE_SCALAR);
const verifyWithNode = createNodeVerify();
const VECTORS: [Suite, string, string][] = [
  [0, vector.SUITE_0_HEX, vector.SUITE_0_TEXT],
  [1, vector.SUITE_1_HEX, vector.SUITE_1_TEXT],
];

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error('a vector is hex');
  return bytes;
}

/** Signs as the phone of the vector does; P-256 by RFC 6979, so that it comes out the same. */
function signAsDevice(suite: Suite, message: Uint8Array): Uint8Array {
  return suite === 0
    ? device.sign(message)
    : p256.sign(message, deviceScalar, { prehash: true, lowS: true });
}

function bothHold(verify: Verify, bytes: Uint8Array): boolean {
  const reading = readTransitCodeBytes(bytes);
  return (
    reading.ok &&
    issuerSignatureHolds(verify, { issuerKey: issuer.publicKey, pass: reading.value }) &&
    deviceSignatureHolds(verify, reading.value)
  );
}

test.each(VECTORS)('suite %i is written from its fields, byte for byte', (suite, hex, text) => {
  const deviceKey = suite === 0 ? device.publicKey : p256.getPublicKey(deviceScalar, true);
  const fields = encodePass({ suite, ...vector.PASS_FIELDS, deviceKey });
  const signedPass = concatBytes(fields, issuer.sign(issuerMessage(fields)));
  const code = encodeCodeFields(signedPass, vector.FRESH_FIELDS);
  const bytes = concatBytes(code, signAsDevice(suite, deviceMessage(code)));
  expect(toHex(bytes)).toBe(hex);
  expect(writeTransitCode(bytes)).toBe(text);
});

test.each(VECTORS)('suite %i is read back into its fields', (suite, hex, text) => {
  const reading = readTransitCode(text);
  if (!reading.ok) throw new Error(reading.detail);
  expect(reading.value).toMatchObject(vector.FRESH_FIELDS);
  expect(reading.value.pass).toMatchObject({ suite, ...vector.PASS_FIELDS });
  expect(toHex(reading.value.codeBytes)).toBe(hex);
});

test.each(VECTORS)('suite %i holds on both implementations', (_suite, hex) => {
  expect(bothHold(verifyWithNode, bytesOf(hex))).toBe(true);
  expect(bothHold(verifyWithNoble, bytesOf(hex))).toBe(true);
});

test.each(VECTORS)('suite %i never holds with a single bit flipped', (_suite, hex) => {
  const good = bytesOf(hex);
  for (let bit = 0; bit < good.length * 8; bit += 1) {
    const bad = good.slice();
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(bothHold(verifyWithNode, bad), `bit ${bit}`).toBe(false);
  }
});

test.each(VECTORS)(
  'suite %i: both implementations say the same of every byte changed',
  (_s, hex) => {
    const good = bytesOf(hex);
    for (let at = 0; at < good.length; at += 1) {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ (1 << (at & 7));
      const reading = readTransitCodeBytes(bad);
      if (!reading.ok) continue;
      const code = reading.value;
      const answers = [verifyWithNode, verifyWithNoble].map((verify) => [
        issuerSignatureHolds(verify, { issuerKey: issuer.publicKey, pass: code }),
        deviceSignatureHolds(verify, code),
      ]);
      expect(answers[0], `byte ${at}`).toEqual(answers[1]);
      // The issuer signed what is before its signature; the phone all of it.
      const issuerPart = good.length - 73;
      expect(answers[0], `byte ${at}`).toEqual([at >= issuerPart, false]);
    }
  },
);

test.each(VECTORS)('suite %i never holds with a bit of its text flipped', (_suite, _hex, text) => {
  for (let bit = 0; bit < text.length * 8; bit += 1) {
    const at = bit >> 3;
    const char = String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit & 7)));
    const reading = readTransitCode(text.slice(0, at) + char + text.slice(at + 1));
    expect(reading.ok && bothHold(verifyWithNode, reading.value.codeBytes), `bit ${bit}`).toBe(
      false,
    );
  }
});

test('a signature of the one purpose does not serve the other', () => {
  const reading = readTransitCode(vector.SUITE_0_TEXT);
  if (!reading.ok) throw new Error(reading.detail);
  const { value: code } = reading;
  const pass = code.bytes.subarray(0, code.bytes.length - 64);
  const crossed = { ...code, issuerSignature: issuer.sign(deviceMessage(pass)) };
  expect(issuerSignatureHolds(verifyWithNode, { issuerKey: issuer.publicKey, pass: crossed })).toBe(
    false,
  );
});

test.each(VECTORS)(
  'suite %i: the issuer key signs no code, the device key no pass',
  (suite, hex) => {
    const good = bytesOf(hex);
    const fields = good.subarray(0, good.length - 64);
    const byIssuer = concatBytes(fields, issuer.sign(deviceMessage(fields)));
    expect(bothHold(verifyWithNode, byIssuer)).toBe(false);
    const passFields = good.subarray(0, good.length - 137);
    const ownPass = concatBytes(passFields, signAsDevice(suite, issuerMessage(passFields)));
    const code = encodeCodeFields(ownPass, vector.FRESH_FIELDS);
    expect(
      bothHold(verifyWithNode, concatBytes(code, signAsDevice(suite, deviceMessage(code)))),
    ).toBe(false);
  },
);
