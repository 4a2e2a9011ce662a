/** Recovery, blocks and moves as facts and changes: who gets the account, what ends, and what stays. */
import { describe, expect, test } from 'vitest';
import { APPROVAL_MS, decideApproval, decideMove, MOVE_CODE_MS } from './approval.ts';
import { ROOT } from './operators.ts';
import {
  type AccountAccess,
  decidePassBlock,
  decidePhoneBlock,
  decideRecovery,
  planRecovery,
  type RecoveryFacts,
} from './recovery.ts';
import {
  type AccountCode,
  decideCodeConfirmation,
  decideNewCode,
  GRACE_MS,
  type StoredRecoveryCode,
} from './recovery-codes.ts';

const nowMs = 1_000_000;
const account = '00000000000000aa';
const issuer = 1;
const issuesMax = 8;
const publicKey = 'new key';

const stored: StoredRecoveryCode = {
  account,
  kind: 'RECOVERY',
  drawnBy: 2,
  madeAtMs: 1,
  expiresAtMs: null,
  replacedAtMs: null,
  disownedAtMs: null,
  endedAtMs: null,
  usedSerial: null,
};

function drawn(codeHash: string, rest: Partial<AccountCode> = {}): AccountCode {
  const code = { kind: 'RECOVERY', drawnBy: null, madeAtMs: 1, expiresAtMs: null } as const;
  return { codeHash, ...code, replacedAtMs: null, disownedAtMs: null, ...rest };
}

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
  codes: [drawn('code', { drawnBy: 2 }), drawn('move', { kind: 'MOVE', expiresAtMs: 9 })],
};

const facts: RecoveryFacts = {
  code: stored,
  isKeyTaken: false,
  openIssues: 0,
  openPhones: 1,
  access,
};
const pass = { account, serial: 3, algorithm: 'Ed25519', publicKey } as const;
const issue = { issuer, keyId: 1, issuedAtS: 1, expiresAtS: 2 };
const request = {
  codeHash: 'code',
  pass,
  issue,
  hasRides: true,
  issuesMax,
  next: { codeHash: 'next', quickHash: null },
  nowMs,
};
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
    expect(changes[9]).toMatchObject({ codeHash: 'move', usedSerial: null });
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
    expect(changes.at(-1)).toMatchObject({ codeHash: 'move' });
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
    const codes = [...access.codes, unconfirmed('a', 2), unconfirmed('b', 3)];
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
    const codes = [...access.codes, unconfirmed('a', 2)];
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
  expect(decideNewCode({ ...access, isDenied: false }, code).changes).toEqual([
    { kind: 'endRecoveryCode', codeHash: 'move', usedSerial: null, atMs: nowMs },
    { kind: 'addRecoveryCode', code },
  ]);
});

describe('a move by an operator', () => {
  const known = { isKnown: true, approval: null, nextApproval: 7, access };
  const move = {
    account,
    note: 'showed the card',
    by: 'Vera',
    fourEyes: true,
    codeHash: 'm',
    quickHash: null,
    nowMs,
  };
  const approval = {
    id: 7,
    account,
    note: move.note,
    by: 'Vera',
    askedAtMs: nowMs,
    endsAtMs: nowMs + APPROVAL_MS,
    approvedBy: null,
    usedAtMs: null,
  };

  test('with two eyes is a code at once', () => {
    const { changes, result } = decideMove(known, { ...move, by: ROOT, fourEyes: false });
    expect(result).toEqual({ kind: 'code', expiresAtMs: nowMs + MOVE_CODE_MS });
    expect(kindsOf(changes)).toEqual(['endRecoveryCode', 'addRecoveryCode']);
  });

  test('with four waits for another person, and is used once', () => {
    expect(decideMove(known, move)).toMatchObject({ result: { kind: 'waits', approval: 7 } });
    const waiting = { ...known, approval };
    expect(decideMove(waiting, move)).toEqual({
      changes: [],
      result: { kind: 'waits', approval: 7 },
    });
    const approved = { ...known, approval: { ...approval, approvedBy: 'Ben' } };
    expect(kindsOf(decideMove(approved, move).changes)[0]).toBe('useApproval');
    const used = { ...approved, approval: { ...approved.approval, usedAtMs: nowMs } };
    expect(decideMove(used, move).result).toMatchObject({ kind: 'waits' });
    const over = { ...approved, approval: { ...approved.approval, endsAtMs: nowMs } };
    expect(decideMove(over, move).result).toMatchObject({ kind: 'waits' });
  });

  test('of nobody is none', () => {
    expect(decideMove({ ...known, isKnown: false }, move).result).toEqual({ kind: 'unknown' });
    expect(decideMove(known, { ...move, by: ROOT }).result).toEqual({ kind: 'unnamed' });
  });

  test.each([
    ['Ben', approval, 'approved'],
    ['Vera', approval, 'samePerson'],
    [ROOT, approval, 'unnamed'],
    ['Ben', { ...approval, endsAtMs: nowMs }, 'over'],
    ['Ben', { ...approval, usedAtMs: nowMs, approvedBy: 'Ada' }, 'over'],
    ['Ben', { ...approval, endsAtMs: nowMs, approvedBy: 'Ben' }, 'over'],
    ['Ben', null, 'unknown'],
  ])('%s confirms it: case %#', (by, of, result) => {
    const decision = decideApproval(of, { by, nowMs });
    expect(decision.result).toBe(result);
    expect(decision.changes).toHaveLength(result === 'approved' ? 1 : 0);
  });

  test.each([null, nowMs])(
    'whoever confirmed it says so once more, used at %s or not',
    (usedAtMs) => {
      const confirmed = { ...approval, approvedBy: 'Ben', usedAtMs };
      const again = { changes: [], result: 'approved' };
      expect(decideApproval(confirmed, { by: 'Ben', nowMs })).toEqual(again);
    },
  );
});
