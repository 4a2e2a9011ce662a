/** What a presented code turns out to be, and what its presentation uses up. */
import { describe, expect, test } from 'vitest';
import { HANDLE, NOW_MS, seedFacts } from '../../testing/facts.ts';
import { DEFAULT_PAYMENT_LIMITS } from './payment-rules.ts';
import { type CodeFacts, type Presented, type SeedFacts, spendCode } from './spend-code.ts';

const LIMITS = DEFAULT_PAYMENT_LIMITS;
const NONE = { count: 0, latestMs: 0 };
const CODE: Presented = { way: 'PAYMENT_CODE', handle: HANDLE, timeStep: 9 };
const ONLINE: Presented = { way: 'ONLINE_CODE', codeHash: 'h' };

function seedCode(changes: Partial<SeedFacts> = {}, isSpent = false): CodeFacts {
  return {
    way: 'PAYMENT_CODE',
    seed: seedFacts(changes),
    isSpent,
    phoneHandles: [HANDLE, '87654321'],
  };
}

function onlineCode(state: 'live' | 'used' | 'ended', expiresAtMs = NOW_MS): CodeFacts {
  return {
    way: 'ONLINE_CODE',
    code: { account: 'a', serial: 2, expiresAtMs, state, boundCents: null },
  };
}

function spend(presented: Presented, code: CodeFacts, { payeeFailures = NONE } = {}) {
  const facts = { code, payee: 'merchant:kiosk', payeeFailures };
  return spendCode(presented, facts, { limits: LIMITS, nowMs: NOW_MS });
}

const failure = {
  kind: 'addCodeFailure',
  payee: 'merchant:kiosk',
  way: 'ONLINE_CODE',
  atMs: NOW_MS,
};

describe('a payment code', () => {
  const wrong: Presented = { ...CODE, timeStep: null };
  const STRAY: Presented = { ...wrong, strayStep: 11 };
  const none: CodeFacts = { way: 'PAYMENT_CODE', seed: null, isSpent: false, phoneHandles: [] };
  test.each<[string, Presented, CodeFacts, string | null, string[]]>([
    ['good', CODE, seedCode(), null, ['spendTimeStep']],
    ['good at the last instant', CODE, seedCode({ expiresAtMs: NOW_MS }), null, ['spendTimeStep']],
    ['of no handle', CODE, none, 'CODE_REFUSED', ['addCodeFailure']],
    ['of an ended handle', CODE, seedCode({ endedAtMs: 1 }), 'CODE_REFUSED', ['addCodeFailure']],
    [
      'of an expired handle',
      CODE,
      seedCode({ expiresAtMs: NOW_MS - 1 }),
      'CODE_REFUSED',
      ['addCodeFailure'],
    ],
    ['presented before', CODE, seedCode({}, true), 'CODE_USED', []],
    [
      'with a wrong password',
      wrong,
      seedCode(),
      'CODE_REFUSED',
      ['setHandleFailures', 'addCodeFailure'],
    ],
    [
      'with the last wrong password that is allowed',
      wrong,
      seedCode({ failures: LIMITS.handleFailuresMax - 1 }),
      'CODE_REFUSED',
      ['setHandleFailures', 'endSeed', 'addCodeFailure'],
    ],
    ['of a phone whose clock is off', STRAY, seedCode(), 'CLOCK_OFF', ['spendTimeStep']],
    ['of an old minute, presented before', STRAY, seedCode({}, true), 'CODE_USED', []],
    [
      'of a locked handle',
      CODE,
      seedCode({ failures: LIMITS.handleFailuresMax, endedAtMs: 1 }),
      'TOO_MANY_TRIES',
      [],
    ],
  ])('%s', (_name, presented, code, reason, kinds) => {
    const judged = spend(presented, code);
    expect(judged.reason).toBe(reason);
    expect(judged.changes.map(({ kind }) => kind)).toEqual(kinds);
    expect(judged.payer === null).toBe(reason !== null);
  });

  test('confirms its seed when it is the first, and ends the phone\u2019s others', () => {
    const { changes } = spend(CODE, seedCode({ confirmedAtMs: null }));
    expect(changes).toEqual([
      { kind: 'spendTimeStep', handle: HANDLE, timeStep: 9 },
      { kind: 'confirmSeed', handle: HANDLE, atMs: NOW_MS },
      { kind: 'endSeed', handle: '87654321', atMs: NOW_MS },
    ]);
  });

  test('names its payer with what the handle has paid', () => {
    const { payer } = spend(CODE, seedCode({ paidCents: 700 }));
    expect(payer).toMatchObject({ handle: HANDLE, handleCents: 700, serial: 1 });
  });
});

describe('an online code', () => {
  test.each<[string, CodeFacts, string | null, object[]]>([
    [
      'good',
      onlineCode('live'),
      null,
      [{ kind: 'setOnlineCodeState', codeHash: 'h', state: 'used' }],
    ],
    ['used', onlineCode('used'), 'CODE_USED', []],
    ['used and expired', onlineCode('used', NOW_MS - 1), 'CODE_USED', []],
    ['ended by the next one', onlineCode('ended'), 'CODE_EXPIRED', []],
    ['expired', onlineCode('live', NOW_MS - 1), 'CODE_EXPIRED', []],
    ['unknown', { way: 'ONLINE_CODE', code: null }, 'CODE_REFUSED', [failure]],
  ])('%s', (_name, code, reason, changes) => {
    expect(spend(ONLINE, code)).toMatchObject({ reason, changes });
  });
});

test.each([CODE, ONLINE])(
  'a pause after wrong codes leaves a good one unspent: %j',
  (presented) => {
    const code = presented.way === 'ONLINE_CODE' ? onlineCode('live') : seedCode();
    const count = LIMITS.payeeFailuresFree;
    const pausing = { payeeFailures: { count, latestMs: NOW_MS - 999 } };
    expect(spend(presented, code, pausing)).toEqual({
      reason: 'TOO_MANY_TRIES',
      payer: null,
      changes: [],
    });
    const over = { payeeFailures: { count, latestMs: NOW_MS - 1_000 } };
    expect(spend(presented, code, over).reason).toBeNull();
    const free = { payeeFailures: { count: count - 1, latestMs: NOW_MS } };
    expect(spend(presented, code, free).reason).toBeNull();
  },
);
