/** When a ride was by a gate that did not know the time, and which codes cannot have been good at any such instant. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckedCode, CheckedTap } from './check-record.ts';
import {
  anchorsAfter,
  type ClockAnchor,
  lastAnchor,
  type RideTimeFacts,
  rideTimeOf,
} from './ride-time.ts';

const NOW_S = 1_772_438_400;
const DAY_S = 86_400;
const CODE: CheckedCode = {
  issuer: 1,
  account: 'a',
  serial: 1,
  counter: 7,
  keyId: 1,
  deviceKey: '',
  issuedAtS: NOW_S - DAY_S,
  lifetimeMin: 3 * 24 * 60,
  codeLifetimeS: 60,
  generatedAtS: NOW_S,
  ceilingCents: 3_500,
};
const BOOT = { boot: 'b', monoMs: 90_000 };
const TAP: CheckedTap = {
  kind: 'tap',
  atMs: 5_000,
  clock: 'UNKNOWN',
  ...BOOT,
  line: 'M1',
  trust: 1,
  deny: 0,
  tariff: 0,
  verdict: 'open',
  problem: null,
  code: CODE,
};
const FACTS: RideTimeFacts = {
  before: null,
  after: null,
  listS: null,
  limits: { codeLifetimeSMax: 3_600, skewS: 20 },
  receivedAtMs: (NOW_S + DAY_S) * 1000,
};
const anchorAt = (afterS: number, boot = 'another'): ClockAnchor => ({
  atMs: (NOW_S + afterS) * 1000,
  boot,
  monoMs: 30_000,
});

type Case = {
  tap?: Partial<CheckedTap>;
  code?: Partial<CheckedCode>;
  facts?: Partial<RideTimeFacts>;
};

function rideTime({ tap, code, facts }: Case) {
  const { atMs, source, isStale } = rideTimeOf(
    { tap: { ...TAP, ...tap } as CheckedTap, code: { ...CODE, ...code } },
    { ...FACTS, ...facts },
  );
  return `${source} ${atMs / 1000 - NOW_S}${isStale ? ' stale' : ''}`;
}

test.each<[string, Case, string]>([
  ['a clock that is known', { tap: { clock: 'TRUSTED', atMs: (NOW_S + 7) * 1000 } }, 'GATE 7'],
  ['one that was kept', { tap: { clock: 'HOLDOVER', atMs: (NOW_S + 99) * 1000 } }, 'GATE 99 stale'],
  ['nothing but the code', {}, 'CODE 0'],
  ['a record of the same boot', { facts: { before: anchorAt(-50, 'b') } }, 'BOOT 10'],
  [
    'the same boot, and an old code',
    { facts: { before: anchorAt(3 * DAY_S, 'b') } },
    `BOOT ${3 * DAY_S + 60} stale`,
  ],
  [
    'the same boot, and a code of a later time: only its phone can have made it',
    { facts: { before: anchorAt(-3600, 'b') } },
    'BOOT -3540',
  ],
  ['a record of a boot before', { facts: { before: anchorAt(-50) } }, 'CODE 0'],
  ['a record within the life of the code', { facts: { before: anchorAt(30) } }, 'BOUND 30'],
  ['a record behind the life of the code', { facts: { before: anchorAt(62) } }, 'BOUND 62 stale'],
  [
    'a record that comes later in the same boot',
    { tap: { monoMs: 20_000 }, facts: { after: anchorAt(70, 'b') } },
    'BOOT 60',
  ],
  [
    'a later record of the same boot, and a code that was too old by then',
    { tap: { monoMs: 20_000 }, facts: { after: anchorAt(DAY_S, 'b') } },
    `BOOT ${DAY_S - 10} stale`,
  ],
  [
    'records of the same boot before and after',
    { facts: { before: anchorAt(-50, 'b'), after: anchorAt(99, 'b') } },
    'BOOT 10',
  ],
  ['a record of a later boot', { facts: { after: anchorAt(-10) } }, 'BOUND -10'],
  [
    'a later boot before which there was no such code',
    { facts: { after: anchorAt(-21) } },
    'BOUND -21',
  ],
  [
    'a clock that went back meanwhile: it bounds nothing',
    { facts: { before: anchorAt(-5), after: anchorAt(-30) } },
    'CODE 0',
  ],
  ['a list that is younger than the code', { facts: { listS: NOW_S + 40 } }, 'BOUND 40'],
  [
    'a code of three days before the list',
    { facts: { listS: NOW_S + 3 * DAY_S, receivedAtMs: (NOW_S + 4 * DAY_S) * 1000 } },
    `BOUND ${3 * DAY_S} stale`,
  ],
  ['a list dated behind the receipt', { facts: { listS: NOW_S + 30 * DAY_S } }, 'CODE 0'],
  ['a code from behind the receipt', { facts: { receivedAtMs: (NOW_S - 21) * 1000 } }, 'BOUND -21'],
  [
    'a phone that is ahead by the skew',
    { facts: { receivedAtMs: (NOW_S - 20) * 1000 } },
    'BOUND -20',
  ],
  ['a code made after the pass', { code: { lifetimeMin: 23 * 60 } }, 'BOUND -3600 stale'],
  ['a code made before the pass', { code: { issuedAtS: NOW_S + 100 } }, 'BOUND 80 stale'],
])('%s', (_name, of, expected) => {
  expect(rideTime(of)).toBe(expected);
});

test('whatever the gate says of a time that it does not know changes nothing', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: -500, max: 500 }), (atMs, afterS) => {
      const facts = { before: anchorAt(afterS) };
      expect(rideTime({ tap: { atMs }, facts })).toBe(rideTime({ facts }));
    }),
  );
});

const note = { kind: 'note', boot: 'b', monoMs: 5 } as const;
const KNOWN = [
  { seq: 1, content: { ...note, atMs: 1, clock: 'TRUSTED' } },
  { seq: 2, content: { ...note, atMs: 2, clock: 'HOLDOVER' } },
  { seq: 3, content: { ...note, atMs: 3, clock: 'UNKNOWN' } },
  { seq: 4, content: { kind: 'unreadable', detail: '' } },
] as const;

test('an anchor is the nearest record whose clock was known, whatever its kind', () => {
  expect(lastAnchor(KNOWN, null)).toEqual({ seq: 2, atMs: 2, boot: 'b', monoMs: 5 });
  const behind = { seq: 9, atMs: 9, boot: 'c', monoMs: 0 };
  expect(anchorsAfter(KNOWN, behind).map((one) => one?.seq)).toEqual([2, 9, 9, 9]);
  expect(anchorsAfter(KNOWN, null).map((one) => one?.seq)).toEqual([
    2,
    undefined,
    undefined,
    undefined,
  ]);
});
