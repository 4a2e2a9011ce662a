/** The trust list that is published next. */
import { EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import { type IssuerKey, type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import { expect, test } from 'vitest';
import { nextTrustList, publishableKeys, type TrustContent } from './trust.ts';

const KEY: IssuerKey = {
  issuer: 1,
  keyId: 1,
  publicKey: 'a'.repeat(64),
  notBeforeS: 0,
  notAfterS: 1_000_000,
  status: 'active',
  ceilingExponent: 0,
};
const CONTENT: TrustContent = {
  stile: 'trust-list/1',
  operator: 'Town',
  currency: 'EUR',
  issuers: [KEY],
  limits: { codeLifetimeSMax: 120, skewS: 20 },
  tariff: { version: 1, lines: [] },
  deny: { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST },
};
const PACE = { expiresS: 1000, refreshS: 100 };

function first(): TrustList {
  const list = nextTrustList({ content: CONTENT, inForce: undefined }, { nowS: 5000, pace: PACE });
  if (list === null) throw new Error('a first list is always due');
  return list;
}

test('the first list is version 1 and is as the protocol wants it', () => {
  expect(trustListSchema.parse(first())).toMatchObject({
    version: 1,
    issuedAtS: 5000,
    expiresAtS: 6000,
  });
});

test.each([
  ['nothing has changed', CONTENT, 5099, null],
  ['it is time to say so again', CONTENT, 5100, 2],
  ['the tariff has changed', { ...CONTENT, tariff: { version: 2, lines: [] } }, 5001, 2],
  ['the deny list has', { ...CONTENT, deny: { ...CONTENT.deny, version: 1 } }, 5001, 2],
  ['a key has', { ...CONTENT, issuers: [{ ...KEY, status: 'retired' as const }] }, 5001, 2],
])('the next list when %s', (_name, content, nowS, version) => {
  expect(nextTrustList({ content, inForce: first() }, { nowS, pace: PACE })?.version ?? null).toBe(
    version,
  );
});

test('signed time never runs backwards', () => {
  const changed = { ...CONTENT, operator: 'Other' };
  expect(
    nextTrustList({ content: changed, inForce: first() }, { nowS: 4000, pace: PACE }),
  ).toMatchObject({
    issuedAtS: 5000,
    expiresAtS: 6000,
  });
});

test('retired keys stay on the list while their passes may be good', () => {
  const retired = { ...KEY, keyId: 2, status: 'retired' as const, notAfterS: 50 };
  expect(publishableKeys([KEY, retired], 50)).toHaveLength(2);
  expect(publishableKeys([KEY, retired], 51)).toEqual([KEY]);
});
