/** What is looked up in a trust list: issuer keys and fares. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DELTA_IDS_MAX } from './deny-list.ts';
import {
  ceilingCentsOf,
  ceilingFieldOf,
  denyDeltaSchema,
  denySnapshotSchema,
  findFareCents,
  findIssuerKey,
  ISSUER_KEYS_MAX,
  LINE_FARES_MAX,
  type LineFare,
  trustListSchema,
} from './trust-list.ts';

const key = {
  issuer: 7,
  keyId: 3,
  publicKey: 'ab'.repeat(32),
  notBeforeS: 0,
  notAfterS: 0xffffffff,
  status: 'active',
  ceilingExponent: 0,
};
const fare = { line: 'tram-4', fareCents: 290, fromS: 0 };
const deny = { version: 1, count: 0, setDigest: '0'.repeat(64) };
const secret = { idsDigest: '0'.repeat(64), salt: '5'.repeat(64) };
const trust = {
  stile: 'trust-list/1',
  operator: 'Harbour Lines',
  currency: 'EUR',
  version: 1,
  issuedAtS: 1,
  expiresAtS: 2,
  issuers: [key],
  limits: { codeLifetimeSMax: 60, skewS: 20 },
  tariff: { version: 1, lines: [fare] },
  deny,
};
const snapshot = {
  stile: 'deny-snapshot/1',
  ...deny,
  ...secret,
  bodySha256: '0'.repeat(64),
  issuedAtS: 1,
  force: false,
  saneFrom: 0,
};
const delta = {
  stile: 'deny-delta/1',
  from: 0,
  ...deny,
  ...secret,
  adds: ['0'.repeat(28)],
  removes: [],
  issuedAtS: 1,
  force: true,
  saneFrom: 0,
};

test.each([
  ['trust list', trustListSchema, trust],
  ['deny snapshot', denySnapshotSchema, snapshot],
  ['deny delta', denyDeltaSchema, delta],
])('a %s is taken whole, and refused with a field more or a field less', (_what, schema, list) => {
  expect(schema.safeParse(list)).toMatchObject({ success: true, data: list });
  expect(schema.safeParse({ ...list, extra: 1 }).success).toBe(false);
  for (const field of Object.keys(list)) {
    expect(schema.safeParse({ ...list, [field]: undefined }).success, field).toBe(false);
    expect(schema.safeParse({ ...list, [field]: {} }).success, field).toBe(false);
  }
  for (const other of [null, [], 'x', 1, [list]]) {
    expect(schema.safeParse(other).success).toBe(false);
  }
});

const times = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value);

test.each<[string, boolean, object]>([
  ['no issuer key', false, { issuers: [] }],
  ['as many issuer keys as may be', true, { issuers: times(ISSUER_KEYS_MAX, key) }],
  ['one issuer key too many', false, { issuers: times(ISSUER_KEYS_MAX + 1, key) }],
  ['a key field more', false, { issuers: [{ ...key, kty: 'OKP' }] }],
  ['an issuer beyond 16 bits', false, { issuers: [{ ...key, issuer: 65_536 }] }],
  ['a key id beyond 8 bits', false, { issuers: [{ ...key, keyId: 256 }] }],
  ['an upper-case key', false, { issuers: [{ ...key, publicKey: 'AB'.repeat(32) }] }],
  ['a short key', false, { issuers: [{ ...key, publicKey: 'ab'.repeat(31) }] }],
  ['a status of its own', false, { issuers: [{ ...key, status: 'lost' }] }],
  ['a greatest exponent', true, { issuers: [{ ...key, ceilingExponent: 6 }] }],
  ['an exponent too great', false, { issuers: [{ ...key, ceilingExponent: 7 }] }],
  ['a time beyond 32 bits', false, { expiresAtS: 2 ** 32 }],
  ['a time before 1970', false, { issuedAtS: -1 }],
  ['version 0', false, { version: 0 }],
  ['a version as text', false, { version: '2' }],
  ['a lower-case currency', false, { currency: 'eur' }],
  ['an operator without a name', false, { operator: '' }],
  ['the longest code lifetime', true, { limits: { codeLifetimeSMax: 3_600, skewS: 300 } }],
  ['a code lifetime too long', false, { limits: { codeLifetimeSMax: 3_601, skewS: 300 } }],
  ['a code lifetime of nothing', false, { limits: { codeLifetimeSMax: 0, skewS: 0 } }],
  ['a skew too wide', false, { limits: { codeLifetimeSMax: 60, skewS: 301 } }],
  ['as many lines as may be', true, { tariff: { version: 1, lines: times(LINE_FARES_MAX, fare) } }],
  ['one line too many', false, { tariff: { version: 1, lines: times(LINE_FARES_MAX + 1, fare) } }],
  ['no line at all', true, { tariff: { version: 1, lines: [] } }],
  [
    'a fare with a fraction',
    false,
    { tariff: { version: 1, lines: [{ ...fare, fareCents: 2.9 }] } },
  ],
  ['a negative fare', false, { tariff: { version: 1, lines: [{ ...fare, fareCents: -1 }] } }],
  ['a line with a space', false, { tariff: { version: 1, lines: [{ ...fare, line: 'tram 4' }] } }],
  ['a salt that is for gates only', false, { deny: { ...deny, salt: secret.salt } }],
  [
    'a digest of ids that is for gates only',
    false,
    { deny: { ...deny, idsDigest: secret.idsDigest } },
  ],
  ['an upper-case digest', false, { deny: { ...deny, setDigest: 'A'.repeat(64) } }],
])('%s: taken is %s', (_what, taken, change) => {
  expect(trustListSchema.safeParse({ ...trust, ...change }).success).toBe(taken);
});

test.each<[string, boolean, object]>([
  ['as many ids as may be', true, { adds: times(DELTA_IDS_MAX, '0'.repeat(28)) }],
  ['one id too many', false, { adds: times(DELTA_IDS_MAX + 1, '0'.repeat(28)) }],
  ['a short id', false, { removes: ['0'.repeat(27)] }],
  ['an upper-case id', false, { removes: ['A'.repeat(28)] }],
  ['no id at all', true, { adds: [], removes: [] }],
])('a delta with %s: taken is %s', (_what, taken, change) => {
  expect(denyDeltaSchema.safeParse({ ...delta, ...change }).success).toBe(taken);
});

test('an issuer key is found by issuer and key id together', () => {
  const parsed = trustListSchema.parse({
    ...trust,
    issuers: [key, { ...key, keyId: 4 }, { ...key, issuer: 8, publicKey: 'cd'.repeat(32) }],
  });
  expect(findIssuerKey(parsed, { issuer: 7, keyId: 4 })?.keyId).toBe(4);
  expect(findIssuerKey(parsed, { issuer: 8, keyId: 3 })?.publicKey).toBe('cd'.repeat(32));
  expect(findIssuerKey(parsed, { issuer: 8, keyId: 4 })).toBeUndefined();
  expect(findIssuerKey(parsed, { issuer: 3, keyId: 7 })).toBeUndefined();
});

const tariff = (...lines: LineFare[]) => ({ version: 1, lines });

test.each<[string, number, number | undefined]>([
  ['a line that is not listed', 500, undefined],
  ['before the first fare is in force', 99, undefined],
  ['in the second that it comes into force', 100, 200],
  ['between two', 150, 200],
  ['in the second of the next', 200, 300],
  ['long after', 4_000_000_000, 300],
])('the fare %s', (what, atS, fareCents) => {
  // The order in the list does not matter; another line's fare is never taken.
  const list = tariff(
    { line: 'tram-4', fareCents: 300, fromS: 200 },
    { line: 'tram-4', fareCents: 200, fromS: 100 },
    { line: 'tram-5', fareCents: 999, fromS: 0 },
  );
  expect(
    findFareCents(list, { line: what.includes('not listed') ? 'tram-6' : 'tram-4', atS }),
  ).toBe(fareCents);
});

test('a fare of nothing is a fare', () => {
  expect(
    findFareCents(tariff({ line: 'tram-4', fareCents: 0, fromS: 0 }), { line: 'tram-4', atS: 1 }),
  ).toBe(0);
});

test('the fare is that of the entry in force last, whatever the order of the list', () => {
  const entries = fc.uniqueArray(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(entries, fc.nat({ max: 1_000 }), (starts, atS) => {
      const lines = starts.map((fromS) => ({ line: 'tram-4', fareCents: fromS, fromS }));
      const inForce = starts.filter((fromS) => fromS <= atS);
      const expected = inForce.length === 0 ? undefined : Math.max(...inForce);
      expect(findFareCents(tariff(...lines), { line: 'tram-4', atS })).toBe(expected);
    }),
  );
});

test('of two entries from the same second the later in the list counts', () => {
  const list = tariff(
    { line: 'tram-4', fareCents: 1, fromS: 100 },
    { line: 'tram-4', fareCents: 2, fromS: 100 },
  );
  expect(findFareCents(list, { line: 'tram-4', atS: 100 })).toBe(2);
});

test.each([
  [3_500, 0, 3_500, 3_500],
  [3_500, 2, 35, 3_500],
  [3_599, 2, 35, 3_500],
  [700_000, 0, 65_535, 65_535],
  [700_000, 1, 65_535, 655_350],
])(
  'a ceiling of %i under an exponent of %i stands as %i',
  (cents, ceilingExponent, field, stands) => {
    const ceiling = ceilingFieldOf(cents, { ceilingExponent });
    expect(ceiling).toBe(field);
    expect(ceilingCentsOf({ ceiling }, { ceilingExponent })).toBe(stands);
  },
);
