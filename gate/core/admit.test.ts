/** The judgement of a transit code: every reason has a cause, in the public order. */
import { verifyWithNoble } from '@stile/crypto/noble-verify.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { REASONS, type Reason } from '@stile/protocol/reasons.ts';
import type { Now } from '@stile/protocol/time.ts';
import { findIssuerKey } from '@stile/protocol/trust-list.ts';
import { describe, expect, test } from 'vitest';
import {
  type CodeFields,
  codeOf,
  deviceKeys,
  forgeries,
  GOOD,
  issuerKey,
  makeCode,
  makeTrust,
  NOW_S,
  type Signers,
  strangerDevices,
  strangerKey,
} from '../testing/phone.ts';
import { admit, type Facts, type Rules } from './admit.ts';

const verifyWithNode = createNodeVerify();
const NOW: Now = { wallMs: NOW_S * 1000, monoMs: 1_000_000 };
const KEY = findIssuerKey(makeTrust(), { issuer: GOOD.issuer, keyId: GOOD.issuerKeyId });
if (KEY === undefined) throw new Error('the scripted trust list has the scripted key');
const KEY_FACT = { ...KEY, publicKeyBytes: fromHex(KEY.publicKey, 32) ?? new Uint8Array() };

const RULES: Rules = {
  line: 'M1',
  fareCents: 320,
  scopes: [1, 4],
  products: [1, 2],
  codeLifetimeSMax: 120,
  skewS: 20,
  passbackS: 300,
  maxListAgeS: 86_400,
  closeListAgeS: 864_000,
  onClockUnknown: 'refuse',
  trustVersion: 5,
  denyVersion: 0,
  tariffVersion: 2,
};
const FACTS: Facts = {
  issuerKey: KEY_FACT,
  denied: false,
  denyAtS: NOW_S - 3_600,
  counterMax: undefined,
  openings: [],
  lastOpen: undefined,
  clock: 'HOLDOVER',
  signedTimeS: NOW_S - 3_600,
  barrierConnected: true,
};

function openings(count: number, acknowledgedAtS: number | null): Facts['openings'] {
  return Array.from({ length: count }, () => ({ acknowledgedAtS }));
}

/** What differs from a code that opens. */
type Case = {
  code?: Partial<CodeFields>;
  signers?: Signers;
  facts?: Partial<Facts>;
  rules?: Partial<Rules>;
  now?: Partial<Now>;
};

function judge(all: Case, verify = verifyWithNode): Reason | 'open' {
  const code = makeCode(all.code, all.signers);
  const verdict = admit(
    code,
    { ...FACTS, ...all.facts },
    { rules: { ...RULES, ...all.rules }, now: { ...NOW, ...all.now }, verify },
  );
  return verdict.verdict === 'open' ? 'open' : verdict.reason;
}

/** One cause for each reason; two of them put together make both apply. */
const CAUSES: [Reason, Case][] = [
  ['KEY_UNKNOWN', { facts: { issuerKey: undefined } }],
  ['KEY_EXPIRED', { facts: { issuerKey: { ...KEY_FACT, status: 'revoked' } } }],
  ['CLOCK_UNKNOWN', { facts: { clock: 'UNKNOWN', signedTimeS: NOW_S } }],
  ['PASS_NOT_YET_VALID', { code: { issuedAtS: NOW_S + 1_000 } }],
  ['PASS_EXPIRED', { code: { issuedAtS: NOW_S - 86_400, lifetimeMin: 60 } }],
  ['CODE_EXPIRED', { code: { generatedAtS: NOW_S - 1_000 } }],
  ['CODE_FROM_FUTURE', { code: { generatedAtS: NOW_S + 1_000 } }],
  ['LISTS_EXPIRED', { facts: { denyAtS: NOW_S - 864_001 } }],
  [
    'LISTS_STALE',
    {
      code: { issuedAtS: NOW_S - 86_401, lifetimeMin: 10_080 },
      facts: { denyAtS: NOW_S - 86_401 },
    },
  ],
  ['WRONG_SCOPE', { code: { scope: 2 } }],
  ['UNSUPPORTED_PRODUCT', { code: { product: 9 } }],
  ['DENIED', { facts: { denied: true } }],
  ['REPLAY', { facts: { counterMax: 10 } }],
  ['ALLOWANCE_USED', { facts: { openings: openings(12, null) } }],
  ['PASSBACK', { facts: { lastOpen: { wallMs: NOW.wallMs - 9_000, monoMs: 991_000 } } }],
  ['OVER_CEILING', { code: { ceiling: 31 } }],
  ['BAD_ISSUER_SIGNATURE', { signers: { issuer: strangerKey } }],
  ['BAD_DEVICE_SIGNATURE', { signers: { device: strangerDevices[0] } }],
  ['OUT_OF_ORDER', { facts: { barrierConnected: false } }],
];
/** No moment is both before and after the same thing, no missing key is too old. */
const CANNOT_MEET = new Set([
  'KEY_UNKNOWN KEY_EXPIRED',
  'PASS_NOT_YET_VALID PASS_EXPIRED',
  'CODE_EXPIRED CODE_FROM_FUTURE',
]);

function together(first: Case, second: Case): Case {
  return {
    code: { ...second.code, ...first.code },
    signers: { ...second.signers, ...first.signers },
    facts: { ...second.facts, ...first.facts },
  };
}

describe('reasons and their order', () => {
  test('there is a cause for every reason that can be given here, in the public order', () => {
    const elsewhere: Reason[] = ['MALFORMED', 'UNSUPPORTED_VERSION', 'STORAGE_FAILED'];
    const here = REASONS.filter((reason) => !elsewhere.includes(reason));
    expect(CAUSES.map(([reason]) => reason)).toEqual(here);
  });

  test.each([0, 1] as const)('a good code of suite %i opens', (suite) => {
    expect(judge({ code: { suite } })).toBe('open');
    expect(judge({ code: { suite } }, verifyWithNoble)).toBe('open');
  });

  test.each(CAUSES)('%s is the verdict where nothing else is wrong', (reason, all) => {
    expect(judge(all)).toBe(reason);
  });

  const pairs = CAUSES.flatMap(([first, a], at) =>
    CAUSES.slice(at + 1).map(([second, b]) => [first, second, together(a, b)] as const),
  ).filter(([first, second]) => !CANNOT_MEET.has(`${first} ${second}`));
  test.each(pairs)('%s comes before %s', (first, _second, both) => {
    expect(judge(both)).toBe(first);
  });

  test('signatures are the last and dearest thing: nothing is verified for any earlier reason', () => {
    for (const [reason, all] of CAUSES.slice(0, 16)) {
      const verify = () => {
        throw new Error(`${reason} must not cost a signature check`);
      };
      expect(judge(all, verify)).toBe(reason);
    }
  });
});

describe('signatures', () => {
  test.each(
    ([0, 1] as const).flatMap((suite) => forgeries(suite).map((row) => [suite, ...row] as const)),
  )('suite %i: %s is refused as %s by both implementations', (_suite, _name, reason, bytes) => {
    for (const verify of [verifyWithNode, verifyWithNoble]) {
      expect(admit(codeOf(bytes), FACTS, { rules: RULES, now: NOW, verify })).toEqual({
        verdict: 'refuse',
        reason,
      });
    }
  });

  test('a key that is no point, or none at all, verifies nothing and throws nothing', () => {
    for (const publicKeyBytes of [new Uint8Array(32).fill(0xff), new Uint8Array(0)]) {
      const issuer = { ...KEY_FACT, publicKeyBytes };
      expect(judge({ facts: { issuerKey: issuer } })).toBe('BAD_ISSUER_SIGNATURE');
    }
    const certified = { ...strangerKey, publicKey: new Uint8Array(32) };
    expect(judge({ signers: { certified } })).toBe('BAD_DEVICE_SIGNATURE');
  });

  test('the phone may not be its own issuer', () => {
    expect(judge({ signers: { issuer: deviceKeys[0], device: issuerKey } })).toBe(
      'BAD_ISSUER_SIGNATURE',
    );
  });
});

const issued = NOW_S - 86_400;
const atS = (wallS: number): Partial<Now> => ({ wallMs: wallS * 1000 });
const generated = (generatedAtS: number, more: Partial<CodeFields> = {}): Case => ({
  code: { generatedAtS, ...more },
});

describe('edges of time', () => {
  test.each<[string, Reason | 'open', Case]>([
    ['made in this very second', 'open', generated(NOW_S)],
    ['ahead by the allowed skew', 'open', generated(NOW_S + 20)],
    ['ahead by one second more', 'CODE_FROM_FUTURE', generated(NOW_S + 21)],
    ['in the last second of its life', 'open', generated(NOW_S - 60)],
    ['one second beyond', 'CODE_EXPIRED', generated(NOW_S - 61)],
    [
      "in the last second of the gate's cap",
      'open',
      generated(NOW_S - 120, { codeLifetimeS: 900 }),
    ],
    ["beyond the gate's cap", 'CODE_EXPIRED', generated(NOW_S - 121, { codeLifetimeS: 900 })],
    [
      'late within a second',
      'open',
      { ...generated(NOW_S - 60), now: { wallMs: NOW.wallMs + 999 } },
    ],
    ['no skew at all, same second', 'open', { ...generated(NOW_S), rules: { skewS: 0 } }],
    ['no skew at all, ahead', 'CODE_FROM_FUTURE', { ...generated(NOW_S + 1), rules: { skewS: 0 } }],
  ])('a code %s: %s', (_name, expected, all) => {
    expect(judge(all)).toBe(expected);
  });

  test.each<[string, Reason | 'open', Partial<CodeFields>]>([
    ['issued now', 'open', { issuedAtS: NOW_S }],
    ['issued ahead by the skew', 'open', { issuedAtS: NOW_S + 20 }],
    ['issued ahead by more', 'PASS_NOT_YET_VALID', { issuedAtS: NOW_S + 21 }],
    ['in its last second', 'open', { issuedAtS: NOW_S - 3_600, lifetimeMin: 60 }],
    ['one second beyond', 'PASS_EXPIRED', { issuedAtS: NOW_S - 3_601, lifetimeMin: 60 }],
    ['without lifetime', 'open', { issuedAtS: NOW_S, lifetimeMin: 0 }],
    ['with the longest lifetime', 'open', { lifetimeMin: 65_535 }],
  ])('a pass %s: %s', (_name, expected, code) => {
    expect(judge({ code })).toBe(expected);
  });

  test.each<[string, Reason | 'open', Partial<typeof KEY_FACT>]>([
    ['in its last second', 'open', { notAfterS: NOW_S }],
    ['one second beyond', 'KEY_EXPIRED', { notAfterS: NOW_S - 1 }],
    ['that began as the pass was issued', 'open', { notBeforeS: issued }],
    ['that began after the pass was issued', 'KEY_EXPIRED', { notBeforeS: issued + 1 }],
    ['not yet begun', 'KEY_EXPIRED', { notBeforeS: NOW_S + 1 }],
    ['retired', 'open', { status: 'retired' }],
    ['revoked', 'KEY_EXPIRED', { status: 'revoked' }],
  ])('a key %s: %s', (_name, expected, change) => {
    expect(judge({ facts: { issuerKey: { ...KEY_FACT, ...change } } })).toBe(expected);
  });
});

describe('a gate that lost the time', () => {
  const lost = (change: Case, signedTimeS = NOW_S - 3_600): Case => ({
    ...change,
    facts: { clock: 'UNKNOWN', signedTimeS },
    now: atS(1_000),
  });
  test.each<[string, Reason | 'open', Case]>([
    ['refuses where it is told to', 'CLOCK_UNKNOWN', lost({})],
    ['admits where it is told to', 'open', lost({ rules: { onClockUnknown: 'admit' } })],
  ])('%s', (_name, expected, all) => {
    expect(judge(all)).toBe(expected);
  });

  const admitted = { rules: { onClockUnknown: 'admit' as const } };
  test.each<[string, Reason | 'open', Case]>([
    ['in its last second at the signed time', 'open', lost({ ...admitted }, NOW_S - 2 + 60)],
    ['older than the signed time', 'CODE_EXPIRED', lost({ ...admitted }, NOW_S - 2 + 61)],
    [
      'from any later time, for want of a better clock',
      'open',
      lost({ ...admitted, ...generated(NOW_S + 5_000) }),
    ],
    [
      "after its own pass's end",
      'PASS_EXPIRED',
      lost({ ...admitted, ...generated(NOW_S, { issuedAtS: issued, lifetimeMin: 60 }) }),
    ],
    [
      "after its key's end",
      'KEY_EXPIRED',
      lost({ ...admitted, ...generated(NOW_S + 101 * 86_400) }),
    ],
    [
      'on a pass issued after it',
      'PASS_NOT_YET_VALID',
      lost({ ...admitted, ...generated(NOW_S, { issuedAtS: NOW_S + 1_000 }) }),
    ],
  ])('takes the time of the code: a code %s: %s', (_name, expected, all) => {
    expect(judge(all)).toBe(expected);
  });

  test('a wall clock that is trusted is used even where the signed time says otherwise', () => {
    expect(judge({ facts: { signedTimeS: NOW_S + 9_999 } })).toBe('open');
  });
});

describe('replay, passback, ceiling, scope', () => {
  test.each<[string, Reason | 'open', Partial<Facts>]>([
    ['the same counter', 'REPLAY', { counterMax: 10 }],
    ['a lower counter', 'REPLAY', { counterMax: 11 }],
    ['a higher counter', 'open', { counterMax: 9 }],
    ['the first counter ever', 'open', { counterMax: undefined }],
  ])('%s: %s', (_name, expected, facts) => {
    expect(judge({ facts })).toBe(expected);
  });

  const { issuedAtS } = GOOD;
  test.each<[string, Reason | 'open', Facts['openings'], number]>([
    ['the first opening', 'open', [], 1],
    ['the last one', 'open', openings(11, null), 12],
    ['one more', 'ALLOWANCE_USED', openings(12, null), 12],
    ['as many as there can be', 'ALLOWANCE_USED', openings(255, null), 255],
    ['settlement had all when it gave the pass', 'open', openings(12, issuedAtS - 1), 12],
    ['it had them in the same second', 'ALLOWANCE_USED', openings(12, issuedAtS), 12],
    ['it had one of them', 'open', [...openings(1, issuedAtS - 1), ...openings(11, null)], 12],
    ['it has them since', 'ALLOWANCE_USED', openings(1, issuedAtS + 60), 1],
    ['of a pass that allows nothing', 'ALLOWANCE_USED', [], 0],
  ])('the allowance: %s: %s', (_name, expected, before, allowance) => {
    expect(judge({ code: { allowance }, facts: { openings: before } })).toBe(expected);
  });

  const ride = (elapsedMonoMs: number | undefined, elapsedWallMs: number): Case => ({
    facts: {
      lastOpen: {
        monoMs: elapsedMonoMs === undefined ? undefined : NOW.monoMs - elapsedMonoMs,
        wallMs: NOW.wallMs - elapsedWallMs,
      },
    },
  });
  test.each<[string, Reason | 'open', Case]>([
    ['just before the time is over', 'PASSBACK', ride(299_999, 299_999)],
    ['as the time is over', 'open', ride(300_000, 300_000)],
    ['too soon, with the wall clock set forward', 'PASSBACK', ride(10_000, 9_000_000)],
    ['too soon, with the wall clock set back', 'PASSBACK', ride(10_000, -9_000_000)],
    ['late enough, with the wall clock set back', 'open', ride(300_000, -9_000_000)],
    ['too soon after a restart', 'PASSBACK', ride(undefined, 299_999)],
    ['in the same instant after a restart', 'PASSBACK', ride(undefined, 0)],
    ['late enough after a restart', 'open', ride(undefined, 300_000)],
    ['after a restart with the wall clock set back', 'open', ride(undefined, -1)],
    ['without a rule', 'open', { ...ride(1, 1), rules: { passbackS: 0 } }],
    ['without a ride before', 'open', {}],
  ])('passback %s: %s', (_name, expected, all) => {
    expect(judge(all)).toBe(expected);
  });

  const exponent = (ceilingExponent: number) => ({ issuerKey: { ...KEY_FACT, ceilingExponent } });
  test.each<[string, Reason | 'open', Case]>([
    ['exactly the fare', 'open', { code: { ceiling: 32 } }],
    ['one step below the fare', 'OVER_CEILING', { code: { ceiling: 31 } }],
    ['in minor units', 'open', { code: { ceiling: 320 }, facts: exponent(0) }],
    ['in minor units, one short', 'OVER_CEILING', { code: { ceiling: 319 }, facts: exponent(0) }],
    ['of the largest exponent', 'open', { code: { ceiling: 1 }, facts: exponent(6) }],
    ['of nothing', 'OVER_CEILING', { code: { ceiling: 0 }, facts: exponent(6) }],
    ['of nothing for a free ride', 'open', { code: { ceiling: 0 }, rules: { fareCents: 0 } }],
    ['that no fare meets', 'open', { code: { ceiling: 0 }, rules: { fareCents: undefined } }],
  ])('a ceiling %s: %s', (_name, expected, all) => {
    expect(judge(all)).toBe(expected);
  });

  test('every scope and product in the rules passes; null means every product', () => {
    expect(judge({ code: { scope: 4, product: 2 } })).toBe('open');
    expect(judge({ rules: { scopes: [] } })).toBe('WRONG_SCOPE');
    expect(judge({ rules: { products: [] } })).toBe('UNSUPPORTED_PRODUCT');
    expect(judge({ code: { product: 255 }, rules: { products: null } })).toBe('open');
  });
});
