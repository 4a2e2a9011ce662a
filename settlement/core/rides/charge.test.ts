/** Which tap carries a charge, what has to change for it, and the walk of the state graph. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHARGE_GRAPH,
  CHARGE_STATES,
  type Charge,
  type ChargeState,
  type Claim,
  decideUse,
  statesOf,
} from './charge.ts';

function claim(changes: Partial<Claim> = {}): Claim {
  const place = { record: 1, gate: 'g1', epoch: 'e', seq: 1, atMs: 1000 };
  const counts = { voided: false, isStale: false };
  return { ...place, line: 'M1', fareCents: 250, isClockKnown: true, ...counts, ...changes };
}

/** Of one use that nobody has written off. */
function decide({ claims, charge: now }: { claims: readonly Claim[]; charge: Charge | null }) {
  return decideUse('u', { claims, charge: now, isWrittenOff: false });
}

function charge(changes: Partial<Charge> = {}): Charge {
  const base = { use: 'u', rev: 1, record: 1, line: 'M1', fareCents: 250, riddenAtMs: 1000 };
  return { ...base, state: 'WITHHELD', ...changes };
}

describe('the state graph', () => {
  test('money is withheld or owed only directly behind VERIFYING', () => {
    for (const state of CHARGE_STATES) {
      const leadsToMoney = CHARGE_GRAPH[state].some((to) => to === 'WITHHELD' || to === 'DEBT');
      expect(leadsToMoney, state).toBe(state === 'VERIFYING');
    }
  });

  test('every path from POSTED to money walks through VERIFYING', () => {
    const reached = new Set<ChargeState>();
    const walk = (state: ChargeState) => {
      if (reached.has(state) || state === 'VERIFYING') return;
      reached.add(state);
      for (const next of CHARGE_GRAPH[state]) walk(next);
    };
    walk('POSTED');
    expect([...reached]).toEqual(['POSTED']);
  });

  test.each([
    ['a new charge', null, { line: 'M1', fareCents: 1 }],
    ['another fare', { line: 'M1', fareCents: 2 }, { line: 'M1', fareCents: 1 }],
    ['none any more', { line: 'M1', fareCents: 2 }, null],
  ] as const)('what is written for %s follows the edges', (_name, before, after) => {
    for (const owedCents of [0, 1]) {
      const states = statesOf({ before, after }, owedCents);
      for (const [index, state] of states.entries()) {
        const next = states[index + 1];
        if (next !== undefined) expect(CHARGE_GRAPH[state]).toContain(next);
      }
      const froms: readonly ChargeState[] =
        before === null ? ['REFUNDED'] : ['WITHHELD', 'DEBT', 'RECOVERED'];
      for (const from of froms) expect(CHARGE_GRAPH[from]).toContain(states[0]);
    }
  });
});

describe('deciding a use', () => {
  test('one tap is charged', () => {
    const { dispositions, change } = decide({ claims: [claim()], charge: null });
    expect(dispositions).toEqual(new Map([[1, 'CHARGED']]));
    expect(change).toMatchObject({ rev: 1, before: null, after: { line: 'M1', fareCents: 250 } });
  });

  test('nothing changes for a charge that is as it must be', () => {
    expect(decide({ claims: [claim()], charge: charge() }).change).toBeNull();
  });

  test('an earlier tap that comes later takes the charge over', () => {
    const early = claim({ record: 2, gate: 'g2', atMs: 900, line: 'M2', fareCents: 300 });
    const { dispositions, change } = decide({ claims: [claim(), early], charge: charge() });
    expect(dispositions).toEqual(
      new Map([
        [1, 'EXTRA_USE'],
        [2, 'CHARGED'],
      ]),
    );
    expect(change).toMatchObject({
      rev: 2,
      before: { line: 'M1', fareCents: 250 },
      after: { line: 'M2', fareCents: 300 },
      carrier: early,
    });
  });

  test('a voided tap gives the charge to the next one', () => {
    const claims = [claim({ voided: true }), claim({ record: 2, atMs: 2000 })];
    const { dispositions, change } = decide({ claims, charge: charge() });
    expect([...dispositions.values()]).toEqual(['VOIDED', 'CHARGED']);
    expect(change?.carrier?.record).toBe(2);
  });

  test('without any tap left the fare goes back', () => {
    const { change } = decide({
      claims: [claim({ voided: true })],
      charge: charge({ state: 'DEBT' }),
    });
    expect(change).toMatchObject({ after: null, carrier: null, reason: 'BARRIER_FAILED' });
  });

  test('a tap that turned out stale carries nothing, and what it had paid goes back', () => {
    const stale = claim({ isStale: true });
    const alone = decide({ claims: [stale], charge: charge() });
    expect([...alone.dispositions.values()]).toEqual(['STALE_CODE']);
    expect(alone.change).toMatchObject({ after: null, reason: 'STALE_CODE' });
    const other = claim({ record: 2, gate: 'g2', atMs: 2000 });
    const { dispositions, change } = decide({ claims: [stale, other], charge: charge() });
    expect([...dispositions.values()]).toEqual(['STALE_CODE', 'CHARGED']);
    expect(change?.carrier?.record).toBe(2);
  });

  test('a ride that was at another time is written again, at the same fare', () => {
    const { change } = decide({ claims: [claim({ atMs: 900 })], charge: charge() });
    expect(change).toMatchObject({ rev: 2, before: { fareCents: 250 }, after: { fareCents: 250 } });
  });

  test('a refunded charge is not refunded again', () => {
    const refunded = charge({ state: 'REFUNDED', fareCents: 0, rev: 2 });
    expect(decide({ claims: [claim({ voided: true })], charge: refunded }).change).toBeNull();
    expect(decide({ claims: [claim()], charge: refunded }).change).toMatchObject({
      rev: 3,
      before: null,
    });
  });

  test('an unknown fare is not zero: nothing is charged until it is known', () => {
    const unknown = claim({ fareCents: undefined });
    const { dispositions, change } = decide({ claims: [unknown], charge: null });
    expect(change).toBeNull();
    expect(dispositions.get(1)).toBe('FARE_UNKNOWN');
    expect(decide({ claims: [unknown], charge: charge() }).change).toMatchObject({
      reason: 'FARE_UNKNOWN',
    });
  });
});

const claims = fc
  .array(
    fc.record({
      gate: fc.constantFrom('g1', 'g2', 'G3'),
      atMs: fc.integer({ min: 0, max: 3 }),
      voided: fc.boolean(),
      fareCents: fc.option(fc.constantFrom(100, 200), { nil: undefined }),
    }),
    { maxLength: 6 },
  )
  .map((all) => all.map((one, index) => claim({ ...one, record: index, seq: index })));

test('the order in which taps are known changes nothing, and at most one is charged', () => {
  fc.assert(
    fc.property(claims, fc.infiniteStream(fc.nat()), (all, dice) => {
      const shuffled = all
        .map((one) => ({ one, at: dice.next().value ?? 0 }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
      const decision = decide({ claims: all, charge: null });
      expect(decide({ claims: shuffled, charge: null }).change).toEqual(decision.change);
      const ends = [...decision.dispositions.values()];
      expect(ends).toHaveLength(all.length);
      expect(ends.filter((end) => end === 'CHARGED').length).toBeLessThanOrEqual(1);
      expect(ends.includes('CHARGED')).toBe(decision.change !== null);
    }),
  );
});
