/** When old rows are taken away, and how many at a time. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { CUT_KINDS, type CutKind } from '../core/retention/cut-changes.ts';
import { createRetention } from './retention.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 8);
const retention = { trustLists: 9, refusedPaymentDays: 9, denyHistoryDays: 9, recoveryDays: 9 };

function open({ pieces = 0, isDoubted = false } = {}) {
  const clock = createMovedClock({ wallMs: NOW_MS, monoMs: 0 });
  const cut: [CutKind, number][] = [];
  let left = pieces;
  const atS = NOW_MS / 1000 - 7;
  const turn = createRetention({
    store: {
      cutOnce: async (kind, { nowMs }) => {
        cut.push([kind, nowMs]);
        if (kind !== 'trustList') return false;
        left -= 1;
        return left > 0;
      },
    },
    retention,
    signedClock: {
      judge: () => ({ atS, doubt: isDoubted ? { wallS: atS + 7, expectedS: atS } : null }),
    },
    clock,
    log: pino({ level: 'silent' }),
  });
  const count = (kind: CutKind) => cut.filter(([one]) => one === kind).length;
  return { turn, cut, clock, count };
}

test('it goes by the time that is signed, and looks once a minute', async () => {
  const { turn, cut, clock } = open();
  await turn();
  expect(cut).toEqual(CUT_KINDS.map((kind) => [kind, NOW_MS - 7_000]));
  clock.advance(59_999);
  await turn();
  expect(cut).toHaveLength(CUT_KINDS.length);
  clock.advance(1);
  await turn();
  expect(cut).toHaveLength(2 * CUT_KINDS.length);
});

test('a clock that is in doubt takes nothing away', async () => {
  const { turn, cut } = open({ pieces: 3, isDoubted: true });
  await turn();
  expect(cut).toEqual([]);
});

test('a large backlog is taken in pieces, the next sweep goes on with it at once', async () => {
  const { turn, count } = open({ pieces: 25 });
  await turn();
  expect(count('trustList')).toBe(20);
  expect(count('denial')).toBe(1);
  await turn();
  expect(count('trustList')).toBe(25);
  await turn();
  expect(count('trustList')).toBe(25);
});
