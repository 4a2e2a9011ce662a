/** The synchroniser's core: what is sent and fetched, and when. */
import { BATCH_RECORDS_MAX } from '@stile/protocol/gate-log.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';
import { describe, expect, test } from 'vitest';
import {
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  backoffMs,
  type SyncEvent,
  type SyncState,
  syncStart,
  syncStep,
} from './sync.ts';

const PACE = { syncEveryMs: 5_000, listsEveryMs: 60_000 };
const EPOCH = '0011223344556677';
const T0 = 10_000;

function reply(ackSeq: number, versions: Partial<BatchReply> = {}): BatchReply {
  return {
    gate: 'g1',
    epoch: EPOCH,
    ackSeq,
    items: [],
    trustVersion: 3,
    denyVersion: 4,
    ...versions,
  };
}

/** When settlement signed, by its clock. */
const AT_S = 1_767_229_200;
const AT_THREE = { ackSeq: 2, ackedSeq: 0, lastSeq: 3 };
type Replied = { ackSeq: number; ackedSeq: number; lastSeq: number; versions?: object };

function replied({ ackSeq, ackedSeq, lastSeq, versions = {} }: Replied): SyncEvent {
  const isOwnHead = !/FORK|OTHER/.test(JSON.stringify(versions));
  const inForce = { isOwnHead, atS: AT_S, trust: 3, deny: 4, jitter: 0.5 };
  return { kind: 'replied', reply: reply(ackSeq, versions), ackedSeq, lastSeq, ...inForce };
}

/** Steps through (event, instant) pairs; what each step did and when it wants to wake. */
function run(...events: [SyncEvent, number][]) {
  let state: SyncState = syncStart({ monoMs: T0, pace: PACE });
  const steps = events.map(([event, atMs]) => {
    const result = syncStep(state, event, { monoMs: atMs, pace: PACE });
    state = result.state;
    return { effects: result.effects, wakeAtMs: result.wakeAtMs };
  });
  return { state, steps, last: steps.at(-1) };
}

const tick = (unconfirmed: number): SyncEvent => ({ kind: 'tick', unconfirmed });
const listsFetched: SyncEvent = { kind: 'listsFetched' };
const tapsFailed = (jitter: number, retryAfterMs: number | null = null): SyncEvent => ({
  kind: 'tapsFailed',
  jitter,
  retryAfterMs,
});
const listsFailed = (jitter: number, retryAfterMs: number | null = null): SyncEvent => ({
  kind: 'listsFailed',
  jitter,
  retryAfterMs,
});
const refused = (jitter: number, code = ''): SyncEvent => ({ kind: 'batchRefused', code, jitter });
const send = (records: number) => ({ do: 'sendBatch', records });

describe('a log that settlement has otherwise', () => {
  const items = (...reasons: ('FORK' | 'OTHER_BYTES' | 'GAP' | 'UNREADABLE')[]) => ({
    items: reasons.map((reason, index) => ({ seq: index + 1, ruling: 'parked', reason })),
  });
  test.each<[string, SyncEvent, string | null]>([
    [
      'other bytes',
      replied({ ...AT_THREE, versions: items('GAP', 'OTHER_BYTES') }),
      'OTHER_BYTES at 2',
    ],
    ['a fork', replied({ ...AT_THREE, versions: items('FORK') }), 'FORK at 1'],
    ['more than there is', replied({ ...AT_THREE, ackSeq: 4 }), 'it has 4 records of 3'],
    ['a key that did not open it', refused(0.5, 'EPOCH_OF_OTHER_KEY'), 'EPOCH_OF_OTHER_KEY'],
    ['a gap only', replied({ ...AT_THREE, versions: items('GAP', 'UNREADABLE') }), null],
    ['all there is', replied({ ...AT_THREE, ackSeq: 3 }), null],
  ])('%s', (_name, event, why) => {
    const { effects } = run([tick(3), T0], [listsFetched, T0], [event, T0]).last ?? {};
    const begins = effects?.filter((effect) => effect.do === 'beginEpoch');
    expect(begins).toEqual(why === null ? [] : [{ do: 'beginEpoch', why }]);
    // What such a reply says is confirmed is not.
    if (why !== null) expect(effects).toHaveLength(1);
  });

  test('the new epoch goes up at once, the next ones later and later', () => {
    const fork = replied({ ...AT_THREE, versions: items('FORK') });
    const { steps } = run(
      [tick(3), T0],
      [listsFetched, T0],
      [fork, T0],
      [tick(3), T0],
      [fork, T0],
      [tick(3), T0 + BACKOFF_MS_MIN],
      [fork, T0 + BACKOFF_MS_MIN],
    );
    const waits = steps.filter((_, index) => index % 2 === 0 && index > 0);
    expect(waits.map(({ wakeAtMs }) => wakeAtMs - T0)).toEqual([0, 1_000, 3_000]);
  });

  test('one that cannot begin now is tried again', () => {
    const fork = replied({ ...AT_THREE, versions: items('FORK') });
    const { last } = run(
      [tick(3), T0],
      [listsFetched, T0],
      [fork, T0],
      [{ kind: 'epochPostponed' }, T0],
    );
    expect(last?.wakeAtMs).toBe(T0 + BACKOFF_MS_MIN);
  });
});

describe('the ordinary course', () => {
  test('at start both tracks are due: records go up and lists are fetched', () => {
    const { last, state } = run([tick(3), T0]);
    expect(last?.effects).toEqual([send(BATCH_RECORDS_MAX), { do: 'fetchLists' }]);
    // Both wait for answers: nothing but an answer can bring the next step.
    expect(last?.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(state.online).toBe(false);
  });

  test('nothing is sent twice while an answer is awaited', () => {
    const { steps } = run([tick(3), T0], [tick(4), T0 + 1], [tick(5), T0 + 900_000]);
    expect(steps.slice(1).flatMap((step) => step.effects)).toEqual([]);
  });

  test('without records nothing is sent, and the next look is one pace later', () => {
    const { last } = run([tick(0), T0], [listsFetched, T0 + 1]);
    expect(last?.wakeAtMs).toBe(T0 + PACE.syncEveryMs);
  });

  test('a reply is acknowledged; what is left goes up at once, otherwise after a rest', () => {
    const more = run(
      [tick(900), T0],
      [listsFetched, T0],
      [replied({ ackSeq: 500, ackedSeq: 0, lastSeq: 900 }), T0 + 50],
    );
    expect(more.last?.effects).toEqual([
      { do: 'acknowledge', epoch: EPOCH, ackSeq: 500, atS: AT_S },
    ]);
    expect(more.last?.wakeAtMs).toBe(T0 + 50);
    expect(more.state.online).toBe(true);
    const done = run(
      [tick(3), T0],
      [listsFetched, T0],
      [replied({ ackSeq: 3, ackedSeq: 0, lastSeq: 3 }), T0 + 50],
    );
    expect(done.last?.wakeAtMs).toBe(T0 + 50 + PACE.syncEveryMs);
  });

  test('lists are fetched every pace of their own', () => {
    const { steps } = run(
      [tick(0), T0],
      [listsFetched, T0 + 10],
      [tick(0), T0 + PACE.listsEveryMs + 9],
      [tick(0), T0 + PACE.listsEveryMs + 10],
    );
    const fetches = steps.map(({ effects }) => effects.filter((one) => one.do === 'fetchLists'));
    expect(fetches.map(({ length }) => length)).toEqual([1, 0, 0, 1]);
  });

  test('a gate without records reports every pace of the lists, and learns what was lost', () => {
    const at = T0 + PACE.listsEveryMs;
    const { steps, state } = run(
      [tick(0), T0],
      [listsFetched, T0],
      [tick(0), at - PACE.syncEveryMs],
      [tick(0), at],
      [listsFetched, at],
      [tick(0), at + 1],
      // Settlement was restored: of nine confirmed records it has four.
      [replied({ ackSeq: 4, ackedSeq: 9, lastSeq: 9 }), at + 2],
      [tick(5), at + 2 + PACE.syncEveryMs],
    );
    expect(steps.map(({ effects }) => effects.map((effect) => effect.do))).toEqual([
      ['fetchLists'],
      [],
      [],
      ['sendReport', 'fetchLists'],
      [],
      [],
      ['acknowledge'],
      ['sendBatch'],
    ]);
    expect(state.reportDueAtMs).toBe(at + 2 + PACE.listsEveryMs);
  });

  test.each([
    ['a newer trust list', { trustVersion: 4 }, true],
    ['a newer deny list', { denyVersion: 5 }, true],
    ['the same lists', {}, false],
    ['older lists', { trustVersion: 2, denyVersion: 3 }, false],
  ])('a reply that names %s', (_name, versions, fetches) => {
    const { last } = run(
      [tick(1), T0],
      [listsFetched, T0],
      [replied({ ackSeq: 1, ackedSeq: 0, lastSeq: 1, versions }), T0 + 7],
      [tick(0), T0 + 7],
    );
    expect(last?.effects).toEqual(fetches ? [{ do: 'fetchLists' }] : []);
  });

  test('a reply that names newer lists does not cut short the wait after a failed fetch', () => {
    const { last } = run(
      [tick(1), T0],
      [listsFailed(0.5, 30_000), T0],
      [replied({ ackSeq: 1, ackedSeq: 0, lastSeq: 1, versions: { trustVersion: 9 } }), T0 + 7],
      [tick(0), T0 + 7],
    );
    expect(last?.effects).toEqual([]);
  });
});

describe('a person who knows that the line is back', () => {
  test('need not wait for either track, whatever it is resting for', () => {
    const { last } = run(
      [tick(0), T0],
      [listsFetched, T0],
      [{ kind: 'wanted' }, T0 + 5],
      [tick(2), T0 + 5],
    );
    expect(last?.effects).toEqual([send(BATCH_RECORDS_MAX), { do: 'fetchLists' }]);
    const waiting = run(
      [tick(2), T0],
      [tapsFailed(0.9, 200_000), T0],
      [listsFailed(0.9, 200_000), T0],
      [{ kind: 'wanted' }, T0 + 5],
    );
    expect(waiting.last?.wakeAtMs).toBe(T0 + 5);
  });

  test('brings nothing twice while an answer is awaited', () => {
    const { steps } = run([tick(2), T0], [{ kind: 'wanted' }, T0 + 5], [tick(3), T0 + 6]);
    expect(steps.slice(1).flatMap(({ effects }) => effects)).toEqual([]);
  });
});

describe('failures', () => {
  test('the wait doubles up to its bound and ends with the first success', () => {
    let state = syncStart({ monoMs: T0, pace: PACE });
    const waits: number[] = [];
    let atMs = T0;
    for (let failure = 0; failure < 12; failure += 1) {
      state = syncStep(state, tick(1), { monoMs: atMs, pace: PACE }).state;
      state = syncStep(state, tapsFailed(0.999), { monoMs: atMs, pace: PACE }).state;
      waits.push(state.taps.dueAtMs - atMs);
      atMs = state.taps.dueAtMs;
    }
    const spans = waits.map((_, failure) =>
      Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** failure),
    );
    expect(waits).toEqual(spans.map((span) => Math.ceil(span * 0.999)));
    expect(state.online).toBe(false);
    state = syncStep(state, replied({ ackSeq: 1, ackedSeq: 0, lastSeq: 5 }), {
      monoMs: atMs,
      pace: PACE,
    }).state;
    expect(state.taps).toEqual({ busy: false, dueAtMs: atMs, failures: 0 });
    expect(state.online).toBe(true);
  });

  test('back-off is a share of its span, whatever the number of failures', () => {
    for (const failures of [0, 1, 8, 9, 40, 1_000_000]) {
      const span = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** failures);
      expect(backoffMs(failures, 0)).toBe(0);
      expect(backoffMs(failures, 0.5)).toBe(span / 2);
      expect(backoffMs(failures, 0.999_999)).toBeLessThanOrEqual(span);
    }
  });

  test.each([
    ['is obeyed', 30_000, 30_000],
    ['is capped', 86_400_000, BACKOFF_MS_MAX],
    ['of nothing is no leave for a hot loop', 0, BACKOFF_MS_MIN],
  ])('Retry-After %s', (_name, retryAfterMs, waitMs) => {
    const { state } = run([tick(1), T0], [tapsFailed(0.1, retryAfterMs), T0]);
    expect(state.taps.dueAtMs).toBe(T0 + waitMs);
    const lists = run([tick(0), T0], [listsFailed(0.1, retryAfterMs), T0]);
    expect(lists.state.lists.dueAtMs).toBe(T0 + waitMs);
  });

  test('the two tracks fail and wait apart from each other', () => {
    const { state, last } = run(
      [tick(1), T0],
      [listsFailed(0.9), T0],
      [tapsFailed(0.5, 9_000), T0],
    );
    expect(state.lists).toMatchObject({ busy: false, failures: 1, dueAtMs: T0 + 900 });
    expect(state.taps).toMatchObject({ busy: false, failures: 1, dueAtMs: T0 + 9_000 });
    expect(last?.wakeAtMs).toBe(T0 + 900);
  });

  test('a batch that is refused as a whole is halved down to one line, then waits for a person', () => {
    let state = syncStart({ monoMs: T0, pace: PACE });
    const records: number[] = [];
    let atMs = T0;
    for (let round = 0; round < 11; round += 1) {
      const step = syncStep(state, tick(800), { monoMs: atMs, pace: PACE });
      records.push(
        ...step.effects.flatMap((effect) => (effect.do === 'sendBatch' ? effect.records : [])),
      );
      const after = syncStep(step.state, refused(0.5), { monoMs: atMs, pace: PACE });
      expect(after.effects).toEqual([]);
      state = after.state;
      const waitMs = state.taps.dueAtMs - atMs;
      expect(waitMs).toBe(records.at(-1) === 1 ? BACKOFF_MS_MAX : BACKOFF_MS_MIN / 2);
      atMs = state.taps.dueAtMs;
    }
    expect(records).toEqual([500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
    // Settlement has answered: the line is good, its answer is not.
    expect(state.online).toBe(true);
    const restored = syncStep(state, replied({ ackSeq: 1, ackedSeq: 0, lastSeq: 800 }), {
      monoMs: atMs,
      pace: PACE,
    }).state;
    expect(restored.batchRecords).toBe(BATCH_RECORDS_MAX);
  });

  test.each([
    ['no progress', 5, 5],
    ['an acknowledgement that goes back', 2, 5],
    ['an acknowledgement that goes back to nothing', 0, 5],
  ])('%s is followed by a rest, not by the same batch at once', (_name, ackSeq, ackedSeq) => {
    const { last } = run(
      [tick(5), T0],
      [listsFetched, T0],
      [replied({ ackSeq, ackedSeq, lastSeq: 10 }), T0 + 1],
    );
    expect(last?.effects).toEqual([{ do: 'acknowledge', epoch: EPOCH, ackSeq, atS: AT_S }]);
    expect(last?.wakeAtMs).toBe(T0 + 1 + PACE.syncEveryMs);
  });
});
