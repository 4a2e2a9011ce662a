/** Phones of one account: which end with one that is blocked, how many there may be, and how many new ones. */
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
  decideRecovery,
  type RecoveryFacts,
} from './recovery.ts';
import type { StoredRecoveryCode } from './recovery-codes.ts';

const access: AccountAccess = { passes: [], seeds: [], onlineCodes: [], codes: [] };
const facts: RecoveryFacts = { ...factsOfCode, access };

describe('a phone that is blocked', () => {
  /** Each with the phone that let it join. */
  const withPhones = (...addedBy: (number | null)[]): AccountAccess => ({
    ...access,
    passes: addedBy.map((by, at) => ({
      serial: at + 1,
      publicKey: `${at + 1}`,
      enrolledAtMs: at,
      addedBy: by,
      endedAtMs: null,
    })),
  });
  const ended = (of: AccountAccess, { serial, by }: { serial: number; by: number }) =>
    decidePassBlock(of, { account, serial, by, issuer, nowMs }).changes.flatMap((change) =>
      change.kind === 'endPass' ? [change.serial] : [],
    );

  test.each<[string, (number | null)[], { serial: number; by: number }, number[]]>([
    ['alone', [null, null], { serial: 1, by: 2 }, [1]],
    ['not the one that blocks, which it let join', [null, 1], { serial: 1, by: 2 }, [1]],
    ['with the younger one that it let join', [null, 1, 1], { serial: 1, by: 2 }, [1, 3]],
    ['with whom that one let join', [null, 1, 1, 3], { serial: 1, by: 2 }, [1, 3, 4]],
    ["not the blocking one's own", [null, 1, 2, 1], { serial: 1, by: 2 }, [1, 4]],
    ['by a younger one: what is older stays', [null, 1, 1], { serial: 1, by: 3 }, [1]],
    ['by the one that it came from', [null, 1, 2], { serial: 2, by: 1 }, [2, 3]],
  ])('ends %s', (_name, addedBy, block, serials) => {
    expect(ended(withPhones(...addedBy), block)).toEqual(serials);
  });

  test('takes the codes along that such a one drew', () => {
    const of = { ...withPhones(null, 1, 1), codes: [drawn('x', { drawnBy: 3, expiresAtMs: 9 })] };
    const { changes } = decidePassBlock(of, { account, serial: 1, by: 2, issuer, nowMs });
    expect(changes).toContainEqual({
      kind: 'endRecoveryCode',
      codeHash: 'x',
      usedSerial: null,
      atMs: nowMs,
    });
  });
});

describe('phones of an account', () => {
  const DAY_MS = 86_400_000;
  const many = (count: number, rest: { enrolledAtMs: number; endedAtMs: number | null }) =>
    Array.from({ length: count }, (_, at) => ({
      serial: at + 1,
      publicKey: `${at + 1}`,
      addedBy: null,
      ...rest,
    }));
  const recover = (
    passes: AccountAccess['passes'],
    { code, atMs = 2 * DAY_MS }: { code: Partial<StoredRecoveryCode>; atMs?: number },
  ) => {
    const of = { ...access, passes, codes: [drawn('older'), drawn('code', { madeAtMs: 5 })] };
    return decideRecovery(
      { ...facts, code: { ...stored, ...code }, access: of },
      { ...request, pass: { ...pass, serial: passes.length + 1 }, nowMs: atMs },
    ).result.kind;
  };
  const never = { expiresAtMs: 9 * DAY_MS };

  test('are eight at a time, until one is blocked', () => {
    const phone = { kind: 'PHONE', ...never } as const;
    const old = { enrolledAtMs: 0, endedAtMs: null };
    expect(recover(many(7, old), { code: phone })).toBe('recovered');
    expect(recover(many(8, old), { code: phone })).toBe('phonesFull');
    const [first, ...others] = many(8, old);
    if (first === undefined) throw new Error('there are eight');
    expect(recover([{ ...first, endedAtMs: 1 }, ...others], { code: phone })).toBe('recovered');
    expect(recover(many(8, old), { code: never })).toBe('recovered');
  });

  test('are twenty new ones a day, but for an operator and for the oldest code in the drawer', () => {
    const today = { enrolledAtMs: 2 * DAY_MS - 5, endedAtMs: 2 * DAY_MS - 4 };
    expect(recover(many(19, today), { code: never })).toBe('recovered');
    expect(recover(many(20, today), { code: never })).toBe('phonesOften');
    expect(recover(many(20, today), { code: { kind: 'PHONE', ...never } })).toBe('phonesOften');
    expect(recover(many(20, today), { code: { kind: 'MOVE', ...never } })).toBe('recovered');
    const drawer = { replacedAtMs: 3, ...never };
    expect(recover(many(20, today), { code: drawer })).toBe('recovered');
    expect(recover(many(20, today), { code: { ...drawer, usedSerial: 4 } })).toBe('phonesOften');
    const later = 3 * DAY_MS - 5;
    expect(recover(many(20, today), { code: never, atMs: later })).toBe('recovered');
  });

  test('that ask for the same pass again and again come to an end', () => {
    const used = { ...stored, endedAtMs: 9, usedSerial: 3 };
    const mine = { serial: 3, publicKey, enrolledAtMs: 0, addedBy: null, endedAtMs: null };
    const again = (openIssues: number) => {
      const of = { ...facts, code: used, openIssues, access: { ...access, passes: [mine] } };
      return decideRecovery(of, { ...request, hasRides: false }).result.kind;
    };
    expect([0, issuesMax + 7, issuesMax + 8].map(again)).toEqual([
      'recovered',
      'recovered',
      'passesOpen',
    ]);
  });
});
