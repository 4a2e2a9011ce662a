/** Which key signs, when the next one takes over, and what a revocation leaves. */
import { describe, expect, test } from 'vitest';
import {
  decideIssuerKey,
  decideKeyRevocation,
  decideKeyTurn,
  findSigningKey,
  planIssuerKey,
  rotationDue,
  rotationLeadS,
} from './issuer-keys.ts';
import type { StoredIssuerKey } from './list-changes.ts';

const NOW_S = 1_000_000;
const DAY_S = 86_400;
const NOW = { issuer: 1, nowMs: NOW_S * 1000 };

function key(keyId: number, changes: Partial<StoredIssuerKey> = {}): StoredIssuerKey {
  return {
    issuer: 1,
    keyId,
    publicKey: '',
    notBeforeS: 0,
    notAfterS: NOW_S + 1000 * DAY_S,
    status: 'active',
    ceilingExponent: 0,
    signsFromS: 0,
    ...changes,
  };
}

const LATER = { signsFromS: NOW_S + 1 };
const ENDED = { notAfterS: NOW_S };

describe('the key that signs', () => {
  test.each<[string, StoredIssuerKey[], number | undefined]>([
    ['is the only one', [key(1)], 1],
    ['is the latest of those that sign already', [key(1), key(2, { signsFromS: 5 })], 2],
    ['is not the announced one', [key(1), key(2, LATER)], 1],
    ['is the announced one when its instant comes', [key(1), key(2, { signsFromS: NOW_S })], 2],
    [
      'is no retired or revoked one',
      [key(1, { status: 'retired' }), key(2, { status: 'revoked' })],
      undefined,
    ],
    ['is none that has ended', [key(1, ENDED)], undefined],
    ["is none of another issuer's", [key(1, { issuer: 2 })], undefined],
  ])('%s', (_name, keys, keyId) => {
    expect(findSigningKey(keys, { issuer: 1, nowS: NOW_S })?.keyId).toBe(keyId);
  });
});

describe('a new key', () => {
  const plan = { issuer: 1, keyId: 4, publicKey: '', ceilingExponent: 0, lifetimeS: 9 * DAY_S };

  test('that is announced is published and retires nothing yet', () => {
    const added = planIssuerKey({ ...plan, nowS: NOW_S, announceS: DAY_S });
    expect(added).toMatchObject({ signsFromS: NOW_S + DAY_S, notBeforeS: NOW_S - DAY_S });
    const { changes } = decideIssuerKey([key(1)], { key: added, nowMs: NOW.nowMs });
    expect(changes.map(({ kind }) => kind)).toEqual(['addIssuerKey', 'requestPublish']);
  });

  test('that signs at once retires what signed for its issuer, and no other key', () => {
    const known = [
      key(1, { status: 'retired' }),
      key(2),
      key(3, { status: 'revoked' }),
      key(1, { issuer: 2 }),
    ];
    const added = planIssuerKey({ ...plan, nowS: NOW_S, announceS: 0 });
    expect(decideIssuerKey(known, { key: added, nowMs: NOW.nowMs }).changes).toEqual([
      { kind: 'addIssuerKey', key: added },
      { kind: 'requestPublish', atMs: NOW.nowMs },
      {
        kind: 'setIssuerKeyState',
        issuer: 1,
        keyId: 2,
        status: 'retired',
        signsFromS: 0,
      },
    ]);
  });

  test('retires the one before when its instant has come, once', () => {
    const keys = [key(1), key(2, { signsFromS: NOW_S })];
    expect(decideKeyTurn(keys, NOW)).toEqual({
      changes: [
        {
          kind: 'setIssuerKeyState',
          issuer: 1,
          keyId: 1,
          status: 'retired',
          signsFromS: 0,
        },
        { kind: 'requestPublish', atMs: NOW.nowMs },
      ],
      result: true,
    });
    expect(decideKeyTurn([key(1), key(2, LATER)], NOW)).toEqual({ changes: [], result: false });
  });
});

describe('a revocation', () => {
  const ids = (keys: StoredIssuerKey[], keyId: number) => {
    const { changes, result } = decideKeyRevocation(keys, { ...NOW, keyId });
    return [
      result,
      ...changes.map((change) =>
        'keyId' in change ? `${change.kind} ${change.keyId}` : change.kind,
      ),
    ];
  };
  test.each<[string, StoredIssuerKey[], number, string[]]>([
    [
      'of a retired key',
      [key(1, { status: 'retired' }), key(2)],
      1,
      ['revoked', 'setIssuerKeyState 1', 'requestPublish'],
    ],
    [
      'of an announced key',
      [key(1), key(2, LATER)],
      2,
      ['revoked', 'setIssuerKeyState 2', 'requestPublish'],
    ],
    [
      'of the one that signs makes the announced one sign at once',
      [key(1), key(2, LATER)],
      1,
      ['revoked', 'setIssuerKeyState 1', 'requestPublish', 'setIssuerKeyState 2'],
    ],
    [
      'of the one that signs needs a follower',
      [key(1), key(2, { status: 'retired' })],
      1,
      ['needsFollower'],
    ],
    [
      'of the one that signs needs a follower that gates believe at once',
      [key(1), key(2, { ...LATER, notBeforeS: NOW_S + 1 })],
      1,
      ['needsFollower'],
    ],
    ['again', [key(1, { status: 'revoked' }), key(2)], 1, ['already']],
    ['of a key that is not there', [key(1)], 9, ['unknown']],
  ])('%s', (_name, keys, keyId, expected) => {
    expect(ids(keys, keyId)).toEqual(expected);
  });
});

describe('rotation ahead of the end', () => {
  const terms = { lifetimeS: 730 * DAY_S, announceS: 7 * DAY_S, passLifetimeS: 7 * DAY_S };
  const endsIn = (days: number) => key(1, { notAfterS: NOW_S + days * DAY_S });
  const begins = (days: number) => key(2, { signsFromS: NOW_S + days * DAY_S });
  test.each<[string, StoredIssuerKey[], string]>([
    ['is not due early', [endsIn(45)], 'no'],
    ['is due while every pass and the announcement still fit', [endsIn(44)], 'announced'],
    ['is not due twice', [endsIn(44), key(2, LATER)], 'no'],
    ['is due if the next one begins long after the end', [endsIn(20), begins(21)], 'announced'],
    ['is not due if the next one begins at the end', [endsIn(20), begins(20)], 'no'],
    ['is not due if no new one would begin earlier', [endsIn(3), begins(7)], 'no'],
    ['is due if a new one would begin earlier', [endsIn(3), begins(8)], 'announced'],
    ['is due at once if the next one waits', [begins(700)], 'now'],
    ['is due at once when nothing may sign', [endsIn(0)], 'now'],
  ])('%s', (_name, keys, due) => {
    expect(rotationDue(keys, { issuer: 1, nowS: NOW_S, terms })).toBe(due);
  });

  test('of short-lived keys comes at half their life', () => {
    expect(rotationLeadS({ ...terms, lifetimeS: 100 })).toBe(50);
  });
});
