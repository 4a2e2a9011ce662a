/** docs/risk.md says what each way to cheat costs at most, and its table is what the settings make of it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configSchema, type SettlementOptions } from '../../config.ts';
import { type RiskScene, riskOf } from './risk.ts';
import { ENROLMENT_KINDS } from './standing.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/risk.md', import.meta.url));

const SCENE: RiskScene = {
  gates: 10,
  fareCents: 250,
  walletCents: 0,
  enrolledBy: 'open',
  denialS: 60,
  passbackS: 120,
  isTimeless: false,
};

type Row = { what: string; settings: SettlementOptions; scene: Partial<RiskScene> };

const lent = (cents: number) => ({ offline: { creditCents: { verified: cents } } });
const ROWS: readonly Row[] = [
  { what: 'defaults, empty wallet', settings: {}, scene: {} },
  { what: 'defaults, 3.00 in the wallet', settings: {}, scene: { walletCents: 300 } },
  { what: 'defaults, 10.00 in the wallet', settings: {}, scene: { walletCents: 1_000 } },
  { what: 'defaults, 36.00 in the wallet', settings: {}, scene: { walletCents: 3_600 } },
  {
    what: 'the same, one gate',
    settings: {},
    scene: { walletCents: 3_600, gates: 1 },
  },
  {
    what: 'the same, ten gates that do not know the time (`STALE_CODE`)',
    settings: {},
    scene: { walletCents: 3_600, isTimeless: true },
  },
  {
    what: 'the same, ten gates, `issuesMax` 1000',
    settings: { offline: { issuesMax: 1_000 } },
    scene: { walletCents: 3_600 },
  },
  {
    what: 'the same, `pass.allowance` 4',
    settings: { pass: { allowance: 4 } },
    scene: { walletCents: 3_600 },
  },
  { what: 'credit 3.00, empty wallet', settings: lent(300), scene: { enrolledBy: 'verified' } },
  { what: 'credit 50.00, empty wallet', settings: lent(5_000), scene: { enrolledBy: 'verified' } },
  {
    what: 'the same, no passback',
    settings: lent(5_000),
    scene: { enrolledBy: 'verified', passbackS: 0 },
  },
  {
    what: 'the same, denied after an hour',
    settings: lent(5_000),
    scene: { enrolledBy: 'verified', denialS: 3_600 },
  },
];

const money = (cents: number) => (cents / 100).toFixed(2);

function rowOf({ what, settings, scene }: Row): string {
  const risk = riskOf(configSchema.parse({ stile: 'settlement/1', ...settings }), {
    ...SCENE,
    ...scene,
  });
  const losses = [risk.mostCents, risk.onlineCents, risk.copiedCodeCents, risk.freshAccountCents];
  return `| ${what} | ${risk.ridesOfPass} | ${losses.map(money).join(' | ')} |`;
}

test('the table of docs/risk.md is computed from the settings', () => {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  const from = lines.findIndex((line) => line.startsWith('| settings |'));
  const table = lines.slice(from + 2, lines.indexOf('', from));
  expect(table).toEqual(ROWS.map(rowOf));
});

test('nothing behind an account loses nothing, whatever it does', () => {
  const config = configSchema.parse({ stile: 'settlement/1' });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.constantFrom(...ENROLMENT_KINDS),
      (gates, fareCents, enrolledBy) => {
        const { ridesOfPass: _rides, ...losses } = riskOf(config, {
          ...SCENE,
          gates,
          fareCents,
          enrolledBy,
        });
        expect(Object.values(losses).every((cents) => cents === 0)).toBe(true);
      },
    ),
  );
});
