/** Scenario files that are good and bad, what is played of them, and both reports. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Misbehaviour } from '../scanner/virtual.ts';
import type { Heard } from '../verdicts/listener.ts';
import { rowOf, rowOfSyntaxError } from './json-lines.ts';
import { isGood, writeReport } from './report.ts';
import { type Hands, runScenario } from './run.ts';
import { parseScenario } from './scenario.ts';

const KNOWN = { file: 'a.json', riders: ['ada'], reasons: ['REPLAY', 'NO_CODE_FOUND'] };
const scenario = (steps: readonly object[]) =>
  JSON.stringify({ stile: 'scenario/1', name: 'A', steps }, null, 1);

test('rows are found in any layout', () => {
  const text =
    '{\n"a": [],\n"b": {},\n"c": [\n{"x": 1,\n"y": ["]{,:",\n{}]},\n{"z": {"q":\n2}}\n]\n}';
  const rows = [['a'], ['b'], ['c', 0, 'y', 1], ['c', 1], ['c', 1, 'z', 'q'], ['c', 1, 'gone']];
  expect(rows.map((path) => rowOf(text, path))).toEqual([2, 3, 7, 8, 9, 8]);
});

test.each([
  ['{\n"a": ,\n}', 2],
  ['{\n"a": 1\n"b": 2\n}', 3],
  ['[\n1,\n2,\n]', 4],
  ['{\n"a": "\nb"}', 2],
  ['[\ntrue,\ntrux]', 3],
  ['[\n1', 2],
  ['[]\n[]', 2],
  ['', 1],
])('%j stops being JSON in row %i', (text, row) => {
  expect(rowOfSyntaxError(text)).toBe(row);
});

describe('a bad file is said with row and field', () => {
  test.each<[string, string, RegExp]>([
    ['no JSON', '{\n"stile": ,\n}', /^a\.json:2 is not JSON/],
    ['a doubled key', '{"stile":"scenario/1","stile":"scenario/1"}', /a key stands twice/],
    [
      'another kind of file',
      '{\n"stile": "phone/1",\n"name":"A","steps":[{"waitMs":1}]}',
      /a\.json:2: stile: /,
    ],
    ['no steps', scenario([]), /a\.json:4: steps: /],
    [
      'two sources',
      scenario([{ text: 'x', waitMs: 1 }]),
      /a\.json:5: steps\[0\]: .*exactly one of text/,
    ],
    ['none', scenario([{ name: 'x' }]), /steps\[0\]: a step has exactly one of/],
    [
      'nothing expected',
      scenario([{ text: 'x' }]),
      /steps\[0\]\.expect: what is shown has an `expect`/,
    ],
    [
      'a wait that expects',
      scenario([{ waitMs: 1, expect: 'open' }]),
      /a\.json:7: steps\[0\]\.expect: nothing is shown/,
    ],
    [
      'a word that no gate says',
      scenario([{ text: 'x', expect: 'REPLY' }]),
      /a\.json:7: steps\[0\]\.expect: REPLY is nothing that a gate says/,
    ],
    [
      'a field that is not known',
      scenario([{ text: 'x', expects: 'open', expect: 'open' }]),
      /steps\[0\]: .*expects/,
    ],
    [
      'a phone that is not given',
      scenario([{ rider: 'bob', expect: 'open' }]),
      /rider: no phone is given for bob: --rider bob=phone\.json/,
    ],
    [
      'a step that is not before it',
      scenario([{ again: 'x', expect: 'open' }]),
      /again: no step before it is x/,
    ],
    [
      'one name for two',
      scenario([
        { name: 'a', waitMs: 1 },
        { name: 'a', waitMs: 1 },
      ]),
      /steps\[1\]\.name: another step is a already/,
    ],
    ['a line end in a text', scenario([{ text: 'a\nb', expect: 'open' }]), /text: no line end/],
    [
      'an age without a rider',
      scenario([{ text: 'a', ageS: 1, expect: 'open' }]),
      /ageS: only with `rider`/,
    ],
    [
      'a misbehaviour that is none',
      scenario([{ text: 'a', expect: 'open', misbehave: { loud: true } }]),
      /steps\[0\]\.misbehave: .*loud/,
    ],
  ])('%s', (_name, text, message) => {
    expect(() => parseScenario(text, KNOWN)).toThrow(message);
  });
});

const OPEN: Heard = {
  scan: '0'.repeat(16),
  verdict: 'open',
  reason: null,
  words: ['WELCOME', 'Please pass'],
  openMs: 3_000,
  isOther: false,
};
const REPLAY: Heard = {
  ...OPEN,
  verdict: 'refuse',
  reason: 'REPLAY',
  words: ['CODE <USED>', 'Refresh & retry'],
  openMs: 0,
};

/** Says `answers` one after the other, and remembers what was done. */
function scripted(answers: (Heard | null)[]) {
  const done: unknown[] = [];
  let monoMs = 0;
  const abort = new AbortController();
  const hands: Hands = {
    play: async (text: string, misbehaviour: Misbehaviour) => {
      done.push({ text, ...misbehaviour });
      monoMs += 10;
      return answers.shift() ?? null;
    },
    read: async (picture) =>
      picture === 'wall.png' ? { reason: 'NO_CODE_FOUND' } : { text: `text of ${picture}` },
    makeCode: ({ rider, code, ageS }) => `${code} of ${rider}, ${ageS} s old`,
    wait: async (ms) => {
      monoMs += ms;
    },
    unplug: async () => {
      done.push('unplug');
    },
    replug: () => Promise.reject(new Error('the name is taken')),
    monoMs: () => monoMs,
    signal: abort.signal,
  };
  return { hands, done, abort };
}

const STEPS = [
  { name: 'ride', rider: 'ada', expect: 'open' },
  { again: 'ride', misbehave: { split: true }, expect: 'open' },
  { waitMs: 500 },
  { picture: 'wall.png', expect: 'NO_CODE_FOUND' },
  { picture: 'code.png', expect: 'silent' },
  { rider: 'ada', code: 'payment', ageS: 60, expect: 'any' },
  { port: 'unplug' },
  { port: 'replug' },
];

async function play(answers: (Heard | null)[]) {
  const { hands, done, abort } = scripted(answers);
  const parsed = parseScenario(scenario(STEPS), KNOWN);
  const results = await runScenario(parsed, { hands, onStep: () => undefined });
  const outcome = {
    scenario: 'A "test"',
    file: 'a.json',
    startedAtMs: Date.UTC(2026, 2, 2, 8),
    stepCount: STEPS.length,
    results,
  };
  return { results, done, outcome, abort };
}

test('steps are done in order, each compared with what it must give', async () => {
  const { results, done, outcome } = await play([OPEN, REPLAY, null, REPLAY]);
  expect(done).toEqual([
    { text: 'transit of ada, 0 s old' },
    { text: 'transit of ada, 0 s old', split: true },
    { text: 'text of code.png' },
    { text: 'payment of ada, 60 s old' },
    'unplug',
  ]);
  expect(results.map(({ actual, isOk, ms }) => [actual, isOk, ms])).toEqual([
    ['open', true, 10],
    ['REPLAY', false, 10],
    [null, true, 500],
    ['NO_CODE_FOUND', true, 0],
    ['silent', true, 10],
    ['REPLAY', true, 10],
    [null, true, 0],
    [null, false, 0],
  ]);
  expect(results.at(-1)?.failure).toBe('the name is taken');
  expect(isGood(outcome)).toBe(false);
});

test('the JSON report has every step', async () => {
  const { outcome } = await play([OPEN, OPEN, null, OPEN]);
  const report = JSON.parse(writeReport(outcome, 'json')) as Record<string, unknown>;
  expect(report).toMatchObject({
    stile: 'scenario-report/1',
    scenario: 'A "test"',
    startedAt: '2026-03-02T08:00:00.000Z',
    ok: false,
    steps: 8,
    passed: 7,
    failed: 1,
    notRun: 0,
  });
  expect((report.results as unknown[])[0]).toEqual({
    number: 1,
    name: 'ride',
    expected: 'open',
    actual: 'open',
    words: ['WELCOME', 'Please pass'],
    openMs: 3_000,
    failure: null,
    ms: 10,
    ok: true,
  });
});

test('the JUnit report is what test runners read, whatever stands in names and words', async () => {
  const { outcome } = await play([OPEN, REPLAY, null, OPEN]);
  const stopped = { ...outcome, results: outcome.results.slice(0, 2) };
  expect(writeReport(stopped, 'junit')).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="8" failures="1" skipped="6" errors="0" time="0.020">
  <testsuite name="A &quot;test&quot;" tests="8" failures="1" skipped="6" errors="0" time="0.020" timestamp="2026-03-02T08:00:00" file="a.json">
    <testcase classname="A &quot;test&quot;" name="1. ride" time="0.010"/>
    <testcase classname="A &quot;test&quot;" name="2. ride, again" time="0.010"><failure message="expected open, got REPLAY (CODE &lt;USED&gt; / Refresh &amp; retry)">expected open, got REPLAY (CODE &lt;USED&gt; / Refresh &amp; retry)</failure></testcase>
${[3, 4, 5, 6, 7, 8].map((step) => `    <testcase classname="A &quot;test&quot;" name="step ${step}"><skipped/></testcase>\n`).join('')}  </testsuite>
</testsuites>
`,
  );
  expect(isGood({ ...stopped, results: [] })).toBe(false);
});

test('a scenario that is stopped ends before its next step', async () => {
  const { hands, abort, done } = scripted([OPEN]);
  const parsed = parseScenario(scenario(STEPS), KNOWN);
  const results = await runScenario(parsed, { hands, onStep: () => abort.abort() });
  expect([results.length, done.length]).toEqual([1, 1]);
});

test('the example of the README and of fixtures is a good one', () => {
  const file = fileURLToPath(new URL('../../fixtures/scenarios/evening.json', import.meta.url));
  const text = readFileSync(file, 'utf8');
  const reasons = [...text.matchAll(/"expect": "([A-Z_]+)"/g)].map(([, reason = '']) => reason);
  expect(parseScenario(text, { ...KNOWN, file, reasons }).steps.length).toBeGreaterThan(10);
});
