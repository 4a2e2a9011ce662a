/** The gate's core with a payment or online code: what is stored, asked and opened, in order. */
import { PAYMENT_REASONS } from '@stile/protocol/payment.ts';
import { AUTHORISATION_REASON_WORDS } from '@stile/protocol/reasons.ts';
import { describe, expect, test } from 'vitest';
import {
  answersIn,
  attemptEnded,
  codeShown,
  kinds,
  machine,
  START,
  scanOf,
  TIMING,
} from '../testing/gate-machine.ts';
import { makeText } from '../testing/phone.ts';
import {
  ATTEMPT_MS_MAX,
  ATTEMPT_MS_MIN,
  ATTEMPT_SLACK_MS,
  type AttemptResult,
  AUTHORISATION_REASON_OF,
  RETRY_MS_MAX,
  RETRY_MS_MIN,
  retryMs,
} from './authorisation.ts';
import { CHECKING_WORDS, IDLE_WORDS, OPEN_WORDS } from './gate-state.ts';

const CODE = '71123456788765432194';
const OTHER = '72012345678901234556';
const [ID, NEXT] = ['0a'.repeat(16), '0b'.repeat(16)];
const PAID: AttemptResult = { kind: 'paid', fareCents: 320 };
const failed = (
  changes: Partial<Extract<AttemptResult, { kind: 'failed' }>> = {},
): AttemptResult => ({
  kind: 'failed',
  sent: true,
  retryAfterMs: null,
  doubt: null,
  ...changes,
});
const wordsOf = (gate: ReturnType<typeof machine>) =>
  gate.log.flatMap(({ effect }) => (effect.do === 'show' ? [effect.words] : []));

function authorising() {
  const gate = machine();
  gate.handle(codeShown(CODE, ID));
  return gate;
}

describe('a payment or online code', () => {
  test('is on disk as an ask before settlement hears of it, and the rider reads to wait', () => {
    const effects = machine().handle(codeShown(CODE, ID));
    expect(effects).toEqual([
      { do: 'storeAsk', id: ID, method: 'PAYMENT_CODE' },
      {
        do: 'authorise',
        request: { id: ID, code: CODE, atMs: START.wallMs },
        timeoutMs: ATTEMPT_MS_MAX,
      },
      { do: 'show', words: CHECKING_WORDS },
    ]);
    expect(machine().handle(codeShown(OTHER, ID))[0]).toMatchObject({ method: 'ONLINE_CODE' });
  });

  test('that is paid is answered on disk, then opens and thanks; then the arm closes', () => {
    const gate = authorising();
    gate.clock.advance(80);
    expect(gate.handle(attemptEnded(ID, PAID))).toEqual([
      { do: 'storeAnswer', answer: { verdict: 'open', reason: null, fareCents: 320 } },
      { do: 'open' },
      { do: 'show', words: OPEN_WORDS },
    ]);
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([80 + TIMING.openMs]);
    expect(wordsOf(gate)).toEqual([CHECKING_WORDS, OPEN_WORDS, IDLE_WORDS]);
    expect(gate.wakeAtMs).toBeNull();
  });

  test.each(PAYMENT_REASONS)('refused as %s does not open, and says what to do', (reason) => {
    const gate = authorising();
    const effects = gate.handle(attemptEnded(ID, { kind: 'refused', reason }));
    const expected = AUTHORISATION_REASON_OF[reason];
    expect(effects).toEqual([
      { do: 'storeAnswer', answer: { verdict: 'refuse', reason: expected, fareCents: null } },
      { do: 'show', words: AUTHORISATION_REASON_WORDS[expected] },
    ]);
    gate.clock.advance(60_000);
    expect(gate.times('open')).toEqual([]);
    expect(gate.wakeAtMs).toBeNull();
  });

  test('whose request is not taken is refused at once', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, { kind: 'rejected' }));
    expect(answersIn(gate)).toEqual([[0, 'NO_ANSWER']]);
  });

  test('that is paid for when the barrier has gone is refused, with what it cost', () => {
    const effects = authorising().handle(attemptEnded(ID, PAID, { barrierConnected: false }));
    expect(effects[0]).toEqual({
      do: 'storeAnswer',
      answer: { verdict: 'refuse', reason: 'OUT_OF_ORDER', fareCents: 320 },
    });
    expect(kinds(effects)).not.toContain('open');
  });

  test.each([
    ['as it is', {}],
    ['without network', { networkDown: true }],
    ['without barrier', { barrierConnected: false }],
  ])(
    'whose check digits do not fit is refused here, %s: settlement is not asked',
    (_how, facts) => {
      const gate = authorising();
      const misread = `${CODE.slice(0, -1)}5`;
      expect(gate.handle(codeShown(misread, NEXT, facts))).toEqual([
        { do: 'report', what: 'unasked', reason: 'CODE_MISREAD' },
        { do: 'show', words: AUTHORISATION_REASON_WORDS.CODE_MISREAD },
      ]);
      expect(kinds(gate.handle(attemptEnded(ID, PAID)))).toContain('open');
    },
  );

  test.each([
    ['no barrier', { barrierConnected: false }, 'OUT_OF_ORDER'],
    ['no network', { networkDown: true }, 'NO_NETWORK'],
    ['neither', { barrierConnected: false, networkDown: true }, 'OUT_OF_ORDER'],
  ] as const)('with %s is refused at once: nothing is sent or stored', (_name, facts, reason) => {
    const gate = machine();
    expect(gate.handle(codeShown(CODE, ID, facts))).toEqual([
      { do: 'report', what: 'unasked', reason },
      { do: 'show', words: AUTHORISATION_REASON_WORDS[reason] },
    ]);
    expect(gate.handle(codeShown(CODE, NEXT))).toEqual([{ do: 'report', what: 'repeat' }]);
    gate.clock.advance(TIMING.presentationMs);
    expect(kinds(gate.handle(codeShown(CODE, NEXT)))).toContain('authorise');
  });
});

describe('while an authorisation is open', () => {
  test('the same code is still the same presentation, and for a moment after the answer', () => {
    const gate = authorising();
    for (let read = 0; read < 3; read += 1) {
      gate.clock.advance(700);
      expect(gate.handle(codeShown(CODE, NEXT))).toEqual([{ do: 'report', what: 'repeat' }]);
    }
    gate.handle(attemptEnded(ID, PAID));
    gate.clock.advance(TIMING.presentationMs - 1);
    expect(gate.handle(codeShown(CODE, NEXT))).toEqual([{ do: 'report', what: 'repeat' }]);
    gate.clock.advance(TIMING.presentationMs);
    expect(kinds(gate.handle(codeShown(CODE, NEXT)))).toContain('authorise');
  });

  test('a code read once before a slow answer is not authorised again when it is read after', () => {
    const gate = authorising();
    gate.clock.advance(TIMING.payBudgetMs - 1);
    gate.handle(attemptEnded(ID, PAID));
    gate.clock.advance(500);
    expect(gate.handle(codeShown(CODE, NEXT))).toEqual([{ do: 'report', what: 'repeat' }]);
  });

  test('another code waits, and its turn comes as soon as the first is over', () => {
    const gate = authorising();
    for (let read = 0; read < 3; read += 1) {
      gate.clock.advance(100);
      expect(gate.handle(codeShown(OTHER, NEXT))).toEqual([
        { do: 'report', what: 'unasked', reason: 'BUSY' },
        { do: 'show', words: AUTHORISATION_REASON_WORDS.BUSY },
      ]);
    }
    gate.handle(attemptEnded(ID, PAID));
    gate.clock.advance(100);
    expect(gate.handle(codeShown(OTHER, NEXT))[0]).toMatchObject({ do: 'storeAsk', id: NEXT });
    expect(gate.times('authorise')).toEqual([0, 400]);
  });

  test('a transit code opens at once, and the authorisation goes on undisturbed', () => {
    const gate = authorising();
    gate.clock.advance(300);
    expect(gate.scan(makeText({ counter: 1 }))).toEqual(['storeTap', 'open', 'show']);
    expect(gate.handle(codeShown(CODE, NEXT))).toEqual([{ do: 'report', what: 'repeat' }]);
    gate.clock.advance(1_000);
    expect(kinds(gate.handle(attemptEnded(ID, PAID)))).toEqual(['storeAnswer', 'open', 'show']);
    gate.clock.advance(60_000);
    expect(gate.times('open')).toEqual([300, 1_300]);
    expect(gate.times('close')).toEqual([1_300 + TIMING.openMs]);
  });

  test('a refused answer does not move the moment at which the arm closes', () => {
    const gate = authorising();
    gate.scan(makeText({ counter: 1 }));
    gate.clock.advance(1_000);
    gate.handle(attemptEnded(ID, { kind: 'refused', reason: 'CODE_USED' }));
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([TIMING.openMs]);
  });

  test('a display that would fall idle says that a code is being checked', () => {
    const gate = machine();
    gate.handle(scanOf('noise'));
    gate.clock.advance(TIMING.messageMs - 1_000);
    gate.handle(codeShown(CODE, ID));
    gate.handle(scanOf('more noise'));
    gate.clock.advance(TIMING.payBudgetMs - 1);
    gate.handle(attemptEnded(ID, PAID));
    expect(wordsOf(gate)).not.toContain(IDLE_WORDS);
  });

  test('answers to another authorisation, and answers that come too late, are nothing', () => {
    const gate = authorising();
    expect(gate.handle(attemptEnded(NEXT, PAID))).toEqual([]);
    gate.handle(attemptEnded(ID, PAID));
    expect(gate.handle(attemptEnded(ID, PAID))).toEqual([]);
    expect(gate.times('open')).toEqual([0]);
  });

  test('stopping refuses it: nobody would hear the answer', () => {
    const gate = authorising();
    expect(gate.handle({ kind: 'stopping' })[0]).toMatchObject({
      do: 'storeAnswer',
      answer: { reason: 'NO_ANSWER' },
    });
    expect(machine().handle({ kind: 'stopping' })).toEqual([]);
  });
});

describe('without an answer', () => {
  test('the same request is sent again, after a while that grows, until the budget is over', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, failed()));
    const waits: number[] = [];
    for (let attempt = 1; attempt < 30; attempt += 1) {
      const { wakeAtMs } = gate;
      if (wakeAtMs === null || gate.state.authorisation.kind !== 'open') break;
      const waitMs = wakeAtMs - gate.clock.now().monoMs;
      gate.clock.advance(waitMs);
      waits.push(waitMs);
      gate.handle(attemptEnded(ID, failed()));
    }
    expect(waits.slice(0, 5)).toEqual([38, 75, 150, 300, 300]);
    const attempts = gate.log.flatMap(({ effect }) =>
      effect.do === 'authorise' ? [effect.request] : [],
    );
    expect(attempts.length).toBe(waits.length + 1);
    expect(new Set(attempts.map((request) => JSON.stringify(request))).size).toBe(1);
    const [[endedAtMs, reason] = [0, '']] = answersIn(gate);
    expect(reason).toBe('NO_ANSWER');
    expect(endedAtMs).toBeLessThanOrEqual(TIMING.payBudgetMs);
    expect(endedAtMs).toBeGreaterThan(TIMING.payBudgetMs - RETRY_MS_MAX - ATTEMPT_MS_MIN);
  });

  test('the budget ends it even if an attempt hangs; what arrives then is ignored', () => {
    const gate = authorising();
    gate.clock.advance(TIMING.payBudgetMs - 1);
    expect(answersIn(gate)).toEqual([]);
    gate.clock.advance(1);
    expect(answersIn(gate)).toEqual([[TIMING.payBudgetMs, 'NO_ANSWER']]);
    expect(gate.handle(attemptEnded(ID, PAID))).toEqual([]);
    expect(gate.times('open')).toEqual([]);
    expect(wordsOf(gate).at(-1)).toEqual(AUTHORISATION_REASON_WORDS.NO_ANSWER);
  });

  test('an answer in the instant in which the budget ends is too late, alarm or not', () => {
    const gate = authorising();
    const { monoMs } = gate.clock.now();
    gate.clock.advance(TIMING.payBudgetMs - 1);
    gate.clock.now = () => ({ ...START, monoMs: monoMs + TIMING.payBudgetMs });
    expect(gate.handle(attemptEnded(ID, PAID))[0]).toMatchObject({
      answer: { reason: 'NO_ANSWER' },
    });
  });

  test.each([
    ['forward', 9e11],
    ['back', -9e11],
  ])('a wall clock set %s does not move the end of the budget', (_name, byMs) => {
    const gate = authorising();
    gate.clock.setWall(START.wallMs + byMs);
    gate.handle({ kind: 'tick' });
    gate.clock.advance(TIMING.payBudgetMs);
    expect(answersIn(gate)).toEqual([[TIMING.payBudgetMs, 'NO_ANSWER']]);
  });

  test('each attempt gets what is left of the budget, but no more than one attempt may have', () => {
    const gate = authorising();
    gate.clock.advance(900);
    gate.handle(attemptEnded(ID, failed()));
    gate.clock.advance(38);
    gate.clock.advance(900);
    gate.handle(attemptEnded(ID, failed()));
    gate.clock.advance(75);
    const attempts = gate.log.flatMap(({ effect }) =>
      effect.do === 'authorise' ? [effect.timeoutMs] : [],
    );
    const restMs = TIMING.payBudgetMs - 900 - 38 - 900 - 75;
    expect(attempts).toEqual([ATTEMPT_MS_MAX, ATTEMPT_MS_MAX, restMs - ATTEMPT_SLACK_MS]);
  });

  test('a server that says when to come back is obeyed, or not waited for', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, failed({ retryAfterMs: 1_000 })));
    gate.clock.advance(999);
    expect(gate.times('authorise')).toEqual([0]);
    gate.clock.advance(1);
    expect(gate.times('authorise')).toEqual([0, 1_000]);
    gate.handle(attemptEnded(ID, failed({ retryAfterMs: 60_000 })));
    expect(answersIn(gate)).toEqual([[1_000, 'NO_ANSWER']]);
  });

  test.each([
    ['never a connection', [false, false], 'NO_NETWORK'],
    ['a connection once', [false, true], 'NO_ANSWER'],
    ['a connection at first', [true, false], 'NO_ANSWER'],
  ] as const)('%s: the rider reads what it was', (_name, sent, reason) => {
    const gate = authorising();
    const [first, second] = sent;
    gate.handle(attemptEnded(ID, failed({ sent: first })));
    gate.clock.advance(1_000);
    gate.handle(attemptEnded(ID, failed({ sent: second, retryAfterMs: 60_000 })));
    expect(answersIn(gate)).toEqual([[1_000, reason]]);
  });

  test('an answer that nobody believes is noted once, and the request is sent again', () => {
    const gate = authorising();
    const doubt = 'signed by a stranger';
    expect(gate.handle(attemptEnded(ID, failed({ doubt })))).toEqual([
      { do: 'storeNote', note: 'ANSWER_REFUSED', detail: doubt },
    ]);
    gate.clock.advance(38);
    expect(gate.handle(attemptEnded(ID, failed({ doubt })))).toEqual([]);
    gate.clock.advance(75);
    expect(kinds(gate.handle(attemptEnded(ID, PAID)))).toEqual(['storeAnswer', 'open', 'show']);
  });

  test('a tick before its time sends nothing', () => {
    const gate = authorising();
    gate.handle(attemptEnded(ID, failed()));
    gate.clock.advance(37);
    expect(kinds(gate.handle({ kind: 'tick' }))).not.toContain('authorise');
  });

  test.each([
    [1, 0, RETRY_MS_MIN / 2],
    [1, 0.999, RETRY_MS_MIN],
    [4, 0.999, RETRY_MS_MAX],
    [1_000, 0.999, RETRY_MS_MAX],
    [1_000, 0, RETRY_MS_MAX / 2],
  ])('after %i attempts and with jitter %f the next waits %i ms', (attempts, jitter, waitMs) => {
    expect(retryMs(attempts, jitter)).toBe(waitMs);
  });
});
