/** What goes and what stays, row by row. */
import { sha256 } from '@stile/crypto/sign.ts';
import { expect, test } from 'vitest';
import { boundsOf, type CutFacts, decideCut, NOTHING_CUT } from './cuts.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 2, 2, 8);
const retention = { trustLists: 3, refusedPaymentDays: 10, denyHistoryDays: 20, recoveryDays: 40 };
const total = NOTHING_CUT;
const listSha256 = new Uint8Array(32);

function cut(facts: CutFacts) {
  const bounds = boundsOf(facts.kind, { retention, nowMs: NOW_MS });
  const { changes, result } = decideCut(facts, { bounds, sha256 });
  const note = changes.find((change) => change.kind === 'noteCut');
  const names = changes.flatMap((change) => ('version' in change ? [change.version] : []));
  return { changes, note, names, hasMore: result };
}

const payment = (id: number, days: number) => {
  const atMs = NOW_MS - days * DAY_MS;
  return { id, payee: 'merchant:m', key: `k${id}`, reason: 'CODE_REFUSED', atMs, rest: '[]' };
};

test('a payment goes when it is older than it may be, its key and reason are kept', () => {
  const rows = [payment(1, 11), payment(2, 10), payment(3, 9)];
  const { changes, note } = cut({ kind: 'refusedPayment', total, rows, lastId: 9 });
  const { rest: _rest, ...kept } = payment(1, 11);
  expect(changes[0]).toEqual({ kind: 'cutRefusedPayment', ...kept });
  expect(note).toMatchObject({ cut: 'refusedPayment', total: { rows: 1 } });
  expect(changes).toHaveLength(2);
});

test('the payment with the last number stays', () => {
  const rows = [payment(4, 11)];
  expect(cut({ kind: 'refusedPayment', total, rows, lastId: 4 }).changes).toEqual([]);
});

test('the trust list in force stays', () => {
  const rows = [1, 2, 3].map((version) => ({ version, listSha256 }));
  expect(cut({ kind: 'trustList', total, rows, inForce: 3 }).names).toEqual([1, 2]);
});

test('a version of the deny list goes when it is old and older than the published one', () => {
  const version = (number: number, days: number) => ({
    version: number,
    count: 0,
    setDigest: '',
    madeAtMs: NOW_MS - days * DAY_MS,
  });
  const rows = [version(1, 30), version(2, 20), version(3, 21), version(4, 21)];
  expect(cut({ kind: 'denyVersion', total, rows, published: 3 }).names).toEqual([1]);
  expect(cut({ kind: 'denyVersion', total, rows, published: 0 }).names).toEqual([]);
});

test('an entry goes when no version is left that it was on', () => {
  const entry = (removedIn: number) => ({ id: '00', addedIn: 1, removedIn });
  const rows = [entry(3), entry(4)];
  const { changes } = cut({ kind: 'denyEntry', total, rows, oldestVersion: 3 });
  expect(changes).toHaveLength(2);
  expect(cut({ kind: 'denyEntry', total, rows, oldestVersion: 0 }).changes).toEqual([]);
});

test('a lifted denial goes when it is old, but not the last one', () => {
  const denial = (number: number, days: number) => ({
    number,
    id: '00',
    cause: 'DEBT',
    note: '',
    sinceMs: 0,
    liftedAtMs: NOW_MS - days * DAY_MS,
  });
  const rows = [denial(1, 21), denial(2, 20), denial(3, 21)];
  const { changes } = cut({ kind: 'denial', total, rows, lastNumbers: new Set([3]) });
  expect(changes.map((change) => 'number' in change && change.number)).toEqual([1, false]);
});

test('a recovery code and an approval go when they have been over for long, the last approval stays', () => {
  const endOf = (days: number) => NOW_MS - days * DAY_MS;
  const code = (codeHash: string, days: number) => {
    const times = { madeAtMs: 0, endedAtMs: endOf(days) };
    return { codeHash, account: 'a', kind: 'MOVE', ...times, usedSerial: null };
  };
  const codes = [code('x', 41), code('y', 40)];
  expect(cut({ kind: 'recoveryCode', total, rows: codes }).changes).toMatchObject([
    { kind: 'cutRecoveryCode', codeHash: 'x' },
    { kind: 'noteCut' },
  ]);
  const approval = (id: number, days: number) => {
    const ends = { askedAtMs: 0, endsAtMs: endOf(days), approvedBy: null, usedAtMs: null };
    return { id, account: 'a', note: '', by: 'Vera', ...ends };
  };
  const approvals = [approval(1, 41), approval(2, 41), approval(3, 40)];
  expect(cut({ kind: 'approval', total, rows: approvals, lastId: 2 }).changes).toMatchObject([
    { kind: 'cutApproval', id: 1 },
    { kind: 'noteCut' },
  ]);
});

test('what was cut is counted and chained, whatever the pieces', () => {
  const [a, b, c] = [payment(1, 30), payment(2, 20), payment(3, 15)] as const;
  const facts = (rows: (typeof a)[], before = total) =>
    ({ kind: 'refusedPayment', total: before, rows, lastId: 9 }) as const;
  const totalOf = (facts: CutFacts) => {
    const { note } = cut(facts);
    if (note?.kind !== 'noteCut') throw new Error('nothing was cut');
    return note.total;
  };
  const inOne = totalOf(facts([a, b, c]));
  expect(totalOf(facts([c], totalOf(facts([a, b]))))).toEqual(inOne);
  expect(inOne.rows).toBe(3);
  expect(totalOf(facts([a, c, b])).link).not.toEqual(inOne.link);
  expect(totalOf(facts([a, b, { ...c, rest: '[1]' }])).link).not.toEqual(inOne.link);
});
