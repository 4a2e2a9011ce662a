/** No text and no damaged code ever opens a gate or ends in an exception. */
import { verifyWithNoble } from '@stile/crypto/noble-verify.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { REASONS, type Reason } from '@stile/protocol/reasons.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import {
  readTransitCode,
  readTransitCodeBytes,
  type Suite,
  type TransitCode,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { findIssuerKey } from '@stile/protocol/trust-list.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GOOD, makeCodeBytes, makeText, makeTrust, NOW_S } from '../testing/phone.ts';
import { admit, type Facts, type Rules } from './admit.ts';

const verifyWithNode = createNodeVerify();
const TRUST = makeTrust();
const KEY = { notBeforeS: 0, notAfterS: 0, ...TRUST.issuers[0] };
const SKEW_S = TRUST.limits.skewS;
const NOW = { wallMs: NOW_S * 1000, monoMs: 0 };
const RULES: Rules = {
  line: 'M1',
  fareCents: 320,
  scopes: [GOOD.scope],
  products: [GOOD.product],
  codeLifetimeSMax: 120,
  skewS: SKEW_S,
  passbackS: 300,
  maxListAgeS: 0,
  closeListAgeS: 0,
  onClockUnknown: 'refuse',
  trustVersion: 5,
  denyVersion: 0,
  tariffVersion: 2,
};

/** Facts are looked up by what the code says, so a changed id finds other facts. */
function factsFor(code: TransitCode): Facts {
  const { issuer, issuerKeyId, account, serial } = code.pass;
  const key = findIssuerKey(TRUST, { issuer, keyId: issuerKeyId });
  const known = account === GOOD.account && serial === GOOD.serial;
  return {
    issuerKey: key && { ...key, publicKeyBytes: fromHex(key.publicKey, 32) ?? new Uint8Array() },
    denyAtS: 1,
    denied: false,
    counterMax: known ? GOOD.counter - 1 : undefined,
    openings: known ? [{ acknowledgedAtS: null }] : [],
    lastOpen: undefined,
    clock: 'TRUSTED',
    signedTimeS: NOW_S - 60,
    barrierConnected: true,
  };
}

function judge(text: string, verify: Verify): Reason | 'open' {
  const reading = readTransitCode(text);
  if (!reading.ok) return reading.reason;
  const verdict = admit(reading.value, factsFor(reading.value), { rules: RULES, now: NOW, verify });
  return verdict.verdict === 'open' ? 'open' : verdict.reason;
}

function afterIssued(code: TransitCode): Reason {
  const { issuedAtS, lifetimeMin } = code.pass;
  if (issuedAtS < KEY.notBeforeS || issuedAtS > KEY.notAfterS) return 'KEY_EXPIRED';
  if (issuedAtS > NOW_S + SKEW_S) return 'PASS_NOT_YET_VALID';
  return NOW_S > issuedAtS + lifetimeMin * 60 ? 'PASS_EXPIRED' : 'BAD_ISSUER_SIGNATURE';
}

function afterGenerated(code: TransitCode): Reason {
  if (NOW_S > code.generatedAtS + GOOD.codeLifetimeS) return 'CODE_EXPIRED';
  return code.generatedAtS > NOW_S + SKEW_S ? 'CODE_FROM_FUTURE' : 'BAD_DEVICE_SIGNATURE';
}

const badIssuer = () => 'BAD_ISSUER_SIGNATURE' as const;
const badDevice = () => 'BAD_DEVICE_SIGNATURE' as const;

/** Field by field from byte 1 on: its length, and what a wrong bit in it must be refused as. */
function fieldsOf(suite: Suite): [string, number, (code: TransitCode) => Reason][] {
  return [
    ['product', 1, () => 'UNSUPPORTED_PRODUCT'],
    ['issuer', 2, () => 'KEY_UNKNOWN'],
    ['issuer key id', 1, () => 'KEY_UNKNOWN'],
    ['account', 8, badIssuer],
    ['serial', 4, badIssuer],
    ['issued at', 4, afterIssued],
    ['lifetime', 2, afterIssued],
    ['code lifetime', 2, ({ pass }) => (pass.codeLifetimeS < 2 ? 'CODE_EXPIRED' : badIssuer())],
    ['ceiling', 2, ({ pass }) => (pass.ceiling < 32 ? 'OVER_CEILING' : badIssuer())],
    ['allowance', 1, badIssuer],
    ['scope', 2, () => 'WRONG_SCOPE'],
    ['device key', suite === 0 ? 32 : 33, badIssuer],
    ['issuer signature', 64, badIssuer],
    ['generated at', 4, afterGenerated],
    ['counter', 4, ({ counter }) => (counter < GOOD.counter ? 'REPLAY' : badDevice())],
    ['flags', 1, badDevice],
    ['device signature', 64, badDevice],
  ];
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

function firstByteReason(bit: number): Reason {
  // Bit 0 turns one known suite into the other, whose length is not this one's.
  return bit === 0 ? 'MALFORMED' : 'UNSUPPORTED_VERSION';
}

test.each([0, 1] as const)(
  'suite %i: every single bit flipped is refused for its field',
  (suite) => {
    const good = makeCodeBytes({ suite });
    expect(judge(writeTransitCode(good), verifyWithNode)).toBe('open');
    for (let bit = 0; bit < 8; bit += 1) {
      const text = writeTransitCode(flip(good, bit));
      expect(judge(text, verifyWithNode), `byte 0, bit ${bit}`).toBe(firstByteReason(bit));
    }
    let at = 1;
    const seen = new Set<Reason>();
    for (const [name, length, reasonFor] of fieldsOf(suite)) {
      for (let bit = at * 8; bit < (at + length) * 8; bit += 1) {
        const bytes = flip(good, bit);
        const reading = readTransitCodeBytes(bytes);
        if (!reading.ok) throw new Error(`${name}, bit ${bit}: ${reading.detail}`);
        const expected = reasonFor(reading.value);
        const text = writeTransitCode(bytes);
        expect(judge(text, verifyWithNode), `${name}, bit ${bit}`).toBe(expected);
        // The independent implementation takes ten times as long: one bit of each byte has to do.
        if (bit % 8 === at % 8) expect(judge(text, verifyWithNoble), name).toBe(expected);
        seen.add(expected);
      }
      at += length;
    }
    expect(at).toBe(good.length);
    for (const reason of [
      'PASS_NOT_YET_VALID',
      'PASS_EXPIRED',
      'CODE_EXPIRED',
      'REPLAY',
    ] as const) {
      expect(seen).toContain(reason);
    }
  },
);

test.each([0, 1] as const)('suite %i: no single bit of the text may be flipped', (suite) => {
  const text = makeText({ suite });
  for (let bit = 0; bit < text.length * 8; bit += 1) {
    const bytes = flip(Buffer.from(text, 'latin1'), bit);
    const verdict = judge(Buffer.from(bytes).toString('latin1'), verifyWithNode);
    expect(verdict, `bit ${bit}`).not.toBe('open');
  }
});

test.each([0, 1] as const)('suite %i: every truncation and every extension is refused', (suite) => {
  const text = makeText({ suite });
  for (let length = 0; length < text.length; length += 1) {
    expect(judge(text.slice(0, length), verifyWithNode), `${length} left`).toBe('MALFORMED');
  }
  for (const more of ['0', '00', '000', ' ', '\0', '\r', ':::']) {
    expect(judge(text + more, verifyWithNode)).toBe('MALFORMED');
    expect(judge(more + text, verifyWithNode)).toBe('MALFORMED');
  }
  expect(judge(text.toLowerCase(), verifyWithNode)).toBe('MALFORMED');
});

const anyCodeBytes = fc.constantFrom<Suite>(0, 1).chain((suite) =>
  fc.uint8Array({ minLength: 199, maxLength: 200 }).map((bytes) => {
    const code = bytes.slice(0, suite === 0 ? 199 : 200);
    code[0] = 0x10 | suite;
    return code;
  }),
);
const anyText = fc.oneof(
  fc.string({ maxLength: 400, unit: 'binary' }),
  fc.string({ maxLength: 400 }).map((text) => `TC1:${text}`),
  fc.stringMatching(/^TC1:[0-9A-Z $%*+\-./:]{290,310}$/),
  fc.uint8Array({ maxLength: 250 }).map(writeTransitCode),
  anyCodeBytes.map(writeTransitCode),
  // A good pass with anything behind it, and anything with a good pass's head.
  fc.uint8Array({ minLength: 73, maxLength: 73 }).map((tail) => {
    const bytes = makeCodeBytes();
    bytes.set(tail, bytes.length - 73);
    return writeTransitCode(bytes);
  }),
);

test('any text whatever gets a reason, never an exception, never an open gate', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(REASONS).toContain(judge(text, verifyWithNode));
    }),
    { numRuns: 1_500 },
  );
});
