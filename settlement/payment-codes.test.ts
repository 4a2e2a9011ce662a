/**
 * The promise of payment codes, in numbers: each is good when it is made and ten seconds later, once, and
 * never two steps away; guessing meets its limits long before it finds one. Prints what it counted, and
 * the same for the vectors of RFC 6238. The clock is moved; passwords of another step that happen to be
 * a good one's (3 in 10^8) are rightly good, so they are left out.
 */

import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import {
  isMisread,
  otpOfTimeStep,
  timeStepAt,
  writePaymentCode,
} from '@stile/protocol/payment-code.ts';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configSchema, type SettlementOptions } from './config.ts';
import {
  blindGuessBound,
  DEFAULT_PAYMENT_LIMITS,
  guessesPerHour,
  handleGuessBound,
  PASSWORDS_GOOD,
  pauseMs,
} from './core/payments/payment-rules.ts';
import { findTimeStep } from './keys/seeds.ts';
import { type ScriptedSeed, ScriptedTown, START_MS } from './testing/town.ts';

const RIDERS = 40;
const ROUNDS = 25;
const CODES = RIDERS * ROUNDS;
const STEP_MS = 60_000;
const TEN_S_MS = 10_000;
/** So that codes from wrong steps, thousands of them, are judged one by one. */
const UNLIMITED = {
  http: {
    requestsPerMinute: 1e6,
    riderRequestsPerMinute: 1e6,
    merchantRequestsPerMinute: 1e6,
    paymentsPerMinute: 1e6,
  },
  payments: { handleFailuresMax: 1_000, payeeFailuresFree: 100_000 },
};

let town: ScriptedTown;
const towns: ScriptedTown[] = [];
let sales = 0;
const figures: [what: string, count: string][] = [];
afterEach(async () => {
  for (const one of towns.splice(0)) await one.close();
});
afterAll(() => {
  const lines = figures.map(([what, count]) => `  ${what.padEnd(66)} ${count}`);
  process.stdout.write(`\npayment codes\n${lines.join('\n')}\n`);
});

async function openTown(settings: SettlementOptions = {}): Promise<void> {
  town = await ScriptedTown.open({ settings });
  towns.push(town);
}

async function pay(code: string, token: string): Promise<Payment> {
  sales += 1;
  const body = { idempotencyKey: `sale-${sales}-long`, code, amountCents: 1 };
  return await town.get<Payment>('/v1/payments', { body, token });
}

const nowMs = () => town.clock.now().wallMs;
const outcomesOf = (payments: readonly Payment[]) => countBy(payments.map(nameOf));
const nameOf = ({ outcome, reason }: Payment) => (reason === null ? outcome : reason);

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Numbers from 0 up to `below`, the same in each run. */
function drawer(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The code of a step so far away, unless its password is by chance that of a good one. */
function strayCode(
  seed: ScriptedSeed,
  { atMs, stepsAway }: { atMs: number; stepsAway: number },
): string[] {
  const good = [-1, 0, 1].map((away) => seed.codeAt(atMs, away));
  const code = seed.codeAt(atMs, stepsAway);
  return good.includes(code) ? [] : [code];
}

describe(`${CODES} payment codes`, () => {
  let seeds: ScriptedSeed[];
  let shops: string[];
  beforeEach(async () => {
    await openTown(UNLIMITED);
    seeds = [];
    for (let count = 0; count < RIDERS; count += 1) {
      const rider = await town.addRider();
      await rider.topUp(ROUNDS);
      seeds.push(await rider.fetchSeed());
    }
    shops = await Promise.all(['a1', 'b2', 'c3', 'd4'].map((name) => town.addMerchant(name)));
  });

  const payAll = async (codes: readonly string[], shift = 0) =>
    await Promise.all(
      codes.map((code, index) => pay(code, shops[(index + shift) % shops.length] ?? '')),
    );

  test.each([
    ['in the second they are made', 0],
    ['ten seconds later', TEN_S_MS],
  ])('are accepted %s, once, and none from two steps away', async (when, laterMs) => {
    const draw = drawer(laterMs + 1);
    const found = { good: [], again: [], before: [], after: [] } as Record<string, Payment[]>;
    let crossed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      // Never nearer than five steps, so that no code that is two steps away was paid with before.
      town.clock.advance((5 + draw(5)) * STEP_MS + draw(STEP_MS));
      const madeMs = nowMs();
      const made = seeds.map((seed) => seed.codeAt(madeMs));
      town.clock.advance(laterMs);
      if (timeStepAt(madeMs / 1000) !== timeStepAt(nowMs() / 1000)) crossed += 1;
      const stray = (away: number) =>
        seeds.flatMap((seed) => strayCode(seed, { atMs: nowMs(), stepsAway: away }));
      found.before?.push(...(await payAll(stray(-2))));
      found.after?.push(...(await payAll(stray(2))));
      found.good?.push(...(await payAll(made)));
      // At another shop, and under another key.
      found.again?.push(...(await payAll(made, 1)));
    }
    const counts = Object.entries(found).map(([name, all]) => [name, outcomesOf(all)]);
    expect(Object.fromEntries(counts)).toEqual({
      good: { PAID: CODES },
      again: { CODE_USED: CODES },
      before: { CLOCK_OFF: found.before?.length },
      after: { CLOCK_OFF: found.after?.length },
    });
    expect(found.before?.length).toBeGreaterThan(CODES - 3);
    if (laterMs > 0) expect(crossed).toBeGreaterThan(0);
    figures.push(
      [`accepted ${when}`, `${CODES} of ${CODES}`],
      ['  of them accepted again', `0 of ${CODES}`],
      ['  accepted from step -2 / from step +2', `0 / 0 of ${found.before?.length}`],
    );
  });
});

describe('guessing', () => {
  const limits = DEFAULT_PAYMENT_LIMITS;
  const GUESSES = 1_300;
  const HOURS = 4;

  test('junk is no guess: what has no check digits counts against nobody', async () => {
    await openTown();
    const rider = await town.addRider();
    await rider.topUp(1_000);
    const seed = await rider.fetchSeed();
    const shop = await town.addMerchant('honest');
    const good = seed.codeAt(nowMs());
    const junk = ['71', '72', good.slice(0, 10)].flatMap((start) =>
      Array.from(
        { length: 20 },
        (_, at) => start + String(at * 4_793).padStart(20 - start.length, '4'),
      ),
    );
    const misread = junk.filter(isMisread);
    expect(misread.length).toBeGreaterThan(50);
    for (const [at, code] of misread.entries()) {
      const body = { idempotencyKey: `junk-${at}-sale`, code, amountCents: 1 };
      expect(await town.ask('/v1/payments', { body, token: shop })).toMatchObject({
        status: 400,
        body: { code: 'REQUEST_INVALID', message: expect.stringContaining('check digits') },
      });
    }
    expect(await pay(good, shop)).toMatchObject({ outcome: 'PAID' });
  });

  test('over HTTP meets every limit, and finds nothing', async () => {
    await openTown();
    const draw = drawer(7);
    const digits = (count: number) => String(draw(10 ** count)).padStart(count, '0');
    const rider = await town.addRider();
    await rider.topUp(10_000);
    const seed = await rider.fetchSeed();
    const thief = await town.addMerchant('thief');
    const shop = await town.addMerchant('honest');
    // One handle whose digits were seen: its tries are used up, for the right password as well.
    const known: Payment[] = [];
    for (let tries = 0; tries <= limits.handleFailuresMax; tries += 1) {
      known.push(await pay(writePaymentCode({ handle: seed.handle, otp: digits(8) }), thief));
      town.clock.advance(60_000);
    }
    expect(outcomesOf(known)).toEqual({
      CODE_REFUSED: limits.handleFailuresMax,
      TOO_MANY_TRIES: 1,
    });
    expect(await pay(seed.codeAt(nowMs()), shop)).toMatchObject({ reason: 'TOO_MANY_TRIES' });
    // Blind, as fast as it goes: one is looked at, and then nothing for half a minute.
    const blind: Payment[] = [];
    let tooMany = 0;
    for (let guess = 0; guess < GUESSES; guess += 1) {
      const idempotencyKey = `guess-${guess}-blind`;
      const body = {
        idempotencyKey,
        code: addCheckDigits(`71${digits(8)}${digits(8)}`),
        amountCents: 1,
      };
      const answer = await town.ask('/v1/payments', { body, token: thief });
      if (answer.status === 429) tooMany += 1;
      else blind.push(answer.body as Payment);
    }
    const perMinute = configSchema.parse({ stile: 'settlement/1' }).http.paymentsPerMinute;
    expect(tooMany).toBe(GUESSES - perMinute);
    const lookedAt = 1;
    expect(outcomesOf(blind)).toEqual({
      CODE_REFUSED: lookedAt,
      TOO_MANY_TRIES: blind.length - lookedAt,
    });
    // The honest shop is not in its way: another rider pays there at once.
    const fresh = await rider.fetchSeed();
    expect(await pay(fresh.codeAt(nowMs()), shop)).toMatchObject({ outcome: 'PAID' });
    expect(await rider.money()).toMatchObject({ balanceCents: 9_999 });
    figures.push(
      [
        `brute force over HTTP: ${GUESSES + known.length} guesses, looked at`,
        String(lookedAt + 20),
      ],
      ['  refused unread / answered 429', `${blind.length - lookedAt + 1} / ${tooMany}`],
      ['  found', `0 (bound ${handleGuessBound(limits).toExponential(1)} of one handle)`],
    );
  });

  test('for hours stays under the computed bound', async () => {
    await openTown();
    const rider = await town.addRider();
    await rider.fetchSeed();
    const draw = drawer(11);
    const thief = await town.addMerchant('thief');
    const found: Payment[] = [];
    const endMs = nowMs() + HOURS * 3_600_000;
    while (nowMs() < endMs) {
      found.push(await pay(addCheckDigits(`71${String(draw(1e16)).padStart(16, '0')}`), thief));
      // As soon as it is looked at again: never later than the count of all would say.
      town.clock.advance(Math.max(1, pauseMs(found.length, limits)));
    }
    const counts = outcomesOf(found);
    expect(counts).toEqual({ CODE_REFUSED: found.length });
    expect(found.length).toBeLessThanOrEqual(HOURS * guessesPerHour(limits));
    const bound = HOURS * blindGuessBound(limits, 1_000_000);
    expect(counts.PAID ?? 0).toBeLessThanOrEqual(Math.ceil(bound) - 1);
    figures.push([
      `${HOURS} hours of blind guesses, a million live handles: ${found.length} looked at`,
      `found 0, bound ${bound.toExponential(1)}`,
    ]);
  });

  test('has the odds that the documents say', () => {
    // docs/decisions/0012 and protocol/README.md: 20 tries at 3 of 10^8; a blind try: N * 3 / 10^16.
    expect(handleGuessBound(limits)).toBeCloseTo((20 * 3) / 1e8, 15);
    expect(handleGuessBound(limits)).toBeLessThan(1e-6);
    expect(blindGuessBound(limits, 1)).toBeCloseTo((128 * 3) / 1e16, 24);
  });
});

describe('the check of one password', () => {
  const seedOf = (draw: (below: number) => number) => {
    return Uint8Array.from({ length: 32 }, () => draw(256));
  };
  const NOW_S = START_MS / 1000;
  /** Given to the guesser, so that a thousand are left to choose from. */
  const FREE = 1_000;
  const withEnd = (otp: string, end: number) => otp.slice(0, 5) + String(end).padStart(3, '0');

  const oneDigitOff = (otp: string) =>
    Array.from({ length: 80 }, (_, index) => {
      const at = Math.floor(index / 10);
      return otp.slice(0, at) + String(index % 10) + otp.slice(at + 1);
    });

  test('takes exactly three of all that there are', () => {
    const draw = drawer(3);
    for (let count = 0; count < 3; count += 1) {
      const seed = seedOf(draw);
      const step = timeStepAt(NOW_S);
      const good = [-1, 0, 1].map((away) => otpOfTimeStep(seed, step + away));
      const taken = new Set<string>();
      // Every password that begins like a good one, or has one other digit; then some from all over.
      for (const otp of good) {
        for (let end = 0; end < FREE; end += 1) {
          if (findTimeStep(seed, { otp: withEnd(otp, end), nowS: NOW_S }) !== null)
            taken.add(withEnd(otp, end));
        }
      }
      for (const otp of good.flatMap(oneDigitOff)) {
        if (findTimeStep(seed, { otp, nowS: NOW_S }) !== null) taken.add(otp);
      }
      for (let other = 0; other < FREE; other += 1) {
        const otp = String(draw(1e8)).padStart(8, '0');
        if (findTimeStep(seed, { otp, nowS: NOW_S }) !== null) taken.add(otp);
      }
      expect([...taken].sort()).toEqual([...new Set(good)].sort());
      expect(taken.size).toBeLessThanOrEqual(PASSWORDS_GOOD);
      expect(good.map((otp) => findTimeStep(undefined, { otp, nowS: NOW_S }))).toEqual([
        null,
        null,
        null,
      ]);
    }
  });

  test('with only a thousand to choose from is guessed as often as the bound says', () => {
    const HANDLES = 500;
    const tries = DEFAULT_PAYMENT_LIMITS.handleFailuresMax;
    const draw = drawer(5);
    let broken = 0;
    for (let handle = 0; handle < HANDLES; handle += 1) {
      const seed = seedOf(draw);
      const near = otpOfTimeStep(seed, timeStepAt(NOW_S) - 1 + draw(PASSWORDS_GOOD));
      const guesses = new Set<number>();
      while (guesses.size < tries) guesses.add(draw(FREE));
      if (
        [...guesses].some(
          (end) => findTimeStep(seed, { otp: withEnd(near, end), nowS: NOW_S }) !== null,
        )
      ) {
        broken += 1;
      }
    }
    // The same formula, for one good password among those that begin like it.
    const bound = (HANDLES * tries) / FREE;
    const spread = Math.sqrt(bound);
    expect(broken).toBeGreaterThan(bound - 4 * spread);
    expect(broken).toBeLessThan(bound + 4 * spread);
    figures.push([
      `scaled down: ${HANDLES} handles, ${tries} tries at 1 of ${FREE}`,
      `found ${broken}, bound ${bound}`,
    ]);
  });
});
