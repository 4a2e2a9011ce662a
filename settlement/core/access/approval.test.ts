/** An operator moves an account: one code under way at a time, and with four eyes two named persons. */
import { describe, expect, test } from 'vitest';
import { APPROVAL_MS, decideApproval, decideMove, MOVE_CODE_MS } from './approval.ts';
import { ROOT } from './operators.ts';
import type { AccountAccess } from './recovery.ts';

const nowMs = 1_000_000;
const account = '00000000000000aa';
/** Another code is under way. */
const access: AccountAccess = {
  passes: [],
  seeds: [],
  onlineCodes: [],
  codes: [
    {
      codeHash: 'move',
      kind: 'MOVE',
      drawnBy: null,
      madeAtMs: 1,
      expiresAtMs: nowMs + 9,
      replacedAtMs: null,
      disownedAtMs: null,
    },
  ],
};

const kindsOf = (changes: readonly { kind: string }[]) => changes.map(({ kind }) => kind);

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
