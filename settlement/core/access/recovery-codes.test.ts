/** A stolen phone and the codes that it drew: what ends with it, and what a newer code cannot end. */
import { describe, expect, test } from 'vitest';
import {
  type AccountAccess,
  decidePassBlock,
  decidePhoneBlock,
  decideRecovery,
  planRecovery,
} from './recovery.ts';
import {
  type AccountCode,
  decideCodeConfirmation,
  decideNewCode,
  GRACE_MS,
} from './recovery-codes.ts';

const account = '00000000000000aa';
const issuer = 1;
const stored = { account, endedAtMs: null, usedSerial: null };

function drawn(codeHash: string, rest: Partial<AccountCode> = {}): AccountCode {
  const code = { kind: 'RECOVERY', drawnBy: null, madeAtMs: 1, expiresAtMs: null } as const;
  return { codeHash, ...code, replacedAtMs: null, disownedAtMs: null, ...rest };
}

describe('a stolen phone', () => {
  const hashes = (changes: readonly object[], kind: string) =>
    changes.flatMap((change) =>
      'codeHash' in change && 'kind' in change && change.kind === kind ? [change.codeHash] : [],
    );
  const passes = [2, 3].map((serial) => {
    const enrolledAtMs = serial === 2 ? 0 : 50;
    return { serial, publicKey: `${serial}`, enrolledAtMs, addedBy: null, endedAtMs: null };
  });
  const late = 2 * GRACE_MS;
  const paper = drawn('paper', { drawnBy: 2, madeAtMs: 10 });
  const inGrace = drawn('paper', { ...paper, expiresAtMs: late + 9, replacedAtMs: 20 });
  const fresh = drawn('fresh', { drawnBy: 2, madeAtMs: late - 3, expiresAtMs: late + 9 });
  const thiefs = [
    fresh,
    drawn('phone', { drawnBy: 2, kind: 'PHONE', madeAtMs: late - 3, expiresAtMs: late + 9 }),
  ];
  const confirmed = drawn('fresh', { drawnBy: 2, madeAtMs: late - 3 });
  const of = (codes: AccountCode[]) => ({ passes, seeds: [], onlineCodes: [], codes });
  const blockAll = (codes: AccountCode[], codeHash: string) => {
    const code = codes.find((one) => one.codeHash === codeHash);
    if (code === undefined) throw new Error('this code is there');
    const held = { ...stored, ...code };
    const request = { codeHash, meant: null, issuer, nowMs: late };
    return decidePhoneBlock({ code: held, access: of(codes) }, request).changes;
  };

  test('that is blocked with the paper has drawn nothing', () => {
    const changes = blockAll([paper, ...thiefs], 'paper');
    expect(hashes(changes, 'endRecoveryCode')).toEqual(['fresh', 'phone']);
    const again = blockAll([inGrace, confirmed], 'paper');
    expect(hashes(again, 'endRecoveryCode')).toEqual(['fresh']);
    expect(hashes(again, 'confirmRecoveryCode')).toEqual(['paper']);
  });

  test('does not end the paper: by no block, recovery or confirmation of a code that it drew', () => {
    expect(hashes(blockAll([paper, ...thiefs], 'fresh'), 'endRecoveryCode')).toEqual(['phone']);
    expect(hashes(blockAll([inGrace, confirmed], 'fresh'), 'endRecoveryCode')).toEqual([]);
    const code = { ...stored, ...fresh };
    const took = decideRecovery(
      { code, isKeyTaken: false, openIssues: 1, openPhones: 1, access: of([paper, ...thiefs]) },
      {
        codeHash: 'fresh',
        pass: { account, serial: 4, algorithm: 'Ed25519', publicKey: 'of the thief' },
        issue: { issuer, keyId: 1, issuedAtS: 1, expiresAtS: 2 },
        hasRides: true,
        issuesMax: 8,
        next: { codeHash: 'next', quickHash: null },
        nowMs: late,
      },
    );
    expect(took.result.kind).toBe('recovered');
    expect(hashes(took.changes, 'endRecoveryCode')).toEqual(['phone']);
    expect(took.changes).toContainEqual({
      kind: 'replaceRecoveryCode',
      codeHash: 'paper',
      atMs: late,
      expiresAtMs: late + GRACE_MS,
    });
    const second = [inGrace, confirmed, drawn('third', { expiresAtMs: late + 9 })];
    const said = decideCodeConfirmation({ codes: second }, { codeHash: 'third', nowMs: late });
    expect(hashes(said.changes, 'replaceRecoveryCode')).toEqual(['fresh']);
    expect(hashes(said.changes, 'endRecoveryCode')).toEqual([]);
  });

  test('fills no grace without end: the newest of many has none', () => {
    const many = [1, 2, 3, 4, 5].map((n) => drawn(`${n}`, { ...inGrace, codeHash: `${n}` }));
    const codes = [...many, confirmed, drawn('next', { expiresAtMs: late + 9 })];
    const said = decideCodeConfirmation({ codes }, { codeHash: 'next', nowMs: late });
    expect(hashes(said.changes, 'endRecoveryCode')).toEqual(['fresh']);
  });

  test("that another phone blocks leaves that phone's codes, and a paper older than it", () => {
    const own = drawn('own', { drawnBy: 3, madeAtMs: late - 3, expiresAtMs: late + 9 });
    const codes = [paper, ...thiefs, own];
    const block = (access: AccountAccess, atMs: number) =>
      decidePassBlock(access, { account, serial: 2, by: 3, issuer, nowMs: atMs }).changes;
    expect(hashes(block(of(codes), late), 'endRecoveryCode')).toEqual(['fresh', 'phone']);
    expect(hashes(block(of([inGrace, confirmed]), late), 'endRecoveryCode')).toEqual(['fresh']);
    expect(hashes(block(of([paper]), 60), 'endRecoveryCode')).toEqual([]);
    const recent = [drawn('recent', { drawnBy: 2, madeAtMs: 55 })];
    expect(hashes(block(of(recent), 60), 'endRecoveryCode')).toEqual(['recent']);
    expect(hashes(block(of(recent), 56 + GRACE_MS), 'endRecoveryCode')).toEqual([]);
    expect(hashes(block(of([paper]), late), 'disownRecoveryCode')).toEqual([]);
    const old = [
      drawn('old', { expiresAtMs: late + 9 }),
      drawn('move', { kind: 'MOVE', expiresAtMs: late + 9 }),
    ];
    expect(hashes(block(of(old), late), 'endRecoveryCode')).toEqual(['old']);
  });

  test('has a code no more that it drew beside the phone that blocks it, however long ago', () => {
    const thief = drawn('thief', { drawnBy: 2, madeAtMs: 60 });
    const request = { account, serial: 2, by: 3, issuer, nowMs: late };
    const { changes } = decidePassBlock(of([paper, thief]), request);
    const expiresAtMs = late + GRACE_MS;
    const disowned = { codeHash: 'thief', atMs: late, replacedAtMs: late, expiresAtMs };
    expect(changes).toContainEqual({ kind: 'disownRecoveryCode', ...disowned });
    expect(hashes(changes, 'endRecoveryCode')).toEqual([]);
    // One that was replaced by another ends when it would have ended.
    const earlier = drawn('thief', { ...thief, replacedAtMs: late - 5, expiresAtMs: late + 9 });
    expect(decidePassBlock(of([earlier]), request).changes).toContainEqual({
      kind: 'disownRecoveryCode',
      codeHash: 'thief',
      atMs: late,
      replacedAtMs: late - 5,
      expiresAtMs: late + 9,
    });
    const once = drawn('thief', { ...earlier, disownedAtMs: late - 2 });
    expect(hashes(decidePassBlock(of([once]), request).changes, 'disownRecoveryCode')).toEqual([]);
  });

  test('and a code that was disowned: it takes nothing over, and blocks until it ends', () => {
    const doubted = drawn('thief', {
      drawnBy: 2,
      madeAtMs: 60,
      replacedAtMs: late - 1,
      expiresAtMs: late + 9,
      disownedAtMs: late - 1,
    });
    const own = drawn('own', { drawnBy: 3, madeAtMs: late - 1 });
    const facts = {
      code: { ...stored, ...doubted },
      isKeyTaken: false,
      openIssues: 0,
      openPhones: 0,
      access: of([doubted, own]),
    };
    const claim = { publicKey: 'k', nowMs: late, issuesMax: 8 };
    expect(planRecovery(facts, claim)).toBeUndefined();
    const blocked = blockAll([doubted, own], 'thief');
    expect(hashes(blocked, 'endRecoveryCode')).toEqual(['own']);
    expect(hashes(blocked, 'confirmRecoveryCode')).toEqual([]);
    expect(blocked.some(({ kind }) => kind === 'endPass')).toBe(true);
    // What its rider has written down since ends it no sooner, and is not ended by it.
    const fresh = drawn('fresh', { drawnBy: 3, expiresAtMs: late + 9 });
    const said = decideCodeConfirmation(
      { codes: [doubted, fresh] },
      { codeHash: 'fresh', nowMs: late },
    );
    expect(said.changes.map(({ kind }) => kind)).toEqual(['confirmRecoveryCode']);
  });

  test('that has ended meanwhile draws no code', () => {
    const ended = { passes: [{ serial: 2, endedAtMs: 5 }], codes: [], isDenied: false };
    const of = { codeHash: 'x', quickHash: null, account, drawnBy: 2, madeAtMs: 6 };
    const code = { ...of, kind: 'PHONE' } as const;
    expect(decideNewCode(ended, { ...code, expiresAtMs: 9 })).toEqual({
      changes: [],
      result: 'ended',
    });
    const denied = { passes: [{ serial: 2, endedAtMs: null }], codes: [], isDenied: true };
    expect(decideNewCode(denied, { ...code, expiresAtMs: 9 })).toEqual({
      changes: [],
      result: 'denied',
    });
  });
});
