import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { deviceSignatureHolds, issuerSignatureHolds } from '@stile/protocol/signature.ts';
import {
  deviceMessage,
  encodeCodeFields,
  encodePass,
  issuerMessage,
  readTransitCode,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { expect, test } from 'vitest';
import { verifyWithNoble } from './noble-verify.ts';
import { createNodeVerify } from './node-verify.ts';
import { keyFromSeed } from './sign.ts';

// Seeds and public keys of RFC 8032 §7.1, tests 1 and 2; the rest is protocol/README.md §2.4.
const ISSUER_SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const DEVICE_SEED = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
const CODE_HEX =
  '10010007030123456789abcdef0000002a6955b9002760003c0dac0c00013d4017c3e843895a92b70aa74d1b7ebc9c' +
  '982ccf2ec4968cc0cd55f12af4660cdcea1b9495bb1fc453a335a853046a985e11b3519abf802c839a384ebf518b9b' +
  '960e4e95321b41a888d29857583267c4dc712232ad58d404058f85f4593cc70f6955c710000000010006a7c68a1011' +
  '16ad2aadcc80944dc4811538cbbcdfc0512fef258642608d509df3ea8636f731b6fb7046f1b2592e1f21b0e7d5d1f5' +
  '87a3970a6f4152d564c40f';
const CODE_TEXT =
  'TC1:2127004H0TK404DGWLT9U000CG5U$A*0066CSQ7YXL100KX7803EGTHGHTOIRF1TX9:0G%ZJ-T52-5K1J$GO-%AGJ5' +
  'O+CY-R+L3 -IW04 PABZ6CMAILD6+B5UMFPJ79GUSGE57H8O9THT/I2.92F6ND8GDHTBJX6BE5D3*ROE46-L6 QSV02.GT' +
  'CBJ7PAEDK7P000100600K9LJKH9725+LW/LLBGI$9FEG487L*N3EOV26LX4RH8-%HP/J8TTV.6 C6IZVQ/8ROMH$5TB4*D' +
  'TJOQS6HB4J-2EALABXCF0';

function seedKey(hex: string) {
  return keyFromSeed(fromHex(hex, 32) ?? new Uint8Array(32));
}

test('the published TC1 vector is written from its fields, byte for byte', () => {
  const issuer = seedKey(ISSUER_SEED);
  const device = seedKey(DEVICE_SEED);
  const fields = encodePass({
    suite: 0,
    product: 1,
    issuer: 7,
    issuerKeyId: 3,
    account: '0123456789abcdef',
    serial: 42,
    issuedAtS: Date.UTC(2026, 0, 1) / 1000,
    lifetimeMin: 10_080,
    codeLifetimeS: 60,
    ceiling: 3500,
    allowance: 12,
    scope: 1,
    deviceKey: device.publicKey,
  });
  const signedPass = Buffer.concat([fields, issuer.sign(issuerMessage(fields))]);
  const fresh = { generatedAtS: Date.UTC(2026, 0, 1, 1) / 1000, counter: 1, flags: 0 };
  const code = encodeCodeFields(signedPass, fresh);
  const bytes = Buffer.concat([code, device.sign(deviceMessage(code))]);
  expect(toHex(bytes)).toBe(CODE_HEX);
  expect(writeTransitCode(bytes)).toBe(CODE_TEXT);
});

test.each([
  ['node:crypto', createNodeVerify()],
  ['@noble/curves', verifyWithNoble],
])('the published TC1 vector is read and both its signatures hold on %s', (_name, verify) => {
  const reading = readTransitCode(CODE_TEXT);
  if (!reading.ok) throw new Error(reading.detail);
  expect(reading.value.pass).toMatchObject({ issuer: 7, issuerKeyId: 3, serial: 42, scope: 1 });
  expect(reading.value.counter).toBe(1);
  expect(issuerSignatureHolds(verify, seedKey(ISSUER_SEED).publicKey, reading.value)).toBe(true);
  expect(deviceSignatureHolds(verify, reading.value)).toBe(true);
});
