/** What a statement says of this phone's pass and of the account. */
import type { Rider, Statement, StatementItem } from '@stile/protocol/http/rider-api.ts';
import { describe, expect, test } from 'vitest';
import { codeLifetimeMsOf, denialOf, lastRideOf, signOf } from './account.ts';

const PASS = {
  algorithm: 'Ed25519',
  issuedAtS: 0,
  expiresAtS: 1,
  ended: null,
  addedBy: null,
  hasSeed: true,
} as const;
const WELL: Rider = {
  account: '0123456789abcdef',
  balanceCents: 500,
  debtCents: 0,
  denied: false,
  deniedReason: null,
  offline: { allowance: 12, reason: null },
  passes: [
    { ...PASS, serial: 1, denied: false },
    { ...PASS, serial: 2, denied: true },
  ],
  revokedIssuerKeys: [],
  recoveryCodeMadeAtMs: null,
  unconfirmedCodeMadeAtMs: null,
  earlierCodeUntilMs: null,
};

test('another phone’s pass that is denied is no denial of this one', () => {
  expect(denialOf(WELL, 1)).toBeNull();
});

test('this phone’s pass alone is denied', () => {
  expect(denialOf(WELL, 2)).toEqual({ reason: null, debtCents: 0 });
});

test('the account is denied, and with it each pass', () => {
  const denied = { ...WELL, denied: true, deniedReason: 'DEBT', debtCents: 280 };
  expect(denialOf(denied, 1)).toEqual({ reason: 'DEBT', debtCents: 280 });
});

test.each<[StatementItem['kind'], number, string]>([
  ['ride', 280, '\u2212'],
  ['payment', 280, '\u2212'],
  ['refund', 280, '+'],
  ['topUp', 280, '+'],
  ['ride', 0, ''],
])('a %s of %i', (kind, amountCents, sign) => {
  const item: StatementItem = {
    id: 'a',
    kind,
    amountCents,
    way: null,
    payee: null,
    riddenAtMs: null,
    riddenAtSource: null,
    chargedAtMs: 0,
    line: null,
    owedCents: 0,
    state: 'PAID',
    reason: null,
  };
  expect(signOf(item)).toBe(sign);
});

describe('the last ride', () => {
  const row = (id: string, of: Partial<StatementItem>): StatementItem => ({
    id,
    kind: 'ride',
    way: 'TRANSIT_CODE',
    payee: null,
    riddenAtMs: null,
    riddenAtSource: null,
    chargedAtMs: 0,
    line: 'M1',
    amountCents: 250,
    owedCents: 0,
    state: 'CHARGED',
    reason: null,
    ...of,
  });
  const lastOf = (...items: StatementItem[]) => lastRideOf({ items, next: null } as Statement)?.id;

  test('is the one that was ridden last, however late it was charged, and no payment', () => {
    const early = row('early', { riddenAtMs: 10, chargedAtMs: 90 });
    const late = row('late', { riddenAtMs: 20, chargedAtMs: 30 });
    const shop = row('shop', { kind: 'payment', chargedAtMs: 99 });
    expect(lastOf(shop, early, late)).toBe('late');
    expect(lastOf(row('untimed', { chargedAtMs: 40 }), late)).toBe('untimed');
    expect(lastOf(shop)).toBeUndefined();
  });
});

test('what is no pass makes codes that are good for no time', () => {
  expect(codeLifetimeMsOf(new Uint8Array(3))).toBe(0);
});
