/** The gate's core, scan by scan: the effects of each and their order. */
import { createHash } from 'node:crypto';
import { sha256 } from '@stile/crypto/sign.ts';
import { SCAN_BYTES_KEPT, tapSchema } from '@stile/protocol/gate-log.ts';
import { REASON_WORDS } from '@stile/protocol/reasons.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { machine, RULES, START, scanOf, TIMING, verify } from '../testing/gate-machine.ts';
import { GOOD, makeText, strangerKey } from '../testing/phone.ts';
import { step, UNREADABLE_STORED_MAX, UNREADABLE_WINDOW_MS } from './gate.ts';
import { type GateEffect, type GateEvent, IDLE_WORDS } from './gate-state.ts';

function tapIn(effects: readonly GateEffect[]) {
  for (const effect of effects) if (effect.do === 'storeTap') return effect;
  throw new Error('a tap is stored');
}

const good = (counter: number) => makeText({ counter });

describe('a scan', () => {
  test('a good code is stored, opens, and thanks, in this order; then the arm closes', () => {
    const gate = machine();
    expect(gate.scan(good(1))).toEqual(['storeTap', 'open', 'show']);
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([3_000]);
    expect(gate.times('show')).toEqual([0, 4_000]);
    expect(gate.log.at(-1)?.effect).toEqual({ do: 'show', words: IDLE_WORDS });
    expect(gate.wakeAtMs).toBeNull();
  });

  test('an opening tap says what to remember and under which lists it was judged', () => {
    const text = good(7);
    const { tap, use } = tapIn(machine().handle(scanOf(text)));
    expect(use).toEqual({
      issuer: GOOD.issuer,
      account: GOOD.account,
      serial: GOOD.serial,
      counter: 7,
      issuedAtS: GOOD.issuedAtS,
      expiresAtS: GOOD.issuedAtS + GOOD.lifetimeMin * 60,
    });
    expect(tap).toEqual({
      verdict: 'open',
      reason: null,
      scan: text,
      scanHex: null,
      scanBytes: 303,
      line: 'M1',
      fareCents: 320,
      trust: 5,
      deny: 8,
      tariff: 2,
      clock: 'HOLDOVER',
    });
  });

  test('a refused code is stored with its reason, remembered nowhere, and does not open', () => {
    const effects = machine().handle(scanOf(makeText({}, { issuer: strangerKey })));
    expect(effects.map((effect) => effect.do)).toEqual(['storeTap', 'show']);
    expect(tapIn(effects)).toMatchObject({
      use: null,
      tap: { verdict: 'refuse', reason: 'BAD_ISSUER_SIGNATURE' },
    });
    expect(effects.at(-1)).toEqual({ do: 'show', words: REASON_WORDS.BAD_ISSUER_SIGNATURE });
  });

  test.each([
    ['is refused', good(1), { denied: true }],
    ['comes too soon, and opens any other gate', good(1), { counterMax: 1 }],
    ['cannot be looked up', good(1), null],
    ['is cut', good(1).slice(0, -3), {}],
    ['has noise before it', `\x02${good(1)}`, {}],
    ['is longer than a record', good(1).padEnd(600, 'X'), {}],
  ])('a code that %s leaves its hash only', (_name, text, facts) => {
    const { tap } = tapIn(machine().handle(scanOf(text, facts)));
    expect(tap.verdict).toBe('refuse');
    expect(JSON.stringify(tap)).not.toContain(text.slice(40, 60));
    const scanSha256 = createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex');
    expect(tap).toMatchObject({ scan: null, scanHex: null, scanSha256, scanBytes: text.length });
    const stamp = { v: 1, seq: 1, atMs: 0, monoMs: 0, boot: '00000000', kind: 'tap' };
    expect(tapSchema.safeParse({ ...stamp, ...tap }).success).toBe(true);
  });

  test('a code whose facts could not be looked up is refused as STORAGE_FAILED', () => {
    const effects = machine().handle(scanOf(good(1), null));
    expect(tapIn(effects)).toMatchObject({ use: null, tap: { reason: 'STORAGE_FAILED' } });
  });

  test.each([
    ['printable text', 'hello world', { scan: 'hello world', scanHex: null }],
    ['nothing', '', { scan: '', scanHex: null }],
    ['a NUL and a high byte', 'a\0\xff', { scan: null, scanHex: '6100ff' }],
    ['the most that is kept', 'k'.repeat(SCAN_BYTES_KEPT), { scanHex: null }],
    [
      'more than is kept',
      'k'.repeat(SCAN_BYTES_KEPT + 1),
      { scan: null, scanHex: '6b'.repeat(SCAN_BYTES_KEPT), scanBytes: SCAN_BYTES_KEPT + 1 },
    ],
  ])('%s is kept as evidence, and fits the record', (_name, text, expected) => {
    const { tap } = tapIn(machine().handle(scanOf(text)));
    expect(tap).toMatchObject({ verdict: 'refuse', reason: 'MALFORMED', ...expected });
    const stamp = { v: 1, seq: 1, atMs: 0, monoMs: 0, boot: '00000000', kind: 'tap' };
    expect(tapSchema.safeParse({ ...stamp, ...tap }).success).toBe(true);
  });
});

describe('presentations', () => {
  test('reads of a code held before the scanner are one presentation, afterwards a REPLAY', () => {
    const gate = machine();
    const text = good(1);
    expect(gate.scan(text)).toContain('open');
    for (let read = 0; read < 5; read += 1) {
      gate.clock.advance(TIMING.presentationMs - 1);
      expect(gate.scan(text, { counterMax: 1 })).toEqual(['report']);
    }
    gate.clock.advance(TIMING.presentationMs);
    const effects = gate.handle(scanOf(text, { counterMax: 1 }));
    expect(tapIn(effects)).toMatchObject({ use: null, tap: { reason: 'REPLAY' } });
    expect(gate.times('open')).toEqual([0]);
  });

  test('a refused code that is held on is stored once', () => {
    const gate = machine();
    gate.scan('noise');
    gate.clock.advance(1_000);
    gate.scan('noise');
    expect(gate.times('storeTap')).toEqual([0]);
  });

  test('another code in between is another presentation', () => {
    const gate = machine();
    gate.scan(good(1));
    gate.scan(good(2), { counterMax: 1 });
    const effects = gate.handle(scanOf(good(1), { counterMax: 2 }));
    expect(tapIn(effects).tap.reason).toBe('REPLAY');
    expect(gate.times('open')).toEqual([0, 0]);
  });
});

describe('the arm', () => {
  test('a second rider extends the opening; the arm closes once', () => {
    const gate = machine();
    gate.scan(good(1));
    gate.clock.advance(2_000);
    gate.scan(good(2), { counterMax: 1 });
    gate.clock.advance(60_000);
    expect(gate.times('open')).toEqual([0, 2_000]);
    expect(gate.times('close')).toEqual([5_000]);
  });

  test('neither a refusal nor a repeat moves the moment of closing', () => {
    const gate = machine();
    gate.scan(good(1));
    gate.clock.advance(1_000);
    gate.scan(good(1), { counterMax: 1 });
    gate.scan('noise');
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([3_000]);
  });

  test.each([
    ['years forward', 10 * 365 * 86_400_000],
    ['years back', -10 * 365 * 86_400_000],
  ])('a wall clock set %s neither holds the arm up nor drops it', (_name, byMs) => {
    const gate = machine();
    gate.scan(good(1));
    gate.clock.advance(1_000);
    gate.clock.setWall(START.wallMs + byMs);
    gate.handle({ kind: 'tick' });
    gate.clock.advance(1_999);
    expect(gate.times('close')).toEqual([]);
    gate.clock.advance(1);
    expect(gate.times('close')).toEqual([3_000]);
    gate.clock.advance(1_000);
    expect(gate.times('show')).toEqual([0, 4_000]);
  });

  test('a tick before its time does nothing and keeps the alarm', () => {
    const gate = machine();
    gate.scan(good(1));
    expect(gate.handle({ kind: 'tick' })).toEqual([]);
    expect(gate.wakeAtMs).toBe(START.monoMs + 3_000);
  });
});

describe('failures', () => {
  test('a tap that could not be stored says so and leaves no opening behind', () => {
    const gate = machine();
    gate.handle(scanOf(good(1)));
    const effects = gate.handle({ kind: 'storeFailed', what: 'tap' });
    expect(effects).toEqual([{ do: 'show', words: REASON_WORDS.STORAGE_FAILED }]);
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([]);
  });

  test('a tap that could not be stored does not extend the opening of the rider before', () => {
    const gate = machine();
    gate.scan(good(1));
    gate.clock.advance(2_900);
    gate.scan(good(2), { counterMax: 1 });
    gate.handle({ kind: 'storeFailed', what: 'tap' });
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([3_000]);
  });

  test('a refused tap that could not be stored does not hold the arm up for ever', () => {
    const gate = machine();
    gate.scan(good(1));
    gate.clock.advance(1_000);
    gate.scan('noise');
    gate.handle({ kind: 'storeFailed', what: 'tap' });
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([3_000]);
  });

  test('an arm that did not open makes the tap void, says so, and is closed all the same', () => {
    const gate = machine();
    gate.scan(good(1));
    expect(gate.handle({ kind: 'barrierFailed', ofSeq: 17 })).toEqual([
      { do: 'storeVoid', ofSeq: 17 },
      { do: 'show', words: REASON_WORDS.OUT_OF_ORDER },
    ]);
    gate.clock.advance(60_000);
    expect(gate.times('close')).toEqual([3_000]);
  });
});

describe('a flood of unreadable scans', () => {
  const flood = (gate: ReturnType<typeof machine>, scans: number) => {
    for (let index = 0; index < scans; index += 1) gate.scan(`noise ${index}`);
  };

  test('is stored up to a budget, then counted, and noted once when the window ends', () => {
    const gate = machine();
    flood(gate, UNREADABLE_STORED_MAX + 30);
    expect(gate.times('storeTap')).toHaveLength(UNREADABLE_STORED_MAX);
    expect(gate.times('report')).toHaveLength(30);
    gate.clock.advance(UNREADABLE_WINDOW_MS);
    gate.clock.advance(UNREADABLE_WINDOW_MS);
    const notes = gate.log.filter(({ effect }) => effect.do === 'storeNote');
    expect(notes).toEqual([
      {
        atMs: UNREADABLE_WINDOW_MS,
        effect: { do: 'storeNote', note: 'SCANS_DROPPED', detail: '30 unreadable scans' },
      },
    ]);
    expect(gate.wakeAtMs).toBeNull();
    flood(gate, 1);
    expect(gate.times('storeTap')).toHaveLength(UNREADABLE_STORED_MAX + 1);
  });

  test('does not take anything from codes that can be read', () => {
    const gate = machine();
    flood(gate, UNREADABLE_STORED_MAX + 1);
    expect(gate.scan(good(1))).toEqual(['storeTap', 'open', 'show']);
    expect(gate.scan(good(2), { counterMax: 2 })).toEqual(['storeTap', 'show']);
  });

  test('is noted even where the next scan comes before the alarm does', () => {
    const gate = machine();
    flood(gate, UNREADABLE_STORED_MAX + 2);
    const { state } = gate;
    const late = { ...START, monoMs: START.monoMs + UNREADABLE_WINDOW_MS };
    const context = { now: late, rules: RULES, verify, sha256 };
    const { effects } = step(state, scanOf('more noise'), context);
    expect(effects.map((effect) => effect.do)).toEqual(['storeNote', 'storeTap', 'show']);
  });
});

const TEXTS = [...[1, 2, 3, 4].map(good), makeText({}, { issuer: strangerKey }), 'noise', '\0'];
const anyEvent: fc.Arbitrary<{ event: GateEvent; afterMs: number; wallMs: number }> = fc.record({
  event: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...TEXTS), fc.boolean(), fc.boolean(), fc.boolean())
        .map(([text, denied, barrierConnected, found]) =>
          scanOf(text, found ? { denied, barrierConnected } : null),
        ),
    },
    fc.constant<GateEvent>({ kind: 'tick' }),
    fc.constant<GateEvent>({ kind: 'storeFailed', what: 'tap' }),
    fc.constant<GateEvent>({ kind: 'barrierFailed', ofSeq: 1 }),
  ),
  afterMs: fc.constantFrom(0, 1, 100, 1_500, 3_000, 70_000),
  wallMs: fc.constantFrom(0, START.wallMs, START.wallMs + 30_000, START.wallMs + 9e11),
});

test('whatever happens: a stored tap stands before every opening, and every opening ends', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 25 }), (events) => {
      const gate = machine();
      for (const { event, afterMs, wallMs } of events) {
        gate.clock.advance(afterMs);
        gate.clock.setWall(wallMs);
        const effects = gate.handle(event);
        const openAt = effects.findIndex((effect) => effect.do === 'open');
        const taps = effects.filter((effect) => effect.do === 'storeTap');
        expect(taps.length).toBeLessThanOrEqual(1);
        if (openAt === -1) expect(taps.every((tap) => tap.use === null)).toBe(true);
        else {
          const before = effects[openAt - 1];
          expect(before?.do === 'storeTap' && before.tap.verdict === 'open').toBe(true);
          expect(before?.do === 'storeTap' && before.use !== null).toBe(true);
        }
        expect(effects.filter((effect) => effect.do === 'open').length).toBeLessThanOrEqual(1);
      }
      gate.clock.advance(UNREADABLE_WINDOW_MS);
      gate.clock.advance(UNREADABLE_WINDOW_MS);
      // All alarms have rung, none is set again: the arm is down, the display idle.
      expect(gate.wakeAtMs).toBeNull();
      expect(gate.state.closeAtMs).toBeNull();
    }),
    { numRuns: 300 },
  );
});
