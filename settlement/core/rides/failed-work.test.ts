/** Work that fails: made smaller down to one record, set apart by its use, tried again for ever. */
import { describe, expect, test } from 'vitest';
import { decideFailure, decideRetry, isAlarming, pauseMs, widened } from './failed-work.ts';
import { pieceQuery } from './outbox.ts';
import type { Work } from './outbox-changes.ts';

const SETTLE: Work = {
  id: 7,
  kind: 'settle',
  cursor: 10,
  until: 40,
  subject: '',
  recordsMax: null,
  attempts: 0,
  failedSinceMs: null,
};
const failure = { error: new Error('no such thing'), nowMs: 1_000 };
const recordsOf = (...ids: number[]) => ids.map((id) => ({ id, use: `use ${id}` }));
const first = { attempts: 1, reason: 'no such thing', sinceMs: 1_000, dueAtMs: 6_000 };

describe('a piece that fails', () => {
  test.each([
    [50, 25],
    [3, 1],
    [2, 1],
  ])('of %i records is tried again with %i', (count, recordsMax) => {
    const records = recordsOf(...Array.from({ length: count }, (_, index) => index + 11));
    const { changes, result } = decideFailure({ work: SETTLE, records }, failure);
    expect(changes).toEqual([{ kind: 'narrowWork', id: 7, recordsMax }]);
    expect(result).toMatchObject({ kind: 'failed', work: 'settle', next: 'smaller' });
    expect(pieceQuery({ ...SETTLE, recordsMax }).limit).toBe(recordsMax);
  });

  test('of one record sets its use apart and goes on behind it', () => {
    const work = { ...SETTLE, recordsMax: 1 };
    const { changes, result } = decideFailure({ work, records: recordsOf(12) }, failure);
    expect(changes).toEqual([
      { kind: 'addFailedUse', use: 'use 12', record: 12, failure: first },
      { kind: 'moveWork', id: 7, cursor: 12, recordsMax: 2 },
    ]);
    expect(result).toMatchObject({ next: 'alone' });
  });

  test('of the last record ends its work', () => {
    const { changes } = decideFailure({ work: SETTLE, records: recordsOf(40) }, failure);
    expect(changes.map(({ kind }) => kind)).toEqual(['addFailedUse', 'finishWork']);
  });

  test.each(['use', 'join', 'reprice'] as const)('%s that fails as a whole waits', (kind) => {
    const work = { ...SETTLE, kind, attempts: 3, failedSinceMs: 400 };
    const records = kind === 'use' ? recordsOf(40) : [];
    const { changes, result } = decideFailure({ work, records }, failure);
    const again = { ...first, attempts: 4, sinceMs: 400, dueAtMs: 1_000 + pauseMs(4) };
    expect(changes).toEqual([{ kind: 'failWork', id: 7, failure: again }]);
    expect(result).toMatchObject({ next: 'later' });
  });
});

test('pauses grow to an hour and never end', () => {
  const pauses = [1, 2, 3, 10, 11, 1_000_000].map((attempts) => pauseMs(attempts) / 1_000);
  expect(pauses).toEqual([5, 10, 20, 2_560, 3_600, 3_600]);
});

test('after a success pieces grow again', () => {
  expect([null, 1, 12, 24, 25, 50].map((max) => widened(max))).toEqual([
    null,
    2,
    24,
    48,
    null,
    null,
  ]);
});

test('what has failed for a quarter of an hour is an alarm', () => {
  expect([isAlarming(1_000, 900_999), isAlarming(1_000, 901_000)]).toEqual([false, true]);
});

test('one or all of what failed is tried at once, nothing else', () => {
  expect(decideRetry([3, 5], null)).toEqual({
    changes: [
      { kind: 'hastenWork', id: 3 },
      { kind: 'hastenWork', id: 5 },
    ],
    result: 2,
  });
  expect(decideRetry([3, 5], 5).result).toBe(1);
  expect(decideRetry([3, 5], 4)).toEqual({ changes: [], result: 0 });
});
