/** Cheats are played against the real decisions of gates and settlement: none costs more than riskOf says. */
import { configSchema, type SettlementOptions } from '@stile/settlement/config.ts';
import { type RiskScene, riskOf } from '@stile/settlement/core/access/risk.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CheatTown, type TownPass } from './testing/cheat-town.ts';

const SCENE: RiskScene = {
  gates: 3,
  fareCents: 250,
  walletCents: 300,
  enrolledBy: 'open',
  denialS: 60,
  passbackS: 120,
  isTimeless: false,
};
const DAY_S = 86_400;

type Play = { settings?: SettlementOptions; scene?: Partial<RiskScene> };

function begin({ settings = {}, scene = {} }: Play) {
  const rules = configSchema.parse({ stile: 'settlement/1', ...settings });
  const all = { ...SCENE, ...scene };
  const town = new CheatTown(rules, all);
  let counter = 0;
  const next = () => {
    counter += 1;
    return counter;
  };
  return { town, risk: riskOf(rules, all), rides: all, next };
}

function mustRenew(town: CheatTown): TownPass {
  const pass = town.renew();
  if (pass === null) throw new Error('no pass was given');
  return pass;
}

describe('what was lost once', () => {
  test('renewing day by day while a gate is away gives no second allowance there', () => {
    const { town, risk, next } = begin({ scene: { gates: 1 } });
    let opened = 0;
    for (let day = 0; day < 30; day += 1) {
      if (town.ride(0, { pass: mustRenew(town), counter: next() }) === 'open') opened += 1;
      town.pass(DAY_S + 1);
    }
    expect(opened).toBe(1);
    expect(town.lostCents).toBe(0);
    expect(risk.mostCents).toBe(250);
  });

  test('issues that were fetched beforehand give nothing at a gate that has told settlement since', () => {
    for (const passbackS of [0, 120]) {
      const { town, next } = begin({ scene: { passbackS } });
      const held = [1, 2, 3, 4, 5, 6, 7].map(() => {
        town.pass(2);
        return mustRenew(town);
      });
      const results = held.map((pass) => {
        const result = town.ride(0, { pass, counter: next() });
        town.sync(0);
        town.pass(121);
        return result;
      });
      expect(results).toEqual(['open', ...held.slice(1).map(() => 'ALLOWANCE_USED')]);
      expect(town.renew()).toBeNull();
      expect(town.lostCents).toBe(0);
    }
  });

  test('a code that is copied again and again costs passes in the end', () => {
    const { town, risk, next } = begin({ scene: { walletCents: 100_000, gates: 3 } });
    for (let day = 0; day < 29; day += 1) {
      const pass = town.renew();
      const counter = next();
      for (const gate of [0, 1, 2]) {
        if (pass !== null) town.ride(gate, { pass, counter });
        town.sync(gate);
      }
      town.pass(DAY_S);
    }
    expect(town.renew()).toBeNull();
    expect(town.lostCents).toBeGreaterThan(0);
    expect(town.lostCents).toBeLessThanOrEqual(risk.mostCents);
  });
});

describe('gates that do not know the time', () => {
  const scene = { walletCents: 3_600, isTimeless: true };
  const OLD_S = 600;

  test('open for old codes, up to what is said, and nobody pays', () => {
    const { town, risk, rides, next } = begin({ scene });
    const pass = mustRenew(town);
    town.pass(OLD_S);
    for (let n = 0; n < risk.ridesOfPass; n += 1) {
      for (let gate = 0; gate < rides.gates; gate += 1) {
        expect(town.ride(gate, { pass, counter: next(), agoS: OLD_S })).toBe('open');
        town.sync(gate);
      }
      town.pass(rides.passbackS);
    }
    expect(town.ride(0, { pass, counter: next(), agoS: OLD_S })).toBe('ALLOWANCE_USED');
    expect(town.walletCents).toBe(3_600);
    expect(town.lostCents).toBe(risk.mostCents);
    expect(risk.onlineCents).toBe(risk.mostCents);
    expect(town.renew()).toBeNull();
  });

  test('one old code, copied to every gate, costs a ride more than a fresh one', () => {
    const { town, risk, rides, next } = begin({ scene });
    const pass = mustRenew(town);
    town.pass(OLD_S);
    const counter = next();
    for (let gate = 0; gate < rides.gates; gate += 1) {
      expect(town.ride(gate, { pass, counter, agoS: OLD_S })).toBe('open');
    }
    expect(town.lostCents).toBe(risk.copiedCodeCents);
    expect(risk.copiedCodeCents).toBe(rides.gates * rides.fareCents);
  });

  test('old codes cost passes in the end, however often the gates tell settlement', () => {
    const { town, risk, next } = begin({ scene });
    for (let day = 0; day < 29; day += 1) {
      const pass = town.renew();
      town.pass(OLD_S);
      for (const gate of [0, 1, 2]) {
        if (pass !== null) town.ride(gate, { pass, counter: next(), agoS: OLD_S });
        town.sync(gate);
      }
      town.pass(DAY_S - OLD_S);
    }
    expect(town.renew()).toBeNull();
    expect(town.lostCents).toBeGreaterThan(0);
    expect(town.lostCents).toBeLessThanOrEqual(risk.mostCents);
  });

  test('a fresh code is paid there as anywhere', () => {
    const { town, next } = begin({ scene });
    expect(town.ride(0, { pass: mustRenew(town), counter: next() })).toBe('open');
    town.pass(60);
    expect(town.lostCents).toBe(0);
    expect(town.walletCents).toBe(3_350);
  });
});

const SETTINGS: readonly (Play & { what: string })[] = [
  { what: 'one ride', scene: {} },
  { what: 'a full pass', scene: { walletCents: 3_600 } },
  {
    what: 'credit',
    settings: { offline: { creditCents: { open: 5_000 } } },
    scene: { walletCents: 0 },
  },
  { what: 'a dear fare', scene: { walletCents: 3_600, fareCents: 1_000 } },
  { what: 'no passback', scene: { walletCents: 3_600, passbackS: 0 } },
  { what: 'a late denial', scene: { walletCents: 3_600, denialS: 3_600 } },
  {
    what: 'a small allowance',
    settings: { pass: { allowance: 4 } },
    scene: { walletCents: 9_999 },
  },
];

describe.each(SETTINGS)('$what', (play) => {
  test('the most that is lost can be lost', () => {
    const { town, risk, rides, next } = begin(play);
    const pass = mustRenew(town);
    town.spend(100_000);
    for (let n = 0; n < risk.ridesOfPass; n += 1) {
      const codes = Array.from({ length: rides.gates }, () => next());
      codes.forEach((counter, gate) => {
        expect(town.ride(gate, { pass, counter })).toBe('open');
      });
      town.pass(rides.passbackS);
    }
    expect(town.ride(0, { pass, counter: next() })).toBe('ALLOWANCE_USED');
    expect(town.lostCents).toBe(risk.mostCents);
  });

  test('gates with a network lose less, by the denial', () => {
    const { town, risk, rides, next } = begin(play);
    const pass = mustRenew(town);
    town.spend(100_000);
    for (let n = 0; n < 20; n += 1) {
      for (let gate = 0; gate < rides.gates; gate += 1) {
        town.sync(gate);
        town.ride(gate, { pass, counter: next() });
        town.sync(gate);
      }
      town.pass(Math.max(rides.passbackS, 1));
    }
    expect(town.lostCents).toBe(risk.onlineCents);
  });
});

type Act =
  | { do: 'renew' }
  | { do: 'spend' | 'topUp'; cents: number }
  | { do: 'wait'; seconds: number }
  | { do: 'sync'; gate: number }
  | { do: 'ride'; gate: number; held: number; copy: boolean; agoS: number };

const gate = fc.integer({ min: 0, max: 2 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Act>({ do: 'renew' }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('spend'), cents: fc.integer({ min: 1, max: 4_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('topUp'), cents: fc.integer({ min: 1, max: 4_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait'), seconds: fc.constantFrom(1, 121, 3_600) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sync'), gate }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('ride'),
      gate,
      held: fc.nat({ max: 9 }),
      copy: fc.boolean(),
      agoS: fc.constantFrom(0, 600, 86_400),
    }),
  },
);

test('whatever an account does, it costs no more than is said', () => {
  const wallets = fc.integer({ min: 0, max: 4_000 });
  const fares = fc.constantFrom(250, 300, 900);
  const allowances = fc.integer({ min: 1, max: 6 });
  const credits = fc.constantFrom(0, 300, 1_000);
  const streets = fc.record({ passbackS: fc.constantFrom(0, 120), isTimeless: fc.boolean() });
  fc.assert(
    fc.property(
      fc.tuple(wallets, fares, allowances, credits, streets),
      fc.array(act, { maxLength: 120 }),
      ([walletCents, fareCents, allowance, open, street], acts) => {
        const settings = { pass: { allowance }, offline: { creditCents: { open } } };
        const { town, next } = begin({ settings, scene: { walletCents, fareCents, ...street } });
        const rules = configSchema.parse({ stile: 'settlement/1', ...settings });
        const held: TownPass[] = [];
        let counter = next();
        let mostCents = walletCents;
        for (const one of acts) {
          if (one.do === 'renew') {
            const pass = town.renew();
            if (pass !== null) held.unshift(pass);
          }
          if (one.do === 'spend') town.spend(one.cents);
          if (one.do === 'topUp') town.topUp(one.cents);
          if (one.do === 'wait') town.pass(one.seconds);
          if (one.do === 'sync') town.sync(one.gate);
          mostCents = Math.max(mostCents, town.walletCents);
          const pass = one.do === 'ride' ? held[one.held] : undefined;
          if (one.do !== 'ride' || pass === undefined) continue;
          if (!one.copy) counter = next();
          town.ride(one.gate, { pass, counter, agoS: one.agoS });
        }
        const most = riskOf(rules, { ...SCENE, ...street, fareCents, walletCents: mostCents });
        expect(town.lostCents).toBeLessThanOrEqual(most.mostCents);
      },
    ),
    { numRuns: 400 },
  );
});

test('a commuter with money, whose gates tell settlement every night, is never refused', () => {
  const { town, next } = begin({ scene: { gates: 2, walletCents: 4_000 } });
  let pass = mustRenew(town);
  for (let day = 0; day < 90; day += 1) {
    for (const at of [0, 1]) {
      expect([day, at, town.ride(at, { pass, counter: next() })]).toEqual([day, at, 'open']);
      town.pass(9 * 3_600);
      // A phone renews when half of the pass is over, here always between two rides.
      if (at === 0 && day % 3 === 2) pass = mustRenew(town);
    }
    town.sync(0);
    town.sync(1);
    town.topUp(500);
    town.pass(DAY_S - 18 * 3_600);
  }
  expect(town.lostCents).toBe(0);
});
