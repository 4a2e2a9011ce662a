/** Recovery, blocks and moves as facts and changes: who gets the account, what ends, and what stays. */
import { describe, expect, test } from 'vitest';
import {
  account,
  drawn,
  factsOfCode,
  issuer,
  issuesMax,
  nowMs,
  pass,
  publicKey,
  request,
  stored,
} from '../../testing/recovery-request.ts';
import {
  type AccountAccess,
  decidePassBlock,
  decidePhoneBlock,
  decideRecovery,
  planRecovery,
  type RecoveryFacts,
} from './recovery.ts';
import {
  decideCodeConfirmation,
  decideNewCode,
  GRACE_MS,
  type StoredRecoveryCode,
} from './recovery-codes.ts';

const access: AccountAccess = {
  passes: [
    { serial: 1, publicKey: 'lost long ago', enrolledAtMs: 0, addedBy: null, endedAtMs: 5 },
    { serial: 2, publicKey: 'lost key', enrolledAtMs: 0, addedBy: null, endedAtMs: null },
  ],
  seeds: [
    { handle: '11111111', serial: 2 },
    { handle: '22222222', serial: 3 },
  ],
  onlineCodes: [{ codeHash: 'online', serial: 2 }],
  codes: [drawn('code', { drawnBy: 2 }), drawn('younger', { expiresAtMs: nowMs + 9 })],
};

/** With an operator's code that is under way. */
const moving: AccountAccess = {
  ...access,
  codes: [...access.codes, drawn('move', { kind: 'MOVE', expiresAtMs: nowMs + 9 })],
};

const facts: RecoveryFacts = { ...factsOfCode, access };
/** The code was used by this key, which has asked so often and asks again. */
function heardNothing(openIssues: number): Partial<RecoveryFacts> {
  const passes = [
    ...access.passes,
    { serial: 3, publicKey, enrolledAtMs: 0, addedBy: null, endedAtMs: null },
  ];
  const code = { ...stored, endedAtMs: 9, usedSerial: 3 };
  return { code, isKeyTaken: true, openIssues, access: { ...access, passes } };
}

const kindsOf = (changes: readonly { kind: string }[]) => changes.map(({ kind }) => kind);

describe('a recovery', () => {
  test('gives the account to the new key and ends all that the old one had', () => {
    const { changes, result } = decideRecovery(facts, request);
    expect(result).toEqual({ kind: 'recovered', hasNextCode: true });
    expect(kindsOf(changes)).toEqual([
      'addPass',
      'addPassIssue',
      'confirmRecoveryCode',
      'endPass',
      'deny',
      'endSessions',
      'endSeed',
      'setOnlineCodeState',
      'requestPublish',
      'endRecoveryCode',
      'addRecoveryCode',
      'judgeAgain',
    ]);
    expect(changes[9]).toMatchObject({ codeHash: 'younger', usedSerial: null });
    expect(changes[2]).toMatchObject({ codeHash: 'code', usedSerial: 3 });
    expect(changes[3]).toMatchObject({ serial: 2, why: 'MOVED' });
    expect(changes[4]).toMatchObject({ cause: 'RIDER' });
    expect(changes[5]).toMatchObject({ serial: 2 });
    expect(changes[6]).toMatchObject({ handle: '11111111' });
  });

  test.each<[string, Partial<RecoveryFacts>, string]>([
    ['no such code', { code: null }, 'refused'],
    ['a code that was used', { code: { ...stored, endedAtMs: 9, usedSerial: 2 } }, 'refused'],
    ['a code that was replaced', { code: { ...stored, endedAtMs: 9 } }, 'refused'],
    ['a move that is over', { code: { ...stored, kind: 'MOVE', expiresAtMs: nowMs } }, 'refused'],
    ['a key that is enrolled', { isKeyTaken: true }, 'keyTaken'],
    ['a phone that came in between', { access: { ...access, passes: [] } }, 'changed'],
    ['rides beyond what may be out', heardNothing(issuesMax), 'changed'],
  ])('%s changes nothing', (_what, change, kind) => {
    expect(decideRecovery({ ...facts, ...change }, request)).toEqual({
      changes: [],
      result: { kind },
    });
  });

  test('has its rides however many passes the lost phone took', () => {
    const full = { ...facts, openIssues: issuesMax };
    expect(planRecovery(full, { publicKey, nowMs, issuesMax })).toMatchObject({ hasRides: true });
    const again = { ...facts, openPhones: issuesMax };
    expect(planRecovery(again, { publicKey, nowMs, issuesMax })).toMatchObject({ hasRides: false });
  });

  test('without rides is possible however many passes are out', () => {
    const full = { ...facts, ...heardNothing(issuesMax) };
    expect(planRecovery(full, { publicKey, nowMs, issuesMax })).toMatchObject({ hasRides: false });
    expect(decideRecovery(full, { ...request, hasRides: false }).result.kind).toBe('recovered');
  });

  test('that was not heard is asked for again by the same key, and by no other', () => {
    const passes = [...access.passes.map((one) => ({ ...one, endedAtMs: 9 })), openPass(3)];
    const used = { ...stored, endedAtMs: 9, usedSerial: 3 };
    const later: RecoveryFacts = {
      code: used,
      isKeyTaken: true,
      openIssues: 2,
      openPhones: 3,
      access: { ...access, passes, codes: [unconfirmed('next', 1)] },
    };
    const again = decideRecovery(later, {
      ...request,
      next: { codeHash: 'third', quickHash: null },
    });
    expect(again.result).toEqual({ kind: 'recovered', hasNextCode: true });
    expect(kindsOf(again.changes)).toEqual([
      'addPassIssue',
      'confirmRecoveryCode',
      'endRecoveryCode',
      'addRecoveryCode',
      'judgeAgain',
    ]);
    const other = { ...request, pass: { ...pass, publicKey: 'thief' } };
    expect(decideRecovery(later, other).result).toEqual({ kind: 'refused' });
    const moved = {
      ...later,
      access: { ...later.access, passes: [{ ...openPass(3), endedAtMs: 9 }] },
    };
    expect(decideRecovery(moved, request).result).toEqual({ kind: 'refused' });
  });

  function openPass(serial: number) {
    return { serial, publicKey, enrolledAtMs: 0, addedBy: null, endedAtMs: null };
  }

  test('of a second phone leaves the first one and its code alone', () => {
    const code: StoredRecoveryCode = { ...stored, kind: 'PHONE', expiresAtMs: nowMs + 1 };
    const { changes, result } = decideRecovery({ ...facts, code }, request);
    expect(result).toEqual({ kind: 'recovered', hasNextCode: false });
    expect(kindsOf(changes)).toEqual(['addPass', 'addPassIssue', 'endRecoveryCode', 'judgeAgain']);
  });
});

describe('a block', () => {
  test('ends every phone and keeps the code, so that the account can still be moved', () => {
    const { changes, result } = decidePhoneBlock(facts, {
      codeHash: 'code',
      meant: account,
      issuer,
      nowMs,
    });
    expect(result).toEqual({ account, phones: 1 });
    expect(kindsOf(changes)).toEqual([
      'endPass',
      'deny',
      'endSessions',
      'endSeed',
      'setOnlineCodeState',
      'requestPublish',
      'endRecoveryCode',
    ]);
    expect(changes[0]).toMatchObject({ why: 'BLOCKED' });
    expect(changes.at(-1)).toMatchObject({ codeHash: 'younger' });
  });

  test("does not end an operator's move: a thief may have the paper", () => {
    const waiting = { ...facts, access: moving };
    const asked = { codeHash: 'code', meant: null, issuer, nowMs };
    const ended = [
      decidePhoneBlock(waiting, asked).changes,
      decideRecovery(waiting, request).changes,
    ].map((changes) => changes.filter(({ kind }) => kind === 'endRecoveryCode'));
    for (const codes of ended) expect(codes).toMatchObject([{ codeHash: 'younger' }]);
    const used = { ...request, codeHash: 'move' };
    const code = { ...stored, kind: 'MOVE', expiresAtMs: nowMs + 9 } as const;
    const { changes } = decideRecovery({ ...waiting, code }, used);
    expect(changes.filter(({ kind }) => kind === 'endRecoveryCode')).toMatchObject([
      { codeHash: 'move', usedSerial: 3 },
      { codeHash: 'code' },
      { codeHash: 'younger' },
    ]);
  });

  test('takes a recovery code that is good', () => {
    for (const change of [{ kind: 'MOVE' }, { kind: 'PHONE' }, { endedAtMs: 3 }] as const) {
      const code = { ...stored, ...change };
      expect(
        decidePhoneBlock({ ...facts, code }, { codeHash: 'code', meant: null, issuer, nowMs }),
      ).toEqual({
        changes: [],
        result: 'refused',
      });
    }
  });

  test('for one account is not of another', () => {
    const meant = 'f'.repeat(16);
    expect(decidePhoneBlock(facts, { codeHash: 'code', meant, issuer, nowMs })).toEqual({
      changes: [],
      result: 'otherAccount',
    });
  });

  test('of one phone is of that phone', () => {
    const two = {
      ...access,
      passes: [
        ...access.passes,
        { serial: 3, publicKey, enrolledAtMs: 0, addedBy: null, endedAtMs: null },
      ],
    };
    const { changes, result } = decidePassBlock(two, { account, serial: 3, by: 2, issuer, nowMs });
    expect(result).toBe(true);
    expect(changes[0]).toMatchObject({ kind: 'endPass', serial: 3 });
    expect(kindsOf(changes).filter((kind) => kind === 'endPass')).toHaveLength(1);
    expect(changes).toContainEqual({ kind: 'endSeed', handle: '22222222', atMs: nowMs });
    expect(decidePassBlock(two, { account, serial: 1, by: 2, issuer, nowMs }).result).toBe(false);
  });
});

function unconfirmed(codeHash: string, madeAtMs: number) {
  return drawn(codeHash, { madeAtMs, expiresAtMs: nowMs + 1 });
}

describe('a recovery code', () => {
  const [paper] = access.codes;
  if (paper === undefined) throw new Error('one is on paper');
  const code = {
    codeHash: 'fresh',
    quickHash: null,
    account,
    kind: 'RECOVERY',
    drawnBy: 2,
    madeAtMs: nowMs,
  } as const;

  test('ends none that may be on paper; only the newest unconfirmed ones stay', () => {
    const fresh = { ...code, expiresAtMs: nowMs + 9 };
    expect(kindsOf(decideNewCode({ ...access, isDenied: false }, fresh).changes)).toEqual([
      'addRecoveryCode',
    ]);
    const codes = [unconfirmed('b', 2), paper, unconfirmed('a', 1), unconfirmed('c', 3)];
    expect(decideNewCode({ passes: [], codes, isDenied: false }, fresh).changes).toEqual([
      { kind: 'endRecoveryCode', codeHash: 'a', usedSerial: null, atMs: nowMs },
      { kind: 'addRecoveryCode', code: fresh },
    ]);
  });

  test('that is confirmed is the only one but for the one before it, in its grace', () => {
    const kept = moving.codes.filter(({ codeHash }) => codeHash !== 'younger');
    const codes = [...kept, unconfirmed('a', 2), unconfirmed('b', 3)];
    const { changes, result } = decideCodeConfirmation({ codes }, { codeHash: 'a', nowMs });
    expect(result).toBe(true);
    expect(changes).toEqual([
      { kind: 'endRecoveryCode', codeHash: 'b', usedSerial: null, atMs: nowMs },
      {
        kind: 'replaceRecoveryCode',
        codeHash: 'code',
        atMs: nowMs,
        expiresAtMs: nowMs + GRACE_MS,
      },
      { kind: 'confirmRecoveryCode', codeHash: 'a', usedSerial: null },
    ]);
  });

  test.each([
    ['unknown', 'x', nowMs],
    ['of another kind', 'move', 1],
    ['too old', 'a', nowMs + 1],
  ])('that is %s confirms nothing', (_what, codeHash, atMs) => {
    const codes = [...moving.codes, unconfirmed('a', 2)];
    expect(decideCodeConfirmation({ codes }, { codeHash, nowMs: atMs })).toEqual({
      changes: [],
      result: false,
    });
  });
});

test('a new code takes the place of the one before it, of its own kind only', () => {
  const code = {
    codeHash: 'fresh',
    quickHash: null,
    account,
    kind: 'MOVE',
    drawnBy: null,
    madeAtMs: nowMs,
    expiresAtMs: 9,
  } as const;
  expect(decideNewCode({ ...moving, isDenied: false }, code).changes).toEqual([
    { kind: 'endRecoveryCode', codeHash: 'move', usedSerial: null, atMs: nowMs },
    { kind: 'addRecoveryCode', code },
  ]);
});
