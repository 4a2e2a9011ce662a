/** The trust list that is published next. */
import { EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import {
  type DenyHead,
  type IssuerKey,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { describe, expect, test } from 'vitest';
import {
  decideNextLists,
  type ListFacts,
  nextTrustList,
  publishableKeys,
  type TrustContent,
} from './trust.ts';
import { floorOf } from './version-floor.ts';

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
  roots: ['the first word'],
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
  ['a root has spoken', { ...CONTENT, roots: ['a second'] }, 5001, 2],
  ['the deny list has', { ...CONTENT, deny: { ...CONTENT.deny, version: 1 } }, 5001, 2],
  ['a key has', { ...CONTENT, issuers: [{ ...KEY, status: 'retired' as const }] }, 5001, 2],
])('the next list when %s', (_name, content, nowS, version) => {
  expect(nextTrustList({ content, inForce: first() }, { nowS, pace: PACE })?.version ?? null).toBe(
    version,
  );
});

test('who signed the list in force has ended: it is signed anew', () => {
  const of = { content: CONTENT, inForce: first() };
  const pace = PACE;
  expect(nextTrustList(of, { nowS: 5001, pace, mustSign: true })).toMatchObject({ version: 2 });
});

describe('a deny list', () => {
  const denyOf = (version: number, count: number) => ({ ...CONTENT.deny, version, count });
  const terms = { ...CONTENT, lists: PACE };
  function next(of: { inForce: DenyHead; head: DenyHead; forced?: DenyHead }) {
    const list = { ...first(), deny: of.inForce };
    const facts: ListFacts = {
      seen: { trust: 0, deny: 0 },
      deny: { forced: of.forced ?? null, saneFrom: 0 },
      issuerKeys: [{ ...KEY, signsFromS: 0 }],
      tariff: [],
      tariffVersion: 1,
      denyHead: of.head,
      trust: { list, jws: '' },
    };
    return decideNextLists(facts, { terms, roots: CONTENT.roots, nowS: 5001 });
  }
  const [small, huge] = [denyOf(3, 100), denyOf(9, 10_101)];

  test.each([
    ['a sane step', { inForce: small, head: denyOf(4, 10_100) }, 4, null],
    ['the first list of all', { inForce: denyOf(0, 0), head: huge }, 9, null],
    ['a step out of all proportion', { inForce: small, head: huge }, null, 9],
    ['a list that is suddenly empty', { inForce: huge, head: denyOf(10, 0) }, null, 10],
    ['such a step, forced', { inForce: small, head: huge, forced: huge }, 9, null],
    [
      'what follows a forced step',
      { inForce: small, head: denyOf(12, 10_200), forced: huge },
      9,
      null,
    ],
    ['a force that is used', { inForce: huge, head: denyOf(12, 50_000), forced: huge }, null, 12],
  ])('%s', (_name, of, published, held) => {
    const { list, heldDeny } = next(of);
    expect(list?.deny.version ?? null).toBe(published);
    expect(heldDeny?.version ?? null).toBe(held);
  });
});

test.each([
  ['no gate is ahead', 0, null],
  ['a gate has the one in force', 1, null],
  ['a gate has a later one: this is a restored backup', 7, 8],
  ['a gate tells nonsense', 2 ** 50, null],
])('the next version when %s', (_name, seen, version) => {
  const floor = floorOf(seen, 1);
  const next = nextTrustList(
    { content: CONTENT, inForce: first(), floor },
    { nowS: 5001, pace: PACE },
  );
  expect(next?.version ?? null).toBe(version);
});

test('a list of a time that was wrong is replaced by one of the right time', () => {
  const next = nextTrustList({ content: CONTENT, inForce: first() }, { nowS: 4000, pace: PACE });
  expect(next).toMatchObject({ version: 2, issuedAtS: 4000, expiresAtS: 5000 });
});

test('retired keys stay on the list while their passes may be good', () => {
  const retired = { ...KEY, keyId: 2, status: 'retired' as const, notAfterS: 50 };
  expect(publishableKeys([KEY, retired], 50)).toHaveLength(2);
  expect(publishableKeys([KEY, retired], 51)).toEqual([KEY]);
});
