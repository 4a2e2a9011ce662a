/** The wallet's decisions: warnings, what falls due, what counts down, which page an address means. */
import { describe, expect, test } from 'vitest';
import {
  clockOffset,
  groupDigits,
  isClockWrong,
  isGrave,
  isRenewalDue,
  isSeedDue,
  isSeedGood,
  refreshWaitMs,
  routeOf,
  timeLeft,
  timeStepEndMs,
  type WalletFacts,
  warningsOf,
} from './state.ts';

const NOW_S = 1_780_000_000;
const DAY_S = 86_400;

const WELL: WalletFacts = {
  nowS: NOW_S,
  isOnline: true,
  pass: { issuedAtS: NOW_S - DAY_S, expiresAtS: NOW_S + 6 * DAY_S, allowance: 12 },
  offered: 12,
  clockOffsetS: 0,
  denied: null,
  revoked: false,
  refusal: null,
  keyKind: 'platform',
  isEnded: false,
};

function passUntil(leftS: number) {
  return { pass: { issuedAtS: NOW_S - 7 * DAY_S, expiresAtS: NOW_S + leftS, allowance: 12 } };
}

describe('what stands over the code', () => {
  test.each<[string, Partial<WalletFacts>, string[]]>([
    ['nothing if all is well', {}, []],
    ['the pass ends in this second', passUntil(0), []],
    ['the pass ended a second ago', passUntil(-1), ['passExpired']],
    [
      'nothing behind the account: no rides, whatever else the pass is',
      { pass: { ...WELL.pass, allowance: 0 }, offered: 0 },
      ['noOfflineRides'],
    ],
    ['and its pass has ended', { ...passUntil(-1), offered: 0 }, ['noOfflineRides']],
    ['but a pass that still holds is used up', { offered: 0 }, []],
    ['money came, and the pass follows', { pass: { ...WELL.pass, allowance: 0 } }, []],
    ['the pass ends within two days, online: it renews itself', passUntil(DAY_S), []],
    ['and offline', { ...passUntil(DAY_S), isOnline: false }, ['passEndsSoon']],
    ['offline, but three days are left', { ...passUntil(3 * DAY_S), isOnline: false }, []],
    ['20 s ahead is taken by gates', { clockOffsetS: -20 }, []],
    ['21 s are not', { clockOffsetS: -21 }, ['clockWrong']],
    ['nor are 21 s behind', { clockOffsetS: 21 }, ['clockWrong']],
    ['a clock that was never compared', { clockOffsetS: null }, []],
    ['a key in the page', { keyKind: 'page' }, ['keyInPage']],
    [
      'the phone has ended: nothing else matters',
      { ...passUntil(-1), isEnded: true, refusal: { code: 'PASS_ENDED', message: '' } },
      ['ended'],
    ],
    ['the key that signed the pass was revoked', { revoked: true }, ['keyRevoked']],
    ['a refusal', { refusal: { code: 'PROOF_REFUSED', message: '' } }, ['refused']],
    [
      'the clock was put behind the pass’s end, and it is known by how much',
      { ...passUntil(-10), clockOffsetS: -8 * DAY_S },
      ['clockWrong'],
    ],
    [
      'denied, and so not renewed either: said once',
      {
        denied: { reason: 'DEBT', debtCents: 280 },
        refusal: { code: 'ACCOUNT_DENIED', message: '' },
      },
      ['denied'],
    ],
    [
      'this phone is denied, and has no session to read so',
      { refusal: { code: 'ACCOUNT_DENIED', message: '' } },
      ['denied'],
    ],
    [
      'all at once, in the order in which they matter',
      {
        ...passUntil(-1),
        isOnline: false,
        clockOffsetS: 60,
        denied: { reason: 'note', debtCents: 0 },
        refusal: { code: 'PROOF_REFUSED', message: '' },
        keyKind: 'page',
      },
      ['passExpired', 'denied', 'clockWrong', 'refused', 'keyInPage'],
    ],
  ])('%s', (_name, changes, kinds) => {
    const warnings = warningsOf({ ...WELL, ...changes });
    expect(warnings.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('a debt is told from an operator’s denial', () => {
    const debt = { reason: 'DEBT', debtCents: 280 };
    expect(warningsOf({ ...WELL, denied: debt })).toEqual([
      { kind: 'denied', reason: 'DEBT', note: '', debtCents: 280 },
    ]);
    const note = { reason: 'reported stolen', debtCents: 0 };
    expect(warningsOf({ ...WELL, denied: note })).toEqual([
      { kind: 'denied', reason: 'OPERATOR', note: 'reported stolen', debtCents: 0 },
    ]);
    // A pass that is denied alone has no reason at the account.
    expect(warningsOf({ ...WELL, denied: { reason: null, debtCents: 0 } })).toEqual([
      { kind: 'denied', reason: 'OPERATOR', note: '', debtCents: 0 },
    ]);
  });

  test('how far the clock is ahead is what settlement’s lacks', () => {
    expect(warningsOf({ ...WELL, clockOffsetS: -600 })).toEqual([
      { kind: 'clockWrong', aheadS: 600 },
    ]);
  });

  test('only what makes gates refuse is grave', () => {
    expect(isGrave({ kind: 'passExpired', expiresAtS: 0 })).toBe(true);
    expect(isGrave({ kind: 'clockWrong', aheadS: 60 })).toBe(true);
    expect(isGrave({ kind: 'passEndsSoon', expiresAtS: 0 })).toBe(false);
    expect(isGrave({ kind: 'keyInPage' })).toBe(false);
  });
});

test.each([
  ['right', 1_000, 1_000_400, 1_000_600, 0],
  ['sent at .0, received at .9', 1_000, 1_000_000, 1_000_900, 0],
  ['ten minutes slow', 1_600, 1_000_400, 1_000_600, 600],
  ['ten minutes fast', 400, 1_000_400, 1_000_600, -600],
])('a clock that is %s', (_name, serverS, sentAtMs, receivedAtMs, offsetS) => {
  expect(clockOffset(serverS, { sentAtMs, receivedAtMs })).toBe(offsetS);
});

test('a clock that was never compared is not called wrong', () => {
  expect(isClockWrong(null)).toBe(false);
});

describe('what is renewed while there is a network', () => {
  const pass = { issuedAtS: NOW_S, expiresAtS: NOW_S + 8 * DAY_S, allowance: 12 };
  test.each([
    ['at once', 0, false],
    ['at a quarter of its life', 2 * DAY_S, false],
    ['a second later', 2 * DAY_S + 1, true],
    ['behind its end', 9 * DAY_S, true],
    ['before it was issued: the clock was wrong then or is now', -1, true],
  ])('a pass, %s', (_name, ageS, isDue) => {
    const now = { nowS: NOW_S + ageS, revoked: false };
    for (const offered of [null, 12]) {
      expect(isRenewalDue(pass, { ...now, offered })).toBe(isDue);
      expect(isRenewalDue(pass, { ...now, offered, revoked: true })).toBe(true);
    }
    expect(isRenewalDue(pass, { ...now, offered: 0, revoked: true })).toBe(false);
    expect(isRenewalDue(pass, { ...now, offered: 13 })).toBe(true);
  });

  test.each([
    ['none', null, true, false],
    ['a new one', { expiresAtS: NOW_S + 30 * DAY_S }, false, true],
    ['one of a week', { expiresAtS: NOW_S + 23 * DAY_S }, false, true],
    ['one with less than three weeks left', { expiresAtS: NOW_S + 20 * DAY_S }, true, true],
    ['one that ends now', { expiresAtS: NOW_S }, true, true],
    ['one that has ended', { expiresAtS: NOW_S - 1 }, true, false],
  ])('a seed: %s', (_name, seed, isDue, isGood) => {
    expect(isSeedDue(seed, { nowS: NOW_S, isEnded: false })).toBe(isDue);
    expect(isSeedDue(seed, { nowS: NOW_S, isEnded: true })).toBe(true);
    expect(isSeedGood(seed, NOW_S)).toBe(isGood);
  });

  test('it is tried more often while there is none', () => {
    expect(refreshWaitMs(false)).toBeLessThan(refreshWaitMs(true));
  });
});

test.each([
  ['at its start', 0, { share: 1, seconds: 60 }],
  ['a moment later', 1, { share: 59_999 / 60_000, seconds: 60 }],
  ['half way', 30_000, { share: 0.5, seconds: 30 }],
  ['in its last moment', 59_999, { share: 1 / 60_000, seconds: 1 }],
  ['at its end', 60_000, { share: 0, seconds: 0 }],
  ['long after', 600_000, { share: 0, seconds: 0 }],
  ['before its start', -5_000, { share: 1, seconds: 60 }],
])('the ring %s', (_name, nowMs, left) => {
  expect(timeLeft({ nowMs, endMs: 60_000, spanMs: 60_000 })).toEqual(left);
});

test('a payment code ends with its minute', () => {
  expect(timeStepEndMs(0)).toBe(60_000);
  expect(timeStepEndMs(59_999)).toBe(60_000);
  expect(timeStepEndMs(60_000)).toBe(120_000);
});

test('twenty digits are read out in five groups', () => {
  expect(groupDigits('71123456781234567825')).toEqual(['7112', '3456', '7812', '3456', '7825']);
  expect(groupDigits('')).toEqual([]);
});

test.each([
  ['', { page: 'ride' }],
  ['#/ride', { page: 'ride' }],
  ['#/pay', { page: 'pay' }],
  ['#/money', { page: 'money' }],
  ['#/more', { page: 'more' }],
  ['#/elsewhere', { page: 'ride' }],
  ['#/order/AbCdEfGhIjKlMnOpQrSt_-', { page: 'order', order: 'AbCdEfGhIjKlMnOpQrSt_-' }],
  ['#/receipt/p12', { page: 'receipt', row: 'p12' }],
  ['#/receipt/', { page: 'ride' }],
  ['#/receipt/a b', { page: 'ride' }],
  ['#/order/too-short', { page: 'ride' }],
  ['#/order/AbCdEfGhIjKlMnOpQrSt_-/more', { page: 'ride' }],
])('%s is a page of the wallet', (hash, route) => {
  expect(routeOf(hash)).toEqual(route);
});
