/** Seeds and online codes: which end when another is made, confirmed or revoked. */
import { describe, expect, test } from 'vitest';
import { ACCOUNT, HANDLE, NOW_MS, seedFacts } from '../../testing/facts.ts';
import {
  decideNewOnlineCode,
  decideNewSeed,
  decideSeedConfirmation,
  decideSeedRevocation,
  isLiveSeed,
} from './seed.ts';

const seed = {
  handle: HANDLE,
  account: ACCOUNT,
  serial: 1,
  keyId: 'k',
  sealed: new Uint8Array([1]),
  nowMs: NOW_MS,
  expiresAtMs: NOW_MS + 9,
};

describe('a new seed', () => {
  test('ends those that were never confirmed, and leaves the one in use', () => {
    const phoneSeeds = [
      { handle: 'in use', confirmedAtMs: 1 },
      { handle: 'lost on the way', confirmedAtMs: null },
    ];
    expect(decideNewSeed({ isHandleTaken: false, phoneSeeds }, seed)).toEqual({
      changes: [
        { kind: 'addSeed', seed },
        { kind: 'endSeed', handle: 'lost on the way', atMs: NOW_MS },
      ],
      result: true,
    });
  });

  test('under a handle that is taken is none', () => {
    const facts = { isHandleTaken: true, phoneSeeds: [] };
    expect(decideNewSeed(facts, seed)).toEqual({ changes: [], result: false });
  });
});

describe('a confirmation', () => {
  const confirmation = { account: ACCOUNT, serial: 1, handle: HANDLE, nowMs: NOW_MS };
  const confirm = (stored: ReturnType<typeof seedFacts> | null) =>
    decideSeedConfirmation({ seed: stored, phoneHandles: [HANDLE, 'before'] }, confirmation);

  test('ends the ones before it', () => {
    expect(confirm(seedFacts({ confirmedAtMs: null }))).toEqual({
      changes: [
        { kind: 'confirmSeed', handle: HANDLE, atMs: NOW_MS },
        { kind: 'endSeed', handle: 'before', atMs: NOW_MS },
      ],
      result: true,
    });
  });

  test('again changes nothing', () => {
    expect(confirm(seedFacts({ confirmedAtMs: 1 }))).toEqual({ changes: [], result: true });
  });

  test.each([
    ['no seed', null],
    ['one that has ended', seedFacts({ endedAtMs: 1 })],
    ['one that has expired', seedFacts({ expiresAtMs: NOW_MS - 1 })],
    ['one of another account', seedFacts({ account: 'b' })],
    ['one of another phone', seedFacts({ serial: 2 })],
  ])('of %s is none', (_name, stored) => {
    expect(confirm(stored)).toEqual({ changes: [], result: false });
  });
});

test('a seed lives to its last instant', () => {
  expect(isLiveSeed({ endedAtMs: null, expiresAtMs: 5 }, 5)).toBe(true);
  expect(isLiveSeed({ endedAtMs: null, expiresAtMs: 5 }, 6)).toBe(false);
});

test('a revocation ends all and counts them', () => {
  const { changes, result } = decideSeedRevocation(['1', '2'], { nowMs: NOW_MS });
  expect(changes).toHaveLength(2);
  expect(result).toBe(2);
});

test('a new online code ends the one before it', () => {
  const of = { account: ACCOUNT, serial: 1, boundCents: 7 };
  const code = { codeHash: 'h2', ...of, nowMs: NOW_MS, expiresAtMs: 9 };
  expect(decideNewOnlineCode(['h1'], code).changes).toEqual([
    { kind: 'setOnlineCodeState', codeHash: 'h1', state: 'ended' },
    {
      kind: 'addOnlineCode',
      codeHash: 'h2',
      account: ACCOUNT,
      serial: 1,
      expiresAtMs: 9,
      boundCents: 7,
    },
  ]);
});
