/** The transit code's fields, offsets and limits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import {
  CODE_BYTES,
  CODE_TEXT_CHARS,
  DEVICE_KEY_BYTES,
  deviceMessage,
  deviceSignedPart,
  encodeCodeFields,
  encodePass,
  issuerMessage,
  issuerSignedPart,
  type Pass,
  readSignedPass,
  readTransitCode,
  readTransitCodeBytes,
  type Suite,
  writeTransitCode,
} from './transit-code.ts';

const QR_ALPHANUMERIC = /^[0-9A-Z $%*+\-./:]*$/;
const uint = (bits: number) =>
  fc.oneof(fc.integer({ min: 0, max: 2 ** bits - 1 }), fc.constantFrom(0, 1, 2 ** bits - 1));
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 });
const anySuite = fc.constantFrom<Suite>(0, 1);

const anyPass: fc.Arbitrary<Pass> = anySuite.chain((suite) =>
  fc.record({
    suite: fc.constant(suite),
    product: uint(8),
    issuer: uint(16),
    issuerKeyId: uint(8),
    account: fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex),
    serial: uint(32),
    issuedAtS: uint(32),
    lifetimeMin: uint(16),
    codeLifetimeS: uint(16),
    ceiling: uint(16),
    allowance: uint(8),
    scope: uint(16),
    deviceKey: fc.uint8Array({
      minLength: DEVICE_KEY_BYTES[suite],
      maxLength: DEVICE_KEY_BYTES[suite],
    }),
  }),
);
const anyFresh = fc.record({ generatedAtS: uint(32), counter: uint(32), flags: uint(8) });

function codeOf(suite: Suite, fill = 0x55): Uint8Array {
  const bytes = new Uint8Array(CODE_BYTES[suite]).fill(fill);
  bytes[0] = 0x10 | suite;
  return bytes;
}

function reasonOf(text: string): string {
  const reading = readTransitCode(text);
  return reading.ok ? 'ok' : reading.reason;
}

test('any fields come back from the text that was made of them, and sign what was sent', () => {
  fc.assert(
    fc.property(anyPass, signature, anyFresh, signature, (pass, issuerSig, fresh, deviceSig) => {
      const fields = encodePass(pass);
      const signedPass = Buffer.concat([fields, issuerSig]);
      const codeFields = encodeCodeFields(signedPass, fresh);
      const codeBytes = Buffer.concat([codeFields, deviceSig]);
      const text = writeTransitCode(codeBytes);
      expect(codeBytes.length).toBe(CODE_BYTES[pass.suite]);
      expect(text.length).toBe(CODE_TEXT_CHARS[pass.suite]);
      expect(text).toMatch(QR_ALPHANUMERIC);
      expect(text.trim()).toBe(text);

      const reading = readTransitCode(text);
      if (!reading.ok) throw new Error(reading.detail);
      const code = reading.value;
      expect(code).toMatchObject(fresh);
      expect({ ...code.pass, deviceKey: toHex(code.pass.deviceKey) }).toEqual({
        ...pass,
        deviceKey: toHex(pass.deviceKey),
      });
      expect(toHex(code.issuerSignature)).toBe(toHex(issuerSig));
      expect(toHex(code.deviceSignature)).toBe(toHex(deviceSig));
      expect(toHex(code.bytes)).toBe(toHex(signedPass));
      expect(toHex(code.codeBytes)).toBe(toHex(codeBytes));
      expect(toHex(issuerSignedPart(code))).toBe(toHex(fields));
      expect(toHex(deviceSignedPart(code))).toBe(toHex(codeFields));

      const passReading = readSignedPass(code.bytes);
      expect(passReading.ok && toHex(passReading.value.bytes)).toBe(toHex(signedPass));
    }),
    { numRuns: 300 },
  );
});

test('every field lies at its offset, big-endian', () => {
  const account = '0203040506070809';
  const deviceKey = new Uint8Array(33).fill(0xdd);
  const pass = encodePass({
    suite: 1,
    product: 0x01,
    issuer: 0x1112,
    issuerKeyId: 0x21,
    account,
    serial: 0x31323334,
    issuedAtS: 0x41424344,
    lifetimeMin: 0x5152,
    codeLifetimeS: 0x6162,
    ceiling: 0x7172,
    allowance: 0x81,
    scope: 0x9192,
    deviceKey,
  });
  const fields = `11011112210203040506070809313233344142434451526162717281${'9192'}`;
  expect(toHex(pass)).toBe(fields + 'dd'.repeat(33));
  const fresh = { generatedAtS: 0xa1a2a3a4, counter: 0xb1b2b3b4, flags: 0xc1 };
  expect(toHex(encodeCodeFields(Uint8Array.of(0xee), fresh))).toBe('eea1a2a3a4b1b2b3b4c1');
});

test('the two signatures are over different words, ended by NUL', () => {
  const empty = new Uint8Array(0);
  expect(Buffer.from(issuerMessage(empty)).toString('latin1')).toBe('TC1-pass\0');
  expect(Buffer.from(deviceMessage(empty)).toString('latin1')).toBe('TC1-code\0');
});

test('a number that does not fit its field is a bug and never wraps', () => {
  const reading = readTransitCodeBytes(codeOf(0));
  if (!reading.ok) throw new Error(reading.detail);
  const { pass } = reading.value;
  expect(() => encodePass({ ...pass, ceiling: 65_536 })).toThrow('Bug:');
  expect(() => encodePass({ ...pass, serial: -1 })).toThrow('Bug:');
  expect(() => encodePass({ ...pass, issuedAtS: 0.5 })).toThrow('Bug:');
  expect(() => encodePass({ ...pass, account: '0123456789ABCDEF' })).toThrow('Bug:');
  expect(() => encodePass({ ...pass, suite: 1 })).toThrow('Bug:');
  const fresh = { generatedAtS: 2 ** 32, counter: 1, flags: 0 };
  expect(() => encodeCodeFields(new Uint8Array(1), fresh)).toThrow('Bug:');
});

test('any string gets a reason and never a throw', () => {
  const alphabet = fc.string({ unit: fc.constantFrom(...'0123AFGWZ $%*+-./:'), maxLength: 330 });
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 330 }),
    alphabet.map((body) => `TC1:${body}`),
    fc.uint8Array({ maxLength: 210 }).map((bytes) => writeTransitCode(bytes)),
    fc.nat({ max: 99 }).map((version) => `TC${version}:ABC`),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      const reading = readTransitCode(text);
      if (reading.ok) return;
      expect(['MALFORMED', 'UNSUPPORTED_VERSION']).toContain(reading.reason);
      expect(reading.detail.length).toBeLessThan(100);
    }),
    { numRuns: 2_000 },
  );
});

test.each([0, 1] as const)(
  'suite %i: truncated at any length or extended is MALFORMED',
  (suite) => {
    const bytes = codeOf(suite);
    const text = writeTransitCode(bytes);
    expect(reasonOf(text)).toBe('ok');
    for (let length = 0; length < text.length; length += 1) {
      expect(reasonOf(text.slice(0, length))).toBe('MALFORMED');
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(reasonOf(writeTransitCode(bytes.slice(0, length)))).toBe('MALFORMED');
    }
    for (const extra of [1, 2, 3, 100, 1_000]) {
      expect(reasonOf(writeTransitCode(Buffer.concat([bytes, new Uint8Array(extra)])))).toBe(
        'MALFORMED',
      );
      expect(reasonOf(text + '0'.repeat(extra))).toBe('MALFORMED');
    }
    const passBytes = bytes.slice(0, bytes.length - 73);
    expect(readSignedPass(passBytes).ok).toBe(true);
    expect(readSignedPass(passBytes.slice(1))).toMatchObject({ ok: false });
    expect(readSignedPass(bytes)).toMatchObject({ ok: false, reason: 'MALFORMED' });
  },
);

test('the length must be that of the suite, not of the other one', () => {
  const asSuite1 = codeOf(0);
  asSuite1[0] = 0x11;
  expect(reasonOf(writeTransitCode(asSuite1))).toBe('MALFORMED');
  const asSuite0 = codeOf(1);
  asSuite0[0] = 0x10;
  expect(reasonOf(writeTransitCode(asSuite0))).toBe('MALFORMED');
});

test('all 256 first bytes: version 1 with suite 0 or 1 is read, every other is told apart', () => {
  for (let first = 0; first < 256; first += 1) {
    const bytes = codeOf(first === 0x11 ? 1 : 0);
    bytes[0] = first;
    const known = first === 0x10 || first === 0x11;
    expect(reasonOf(writeTransitCode(bytes))).toBe(known ? 'ok' : 'UNSUPPORTED_VERSION');
  }
});

test.each([
  ['lower case', (text: string) => text.toLowerCase()],
  ['lower case behind the prefix', (text: string) => `TC1:${text.slice(4).toLowerCase()}`],
  ['a space behind', (text: string) => `${text} `],
  ['a space before', (text: string) => ` ${text}`],
  ['a carriage return behind', (text: string) => `${text}\r`],
  ['NUL behind', (text: string) => `${text}\0`],
  ['a byte order mark before', (text: string) => `\ufeff${text}`],
  ['spaces that a scanner squeezed', (text: string) => text.replaceAll(' ', '')],
  ['a space that a URL encoder made %20', (text: string) => text.replace(' ', '%20')],
  ['two codes glued', (text: string) => text + text],
  ['the prefix alone', () => 'TC1:'],
  ['nothing', () => ''],
  ['no prefix', (text: string) => text.slice(4)],
  ['a full-width colon', (text: string) => text.replace(':', '：')],
])('%s is MALFORMED', (_what, change) => {
  // 1,656 = 36 + 36 × 45: two spaces inside.
  const bytes = codeOf(0);
  bytes.set([0x06, 0x78], 2);
  const text = writeTransitCode(bytes);
  expect(text).toContain(' ');
  expect(reasonOf(text)).toBe('ok');
  expect(reasonOf(change(text))).toBe('MALFORMED');
});

test.each(['TC2:ABC', 'TC0:', 'TC10:ABC', 'TC01:ABC', 'TC9999:'])(
  '%s has a version that is not known here',
  (text) => {
    expect(reasonOf(text)).toBe('UNSUPPORTED_VERSION');
  },
);

test.each(['TC:ABC', 'TC99999:', 'TCx:ABC', 'tc1:ABC', 'HC1:ABC', 'https://example.org', 'TC1'])(
  '%s is no transit code of any version',
  (text) => {
    expect(reasonOf(text)).toBe('MALFORMED');
  },
);
