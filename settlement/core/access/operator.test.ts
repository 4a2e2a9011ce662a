/** What an operator decides: merchants, denials; and what a sweep takes away, what an alarm counts. */
import { describe, expect, test } from 'vitest';
import { NOW_MS } from '../../testing/facts.ts';
import { decideDenial, decideLift } from '../lists/denial.ts';
import { decideBlock, decideMerchant, isActiveMerchant } from '../payments/merchant.ts';
import { countAlarms } from './alarms.ts';
import { decideSweep } from './retention.ts';
import { isOpenSession } from './session.ts';

describe('a merchant', () => {
  test('has an account in the ledger from the beginning', () => {
    const hashes = { tokenHash: 'h', managerTokenHash: 'm' };
    const merchant = { merchant: 'kiosk', name: 'Kiosk', ...hashes, nowMs: NOW_MS };
    expect(decideMerchant(merchant).changes).toMatchObject([
      { kind: 'setMerchant', merchant: 'kiosk' },
      { kind: 'openLedgerAccount', name: 'merchant:kiosk', ledgerKind: 'merchant' },
    ]);
  });

  test('that is blocked loses its open orders', () => {
    const facts = { merchant: { blockedAtMs: null }, openOrders: ['o1', 'o2'] };
    const { changes, result } = decideBlock(facts, { merchant: 'kiosk', nowMs: NOW_MS });
    expect(result).toBe(true);
    expect(changes.map(({ kind }) => kind)).toEqual(['blockMerchant', 'endOrder', 'endOrder']);
  });

  test.each([
    [null, false],
    [{ blockedAtMs: 1 }, true],
  ])('that is unknown or blocked stays so: %j', (merchant, result) => {
    const facts = { merchant, openOrders: ['o1'] };
    expect(decideBlock(facts, { merchant: 'kiosk', nowMs: NOW_MS })).toEqual({
      changes: [],
      result,
    });
  });

  test('opens with its token until it is blocked', () => {
    expect(isActiveMerchant({ blockedAtMs: null })).toBe(true);
    expect(isActiveMerchant({ blockedAtMs: 0 })).toBe(false);
  });
});

describe('a denial by the operator', () => {
  const id = new Uint8Array(14);
  const denial = { id, note: 'lost', nowMs: NOW_MS };
  test('is published, once', () => {
    const { changes, result } = decideDenial({ isDeniedByOperator: false, codes: [] }, denial);
    expect(result).toBe(true);
    expect(changes.map(({ kind }) => kind)).toEqual(['deny', 'requestPublish']);
    const again = decideDenial({ isDeniedByOperator: true, codes: [] }, denial);
    expect(again).toEqual({ changes: [], result: false });
  });

  test('is lifted, once', () => {
    const { changes } = decideLift({ isDeniedByOperator: true }, { id, nowMs: NOW_MS });
    expect(changes).toMatchObject([{ kind: 'liftDenial', cause: 'OPERATOR' }, {}]);
    const again = decideLift({ isDeniedByOperator: false }, { id, nowMs: NOW_MS });
    expect(again).toEqual({ changes: [], result: false });
  });
});

test('a sweep takes what has ended and what nobody asks about any more', () => {
  const before = Object.fromEntries(
    decideSweep(NOW_MS).changes.map((change) =>
      change.kind === 'deleteExpired' ? [change.what, change.before] : [change.kind, 0],
    ),
  );
  expect(before).toEqual({
    judgeAgain: 0,
    session: NOW_MS / 1000 + 1,
    gateToken: NOW_MS + 1,
    spentTimeStep: NOW_MS / 60_000 - 60,
    onlineCode: NOW_MS - 3_600_000,
    codeFailure: NOW_MS - 3_600_000,
    enrolment: NOW_MS - 3_600_000,
    invite: NOW_MS - 30 * 86_400_000,
    operatorToken: NOW_MS - 30 * 86_400_000,
    seed: NOW_MS,
    usedChallenge: NOW_MS / 1000,
    riderEvent: NOW_MS - 3_600_000,
    merchantEvent: NOW_MS - 3_600_000,
  });
});

test('a session is open up to its end', () => {
  expect(isOpenSession({ expiresAtS: 100 }, 99)).toBe(true);
  expect(isOpenSession({ expiresAtS: 100 }, 100)).toBe(false);
});

test('every bad end of a record is an alarm, a good one is none', () => {
  const ends = [
    'CHARGED',
    'PAID',
    'VOIDED',
    'PENDING',
    'EXTRA_USE',
    'UNPAID',
    'OTHER_FARE',
    'STALE',
    'PASS_NOT_ISSUED',
    'DEVICE_KEY_UNKNOWN',
  ];
  const counts = ends.map((disposition) => ({ disposition, count: 2 }));
  expect(countAlarms(counts)).toEqual({
    unreadable: 0,
    extraUses: 2,
    fareUnknown: 0,
    notIssued: 4,
    unpaid: 4,
    rejected: 2,
  });
});
