/** Each ruling with its reason, and which of two reasons comes first. */
import { describe, expect, test } from 'vitest';
import type { CheckedTap, RecordContent } from './check-record.ts';
import { type RulingFacts, ruleRecords } from './rulings.ts';

const LIMITS_NOW = { codeLifetimeSMax: 60, skewS: 20 };
const NOW_S = 10_000;
const LOG = { gate: 'g1', epoch: 'e', before: null, after: null };
const USE = `1/a/1/7/${NOW_S}`;

const FACTS: RulingFacts = {
  limits: new Map(),
  listTimesS: new Map(),
  passes: new Map([1, 2, 3, 4].map((seq) => [seq, { deviceKey: 'd', isIssued: true }])),
  deniedAtGate: new Set(),
  revokedAtGate: new Set(),
  claims: new Map(),
  oldUses: new Map(),
  usesBySeq: new Map(),
  gateLines: [{ line: 'M1', fromMs: 0 }],
  lineFares: [{ line: 'M1', fareCents: 250, fromS: 0 }],
};

const CODE = {
  issuer: 1,
  account: 'a',
  serial: 1,
  counter: 7,
  keyId: 1,
  deviceKey: 'd',
  issuedAtS: NOW_S - 600,
  lifetimeMin: 60,
  codeLifetimeS: 100,
  generatedAtS: NOW_S,
  ceilingCents: 3_500,
};

const FORGED = 'rejected DEVICE_KEY_UNKNOWN null';
const UNISSUED = new Map([[1, { deviceKey: 'd', isIssued: false }]]);

type Changes = { tap?: Partial<CheckedTap>; code?: Partial<typeof CODE> };

function tap({ tap: changes, code }: Changes = {}): RecordContent {
  const place = { kind: 'tap', atMs: NOW_S * 1000, clock: 'TRUSTED', line: 'M1' } as const;
  const versions = { trust: 1, deny: 0, tariff: 1 };
  const opened = { verdict: 'open', problem: null, code: { ...CODE, ...code } } as const;
  return { ...place, ...versions, ...opened, ...changes } as RecordContent;
}

function rule(records: readonly RecordContent[], facts: Partial<RulingFacts> = {}) {
  const numbered = records.map((content, index) => ({ seq: index + 1, content }));
  const context = {
    facts: { ...FACTS, ...facts },
    limitsNow: LIMITS_NOW,
    nowMs: NOW_S * 1000 + 5_000,
  };
  return ruleRecords({ ...LOG, records: numbered }, context).map(
    ({ ruling, reason, use }) => `${ruling} ${reason} ${use}`,
  );
}

describe('one record', () => {
  const unknownFare = { lineFares: [] };
  const earlier = {
    gate: 'g0',
    epoch: 'e',
    seq: 5,
    atMs: NOW_S * 1000 - 1,
    isClockKnown: true,
    voided: false,
  };
  const used = { claims: new Map([[USE, [earlier]]]) };
  test.each<[string, RecordContent, Partial<RulingFacts>, string]>([
    ['a good tap', tap(), {}, `accepted null ${USE}`],
    ['a refused tap', tap({ tap: { verdict: 'refuse' } }), {}, 'accepted null null'],
    ['a note', { kind: 'note', atMs: 0 }, {}, 'accepted null null'],
    ['no record', { kind: 'unreadable', detail: '' }, {}, 'parked UNREADABLE null'],
    [
      'a forged code',
      tap({ tap: { problem: 'BAD_DEVICE_SIGNATURE' } as Partial<CheckedTap> }),
      {},
      'rejected BAD_DEVICE_SIGNATURE null',
    ],
    ['a denied pass', tap(), { deniedAtGate: new Set([1]) }, 'rejected DENIED_AT_GATE null'],
    ['an unknown pass', tap(), { passes: new Map() }, 'parked ACCOUNT_UNKNOWN null'],
    ["a pass of another phone's key", tap({ code: { deviceKey: 'e' } }), {}, FORGED],
    ['a pass that was never given out', tap(), { passes: UNISSUED }, 'parked PASS_NOT_ISSUED null'],
    [
      'a key that the gate knew to be revoked',
      tap(),
      { revokedAtGate: new Set([1]) },
      'rejected KEY_EXPIRED null',
    ],
    ['a used code', tap(), used, `rejected EXTRA_USE ${USE}`],
    ['an unknown fare', tap(), unknownFare, `parked FARE_UNKNOWN ${USE}`],
    ['another line', tap({ tap: { line: 'M2' } }), {}, `parked FARE_UNKNOWN ${USE}`],
    [
      'a used code of unknown fare',
      tap(),
      { ...used, ...unknownFare },
      `rejected EXTRA_USE ${USE}`,
    ],
    [
      'a stale code of a denied pass',
      tap({ code: { generatedAtS: 0 } }),
      { deniedAtGate: new Set([1]) },
      'rejected STALE_CODE null',
    ],
    [
      'a stale code of a pass that was never given out',
      tap({ code: { generatedAtS: 0 } }),
      { passes: UNISSUED },
      'rejected STALE_CODE null',
    ],
    ['a stale code', tap({ code: { generatedAtS: 0 } }), {}, 'rejected STALE_CODE 1/a/1/7/0'],
  ])('%s', (_name, content, facts, ruling) => {
    expect(rule([content], facts)).toEqual([ruling]);
  });
});

describe('the time of a code, both ends inside', () => {
  test.each<[string, Changes, boolean]>([
    ['in its last second', { code: { generatedAtS: NOW_S - 60 } }, false],
    ['a second after', { code: { generatedAtS: NOW_S - 61 } }, true],
    ['at the edge of the skew', { code: { generatedAtS: NOW_S + 20 } }, false],
    ['beyond the skew', { code: { generatedAtS: NOW_S + 21 } }, true],
    ['in the last second of the pass', { code: { issuedAtS: NOW_S - 3600 } }, false],
    ['after the pass', { code: { issuedAtS: NOW_S - 3601 } }, true],
    ['before the pass', { code: { issuedAtS: NOW_S + 21 } }, true],
    [
      'stale, by a clock that was not set',
      { tap: { clock: 'UNKNOWN' }, code: { generatedAtS: 0 } },
      true,
    ],
    [
      'stale, by a clock that was kept',
      { tap: { clock: 'HOLDOVER' }, code: { generatedAtS: 0 } },
      true,
    ],
  ])('%s', (_name, changes, isStale) => {
    expect(rule([tap(changes)])[0]?.includes('STALE_CODE')).toBe(isStale);
  });

  test('limits are those of the list that was in force at the gate', () => {
    const old = tap({ code: { generatedAtS: NOW_S - 90 } });
    const limits = new Map([[1, { codeLifetimeSMax: 120, skewS: 20 }]]);
    expect(rule([old])).toEqual([`rejected STALE_CODE 1/a/1/7/${NOW_S - 90}`]);
    expect(rule([old], { limits })).toEqual([`accepted null 1/a/1/7/${NOW_S - 90}`]);
  });
});

describe('several records', () => {
  test('a stale tap takes its code from no other', () => {
    const here = { tap: { atMs: (NOW_S - 100) * 1000 } };
    const rulings = rule([tap(here), tap()]);
    expect(rulings).toEqual([`rejected STALE_CODE ${USE}`, `accepted null ${USE}`]);
  });

  test('two codes under one counter are two rides: only a phone that was changed makes such', () => {
    const later = tap({ tap: { atMs: (NOW_S + 30) * 1000 }, code: { generatedAtS: NOW_S + 30 } });
    expect(rule([tap(), later])).toEqual([
      `accepted null ${USE}`,
      `accepted null 1/a/1/7/${NOW_S + 30}`,
    ]);
  });

  test('a gate that opened twice for one code charges once', () => {
    const later = tap({ tap: { atMs: NOW_S * 1000 + 1 } });
    expect(rule([tap(), later])).toEqual([`accepted null ${USE}`, `rejected EXTRA_USE ${USE}`]);
  });

  test('of two taps the earlier one counts, although it stands later in the log', () => {
    const early = tap({ tap: { atMs: NOW_S * 1000 - 1 } });
    expect(rule([tap(), early])).toEqual([`accepted null ${USE}`, `accepted null ${USE}`]);
  });

  test('a voided tap frees the code for the next one', () => {
    const void1: RecordContent = { kind: 'void', atMs: 0, of: 1 };
    const later = tap({ tap: { atMs: NOW_S * 1000 + 1 } });
    expect(rule([tap(), void1, later])).toEqual(Array(3).fill(`accepted null ${USE}`));
  });

  test('a void names the use of a tap that came in an earlier batch', () => {
    const facts = { usesBySeq: new Map([[9, USE]]) };
    expect(rule([{ kind: 'void', atMs: 0, of: 9 }], facts)).toEqual([`accepted null ${USE}`]);
    expect(rule([{ kind: 'void', atMs: 0, of: 8 }], facts)).toEqual(['accepted null null']);
  });

  const ASK: RecordContent = { kind: 'ask', atMs: 0, clock: 'TRUSTED', id: 'a5', line: 'M1' };
  const answer = (of: number): RecordContent => ({
    kind: 'answer',
    atMs: 0,
    clock: 'TRUSTED',
    of,
    verdict: 'open',
    gateReason: null,
  });

  test('an answer, and a void of it, name their ask', () => {
    const named = Array(3).fill('accepted null ask/g1/a5');
    expect(rule([ASK, answer(1), { kind: 'void', atMs: 0, of: 2 }])).toEqual(named);
    const facts = { usesBySeq: new Map([[9, 'ask/g1/a5']]) };
    expect(rule([answer(9), { kind: 'void', atMs: 0, of: 1 }], facts)).toEqual(named.slice(1));
  });

  test('an answer to anything but an ask is rejected', () => {
    const rejected = 'rejected ASK_UNKNOWN null';
    expect(rule([answer(9)])).toEqual([rejected]);
    expect(rule([tap(), answer(1)])).toEqual([`accepted null ${USE}`, rejected]);
    expect(rule([answer(9)], { usesBySeq: new Map([[9, USE]]) })).toEqual([rejected]);
  });
});
