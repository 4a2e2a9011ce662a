/** Authorisations under any history of events, against a model. */
import { PAYMENT_REASONS } from '@stile/protocol/payment.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  attemptEnded,
  codeShown,
  machine,
  START,
  scanOf,
  TIMING,
} from '../testing/gate-machine.ts';
import { makeText } from '../testing/phone.ts';
import type { AttemptResult, AuthorisationRequest } from './authorisation.ts';
import { ANSWER_RETRY_MS } from './gate.ts';
import type { GateEffect } from './gate-state.ts';

/** More than a life of random events draws. */
const TRANSIT = Array.from({ length: 40 }, (_, at) => makeText({ counter: at + 1 }));
const CODES = ['71111111111111111196', '72222222222222222219', '71333333333333333323'] as const;

type Event =
  | { kind: 'code'; code: (typeof CODES)[number]; networkDown: boolean; barrierConnected: boolean }
  | { kind: 'transit' }
  /** The result of one of the attempts that went out, perhaps long ago. */
  | { kind: 'result'; back: number; result: AttemptResult; barrierConnected: boolean }
  | { kind: 'restart' };

const result: fc.Arbitrary<AttemptResult> = fc.oneof(
  fc.constant<AttemptResult>({ kind: 'paid', fareCents: 320 }),
  fc.constantFrom(...PAYMENT_REASONS).map((reason): AttemptResult => ({ kind: 'refused', reason })),
  fc.constant<AttemptResult>({ kind: 'rejected' }),
  fc
    .tuple(fc.boolean(), fc.constantFrom(null, 0, 500, 60_000), fc.constantFrom(null, 'forged'))
    .map(
      ([sent, retryAfterMs, doubt]): AttemptResult => ({
        kind: 'failed',
        sent,
        retryAfterMs,
        doubt,
      }),
    ),
);
const mostly = fc.integer({ min: 0, max: 9 }).map((drawn) => drawn > 0);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('code' as const),
      code: fc.constantFrom(...CODES),
      networkDown: mostly.map((up) => !up),
      barrierConnected: mostly,
    }),
  },
  { weight: 3, arbitrary: fc.constant<Event>({ kind: 'transit' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('result' as const),
      back: fc.constantFrom(0, 0, 0, 1, 3),
      result,
      barrierConnected: mostly,
    }),
  },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: 'restart' }) },
);
const anyStep = fc.record({
  event: anyEvent,
  afterMs: fc.constantFrom(0, 1, 60, 700, 1_600, 3_000, ANSWER_RETRY_MS),
  /** Whether the disk takes what this event has to write. */
  disk: mostly,
});

/** A gate with a log that holds what the disk took; it is the loop of shell/loop.ts in little. */
function life() {
  const log: ({ ask: string } | { answer: boolean; of: number } | { tap: boolean })[] = [];
  const requests: AuthorisationRequest[] = [];
  let openAsk: number | null = null;
  let opens = 0;
  let disk = true;
  let gate = machine((effects) => void perform(effects));

  function write(effect: GateEffect): 'tap' | 'ask' | 'answer' | null {
    if (effect.do === 'storeTap') {
      if (!disk) return 'tap';
      log.push({ tap: effect.tap.verdict === 'open' });
    }
    if (effect.do === 'storeAsk') {
      if (!disk) return 'ask';
      expect(openAsk, 'no ask begins before the last has its answer').toBeNull();
      openAsk = log.push({ ask: effect.id }) - 1;
    }
    if (effect.do === 'storeAnswer') {
      expect(openAsk, 'an answer has its ask').not.toBeNull();
      if (!disk) return 'answer';
      log.push({ answer: effect.answer.verdict === 'open', of: openAsk ?? -1 });
      openAsk = null;
    }
    return null;
  }

  function perform(effects: readonly GateEffect[]): GateEffect[] {
    const done: GateEffect[] = [];
    for (const effect of effects) {
      const what = write(effect);
      if (what !== null) {
        perform(gate.handle({ kind: 'storeFailed', what }));
        break;
      }
      done.push(effect);
      if (effect.do === 'authorise') {
        expect(openAsk, 'nothing is sent that is not on disk').not.toBeNull();
        expect(log[openAsk ?? -1]).toEqual({ ask: effect.request.id });
        requests.push(effect.request);
      }
      if (effect.do === 'open') {
        const last = log.at(-1) ?? {};
        expect('tap' in last ? last.tap : 'answer' in last && last.answer).toBe(true);
        opens += 1;
      }
    }
    return done;
  }
  return {
    log,
    requests,
    get gate() {
      return gate;
    },
    get opens() {
      return opens;
    },
    get openAsk() {
      return openAsk;
    },
    move(byMs: number, takes: boolean) {
      disk = takes;
      gate.clock.advance(byMs);
      // So that no code grows old.
      gate.clock.setWall(START.wallMs);
    },
    play: (event: Parameters<typeof gate.handle>[0]) => perform(gate.handle(event)),
    restart() {
      gate = machine((effects) => void perform(effects));
      perform(gate.handle({ kind: 'started', answerMissing: openAsk !== null }));
    },
  };
}

function toGateEvent(event: Event, { world, at }: { world: ReturnType<typeof life>; at: number }) {
  if (event.kind === 'code') {
    const { code, networkDown, barrierConnected } = event;
    const id = at.toString(16).padStart(32, '0');
    return codeShown(code, id, { networkDown, barrierConnected });
  }
  if (event.kind === 'transit') return scanOf(TRANSIT[at] ?? '');
  if (event.kind === 'restart') return null;
  const request = world.requests.at(-1 - event.back);
  if (request === undefined) return null;
  return attemptEnded(request.id, event.result, event);
}

test('whatever happens: one ask at a time, each with one answer; nothing opens but from disk', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40, size: 'max' }), (steps) => {
      const world = life();
      for (const [at, { event, afterMs, disk }] of steps.entries()) {
        world.move(afterMs, disk);
        const gateEvent = toGateEvent(event, { world, at });
        if (event.kind === 'restart') world.restart();
        if (gateEvent === null) continue;
        const done = world.play(gateEvent).map((effect) => effect.do);
        // Whatever is being authorised, a transit code is judged and opened for in the same step.
        if (event.kind === 'transit' && disk) expect(done).toEqual(['storeTap', 'open', 'show']);
        if (event.kind === 'transit' && !disk) expect(done).toEqual([]);
      }
      // A disk that works again, and time: nothing stays open, no alarm is left.
      world.move(0, true);
      for (let round = 0; round < 4; round += 1)
        world.move(ANSWER_RETRY_MS + TIMING.payBudgetMs, true);
      expect(world.openAsk).toBeNull();
      expect(world.gate.state).toMatchObject({ authorisation: { kind: 'none' }, closeAtMs: null });
      expect(world.gate.wakeAtMs).toBeNull();
      const asks = world.log.flatMap((record, at) => ('ask' in record ? [at] : []));
      const answered = world.log.flatMap((record) => ('answer' in record ? [record.of] : []));
      expect(answered).toEqual(asks);
    }),
    { numRuns: 400 },
  );
});
