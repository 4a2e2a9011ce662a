/** The scripted phone makes codes that hold. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey } from '@stile/crypto/sign.ts';
import { concatBytes } from '@stile/protocol/bytes.ts';
import { deviceSignatureHolds, issuerSignatureHolds } from '@stile/protocol/signature.ts';
import {
  CODE_TEXT_CHARS,
  encodePass,
  issuerMessage,
  readTransitCode,
} from '@stile/protocol/transit-code.ts';
import { describe, expect, test } from 'vitest';
import { makeTransitCode } from './code.ts';

const FRESH = { generatedAtS: 1_800_000_000, counter: 7, flags: 1 };

function passFor(suite: 0 | 1) {
  const issuer = generateKey('Ed25519');
  const phone = generateKey(suite === 0 ? 'Ed25519' : 'P-256');
  const fields = encodePass({
    suite,
    product: 1,
    issuer: 7,
    issuerKeyId: 3,
    account: '0123456789abcdef',
    serial: 42,
    issuedAtS: 1_799_999_000,
    lifetimeMin: 10_080,
    codeLifetimeS: 60,
    ceiling: 3_500,
    allowance: 12,
    scope: 1,
    deviceKey: phone.publicKey,
  });
  return { issuer, phone, pass: concatBytes(fields, issuer.sign(issuerMessage(fields))) };
}

describe.each([0, 1] as const)('a phone of suite %i', (suite) => {
  test('makes a code of the fixed length whose two signatures hold', () => {
    const { issuer, phone, pass } = passFor(suite);
    const text = makeTransitCode(pass, { fresh: FRESH, sign: phone.sign });
    expect(text).toHaveLength(CODE_TEXT_CHARS[suite]);
    const reading = readTransitCode(text);
    if (!reading.ok) throw new Error(reading.detail);
    expect(reading.value).toMatchObject(FRESH);
    expect(
      issuerSignatureHolds(createNodeVerify(), {
        issuerKey: issuer.publicKey,
        pass: reading.value,
      }),
    ).toBe(true);
    expect(deviceSignatureHolds(createNodeVerify(), reading.value)).toBe(true);
  });

  test('cannot make a code that holds with another key than its pass names', () => {
    const { phone, pass } = passFor(suite);
    const text = makeTransitCode(pass, { fresh: FRESH, sign: generateKey(phone.algorithm).sign });
    const reading = readTransitCode(text);
    expect(reading.ok && deviceSignatureHolds(createNodeVerify(), reading.value)).toBe(false);
  });
});
