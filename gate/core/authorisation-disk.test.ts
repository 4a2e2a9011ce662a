/** The gate's core while an authorisation is open and the disk refuses. */
import { REASON_WORDS } from '@stile/protocol/reasons.ts';
import { describe, expect, test } from 'vitest';
import {
  answersIn,
  attemptEnded,
  codeShown,
  kinds,
  machine,
  TIMING,
} from '../testing/gate-machine.ts';
import { makeText } from '../testing/phone.ts';
import type { AttemptResult } from './authorisation.ts';
import { ANSWER_RETRY_MS } from './gate.ts';
import { IDLE_WORDS } from './gate-state.ts';

const CODE = '71123456788765432194';
const OTHER = '72012345678901234556';
const [ID, NEXT] = ['0a'.repeat(16), '0b'.repeat(16)];
const PAID: AttemptResult = { kind: 'paid', fareCents: 320 };
function authorising() {
  const gate = machine();
  gate.handle(codeShown(CODE, ID));
  return gate;
}

describe('if the disk refuses', () => {
  const { STORAGE_FAILED } = REASON_WORDS;

  test('an ask that is not on disk is over, and the arm stays as it was', () => {
    const gate = machine();
    gate.scan(makeText({ counter: 1 }));
    gate.clock.advance(1_000);
    gate.handle(codeShown(CODE, ID));
    const effects = gate.handle({ kind: 'storeFailed', what: 'ask' });
    expect(effects).toEqual([{ do: 'show', words: STORAGE_FAILED }]);
    expect(gate.handle(attemptEnded(ID, PAID))).toEqual([]);
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([TIMING.openMs]);
    expect(answersIn(gate)).toEqual([]);
  });

  test('an answer that is not on disk opens nothing, and is refused as soon as that is possible', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, PAID));
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    gate.clock.advance(ANSWER_RETRY_MS);
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    gate.clock.advance(ANSWER_RETRY_MS);
    gate.clock.advance(60_000);
    expect(answersIn(gate)).toEqual([
      [0, 'open'],
      [ANSWER_RETRY_MS, 'NO_ANSWER'],
      [2 * ANSWER_RETRY_MS, 'NO_ANSWER'],
    ]);
    // The opening that was refused by the disk has left no alarm for the arm behind.
    expect(gate.times('close')).toEqual([]);
    expect(gate.wakeAtMs).toBeNull();
  });

  test('a missing answer goes to disk before the next ask does, and without it there is none', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, PAID));
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    gate.clock.advance(TIMING.presentationMs);
    const effects = gate.handle(codeShown(OTHER, NEXT));
    expect(kinds(effects)).toEqual(['storeAnswer', 'storeAsk', 'authorise', 'show']);
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    expect(gate.state.authorisation.kind).toBe('answerMissing');
    gate.clock.advance(ANSWER_RETRY_MS);
    expect(answersIn(gate).map(([atMs]) => atMs)).toEqual([0, 1_500, 1_500 + ANSWER_RETRY_MS]);
  });

  test('a missing answer that fails does not take from the arm what the rider before was given', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, { kind: 'refused', reason: 'DENIED' }));
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    gate.clock.advance(ANSWER_RETRY_MS - 1_000);
    gate.scan(makeText({ counter: 1 }));
    gate.clock.advance(1_000);
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([ANSWER_RETRY_MS - 1_000 + TIMING.openMs]);
  });
});

describe('at start', () => {
  test('an ask that a crash has left open is refused; without one the display invites', () => {
    const idle = { do: 'show', words: IDLE_WORDS };
    expect(machine().handle({ kind: 'started', answerMissing: false })).toEqual([idle]);
    expect(machine().handle({ kind: 'started', answerMissing: true })).toEqual([
      { do: 'storeAnswer', answer: { verdict: 'refuse', reason: 'NO_ANSWER', fareCents: null } },
      idle,
    ]);
  });

  test('a disk that is still full lets the gate run, and the answer is tried again', () => {
    const gate = machine();
    gate.handle({ kind: 'started', answerMissing: true });
    gate.handle({ kind: 'storeFailed', what: 'answer' });
    gate.clock.advance(ANSWER_RETRY_MS);
    expect(answersIn(gate).map(([atMs]) => atMs)).toEqual([0, ANSWER_RETRY_MS]);
  });
});
