/** Synchronising under losses, doubles, refusals and restarts, against a model. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SyncEffect, type SyncEvent, type SyncState, syncStart, syncStep } from './sync.ts';

const PACE = { syncEveryMs: 5_000, listsEveryMs: 60_000 };
const EPOCH = '0011223344556677';
/** What a proxy in between lets through; larger batches are refused as a whole, always. */
const PROXY_LINES_MAX = 40;

type Fate =
  /** Arrives, is answered, the answer arrives. */
  | 'good'
  /** Never arrives. */
  | 'lost'
  /** Arrives and is made durable, but the answer does not come back. */
  | 'unanswered'
  /** Arrives twice, as a proxy that tries again would send it. */
  | 'twice'
  | 'busy'
  | 'refused';

type Move =
  | { kind: 'store'; records: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'exchange'; fate: Fate; jitter: number }
  | { kind: 'restart' }
  /** Settlement is restored from a backup and has lost this many records. */
  | { kind: 'restore'; records: number };

const anyMove: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant('store' as const), records: fc.nat(120) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(400_000) }),
  fc.record({
    kind: fc.constant('exchange' as const),
    fate: fc.constantFrom<Fate>('good', 'lost', 'unanswered', 'twice', 'busy', 'refused'),
    jitter: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('restart' as const) }),
  fc.record({ kind: fc.constant('restore' as const), records: fc.nat(60) }),
);

/** One gate, one settlement and what is between them, in plain numbers. */
function createWorld() {
  let nowMs = 0;
  let state: SyncState = syncStart({ monoMs: 0, pace: PACE });
  let wakeAtMs = 0;
  const gate = { lastSeq: 0, ackSeq: 0, sentSeq: 0 };
  const settlement = { durableSeq: 0 };
  let inFlight: { from: number; to: number } | null = null;
  let sends = 0;

  function handle(event: SyncEvent): void {
    const step = syncStep(state, event, { monoMs: nowMs, pace: PACE });
    state = step.state;
    wakeAtMs = step.wakeAtMs;
    for (const effect of step.effects) perform(effect);
    expect(wakeAtMs).toBeGreaterThanOrEqual(0);
  }

  function perform(effect: SyncEffect): void {
    if (effect.do === 'sendBatch') {
      expect(inFlight, 'one batch at a time').toBeNull();
      expect(effect.records).toBeGreaterThan(0);
      const to = Math.min(gate.lastSeq, gate.ackSeq + effect.records);
      expect(to, 'never an empty batch').toBeGreaterThan(gate.ackSeq);
      inFlight = { from: gate.ackSeq + 1, to };
      gate.sentSeq = Math.max(gate.sentSeq, to);
      sends += 1;
    } else if (effect.do === 'sendReport') {
      expect(inFlight, 'one batch at a time').toBeNull();
      inFlight = { from: gate.lastSeq + 1, to: gate.lastSeq };
    } else if (effect.do === 'acknowledge') {
      expect(effect.ackSeq, 'only what was sent').toBeLessThanOrEqual(gate.sentSeq);
      gate.ackSeq = effect.ackSeq;
    } else {
      handle({ kind: 'listsFetched' });
    }
  }

  function exchange(fate: Fate, jitter: number): void {
    if (inFlight === null) return;
    const { from, to } = inFlight;
    inFlight = null;
    const arrives = fate === 'good' || fate === 'unanswered' || fate === 'twice';
    const fits = to - from + 1 <= PROXY_LINES_MAX;
    // A batch that begins beyond what is known is parked, and acknowledges nothing new.
    if (arrives && fits && from <= settlement.durableSeq + 1 && from <= to) {
      settlement.durableSeq = Math.max(settlement.durableSeq, to);
    }
    if (fate === 'refused' || (arrives && !fits))
      handle({ kind: 'batchRefused', code: '', jitter });
    else if (fate === 'busy') handle({ kind: 'tapsFailed', jitter, retryAfterMs: 2_000 });
    else if (fate === 'lost' || fate === 'unanswered') {
      handle({ kind: 'tapsFailed', jitter, retryAfterMs: null });
    } else {
      const { ackSeq: ackedSeq, lastSeq } = gate;
      const reply = {
        gate: 'g1',
        epoch: EPOCH,
        ackSeq: settlement.durableSeq,
        items: [],
        trustVersion: 1,
        denyVersion: 1,
      };
      handle({
        kind: 'replied',
        reply,
        ackedSeq,
        lastSeq,
        isOwnHead: true,
        atS: 0,
        trust: 1,
        deny: 1,
        jitter,
      });
    }
  }

  function wait(ms: number): void {
    nowMs += ms;
    if (nowMs >= wakeAtMs) handle({ kind: 'tick', unconfirmed: gate.lastSeq - gate.ackSeq });
  }

  function move(next: Move): void {
    if (next.kind === 'store') {
      gate.lastSeq += next.records;
    } else if (next.kind === 'wait') wait(next.ms);
    else if (next.kind === 'exchange') exchange(next.fate, next.jitter);
    else if (next.kind === 'restore') {
      settlement.durableSeq = Math.max(0, settlement.durableSeq - next.records);
    } else {
      // What was acknowledged is on disk; what was under way is not.
      inFlight = null;
      state = syncStart({ monoMs: nowMs, pace: PACE });
      wait(0);
    }
  }

  return {
    gate,
    settlement,
    move,
    /** Lets time pass without faults until nothing is unconfirmed; how long and how often it took. */
    settle(): { tookMs: number; sends: number } {
      const from = { ms: nowMs, sends };
      for (let round = 0; round < 3_000 && nowMs - from.ms < 3_600_000; round += 1) {
        if (inFlight !== null) exchange('good', 0.5);
        else if (gate.ackSeq === gate.lastSeq && settlement.durableSeq >= gate.lastSeq) break;
        else wait(Math.max(0, wakeAtMs - nowMs));
      }
      return { tookMs: nowMs - from.ms, sends: sends - from.sends };
    },
  };
}

test('whatever is lost, doubled, refused, restarted or restored: in the end all is confirmed', () => {
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 60 }), (moves) => {
      const world = createWorld();
      for (const next of moves) world.move(next);
      // A restored settlement is noticed also if nobody comes any more.
      const { sends, tookMs } = world.settle();
      expect(world.gate.ackSeq).toBe(world.gate.lastSeq);
      expect(world.settlement.durableSeq).toBe(world.gate.lastSeq);
      // At most five requests find a size that passes; each passing one moves 31 records or more.
      expect(sends).toBeLessThanOrEqual(5 * (Math.ceil(world.gate.lastSeq / 31) + 4));
      expect(tookMs).toBeLessThan(3_600_000);
    }),
    { numRuns: 400 },
  );
});

test('a settlement that confirms nothing is asked at the pace, not in a hot loop', () => {
  let state = syncStart({ monoMs: 0, pace: PACE });
  let nowMs = 0;
  let sends = 0;
  while (nowMs < 60_000) {
    const step = syncStep(state, { kind: 'tick', unconfirmed: 10 }, { monoMs: nowMs, pace: PACE });
    state = step.state;
    for (const effect of step.effects) {
      const { gate, epoch } = { gate: 'g1', epoch: EPOCH };
      if (effect.do === 'fetchLists') {
        state = syncStep(state, { kind: 'listsFetched' }, { monoMs: nowMs, pace: PACE }).state;
        continue;
      }
      sends += 1;
      // Two servers behind one name, one of them restored: the confirmation swings.
      const reply = { gate, epoch, ackSeq: sends % 2, items: [], trustVersion: 0, denyVersion: 0 };
      const ackedSeq = (sends + 1) % 2;
      const event = {
        reply,
        ackedSeq,
        lastSeq: 10,
        isOwnHead: true,
        atS: 0,
        trust: 0,
        deny: 0,
        jitter: 0,
      };
      state = syncStep(state, { kind: 'replied', ...event }, { monoMs: nowMs, pace: PACE }).state;
    }
    nowMs = Math.max(nowMs + 1, Math.min(state.taps.dueAtMs, state.lists.dueAtMs));
  }
  expect(sends).toBeLessThanOrEqual(2 * (60_000 / PACE.syncEveryMs) + 2);
});
