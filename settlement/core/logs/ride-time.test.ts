/** When a ride was by a gate that did not know the time, and which codes cannot have been good at any such instant. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckedCode, CheckedTap } from './check-record.ts';
import { type ClockAnchor, lastAnchor, type RideTimeFacts, rideTimeOf } from './ride-time.ts';

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
  anchor: null,
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
  ['a record of the same boot', { facts: { anchor: anchorAt(-50, 'b') } }, 'BOOT 10'],
  [
    'the same boot, and an old code',
    { facts: { anchor: anchorAt(3 * DAY_S, 'b') } },
    `BOOT ${3 * DAY_S + 60} stale`,
  ],
  ['a record of a boot before', { facts: { anchor: anchorAt(-50) } }, 'CODE 0'],
  ['a record within the life of the code', { facts: { anchor: anchorAt(30) } }, 'BOUND 30'],
  ['a record behind the life of the code', { facts: { anchor: anchorAt(62) } }, 'BOUND 62 stale'],
  ['a list that is younger than the code', { facts: { listS: NOW_S + 40 } }, 'BOUND 40'],
  [
    'a code of three days before the list',
    { facts: { listS: NOW_S + 3 * DAY_S, receivedAtMs: (NOW_S + 4 * DAY_S) * 1000 } },
    `BOUND ${3 * DAY_S} stale`,
  ],
  ['a list dated behind the receipt', { facts: { listS: NOW_S + 30 * DAY_S } }, 'CODE 0'],
  [
    'a code from behind the receipt',
    { facts: { receivedAtMs: (NOW_S - 21) * 1000 } },
    'BOUND -21 stale',
  ],
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
      const facts = { anchor: anchorAt(afterS) };
      expect(rideTime({ tap: { atMs }, facts })).toBe(rideTime({ facts }));
    }),
  );
});

test('an anchor is the last record whose clock was known, whatever its kind', () => {
  const note = { kind: 'note', boot: 'b', monoMs: 5 } as const;
  const known = lastAnchor(
    [
      { ...note, atMs: 1, clock: 'TRUSTED' },
      { ...note, atMs: 2, clock: 'HOLDOVER' },
      { ...note, atMs: 3, clock: 'UNKNOWN' },
      { kind: 'unreadable', detail: '' },
    ],
    null,
  );
  expect(known).toEqual({ atMs: 2, boot: 'b', monoMs: 5 });
});
