/** What came of a scenario, for programs: JSON of our own, or JUnit's XML, which test runners read. */
import type { StepResult } from './run.ts';

export const REPORT_FORMATS = ['json', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export type Outcome = {
  scenario: string;
  file: string;
  startedAtMs: number;
  /** How many steps the file has; fewer results mean that it was stopped. */
  stepCount: number;
  results: readonly StepResult[];
};

export function isGood({ results, stepCount }: Outcome): boolean {
  return results.length === stepCount && results.every(({ isOk }) => isOk);
}

export function writeReport(outcome: Outcome, format: ReportFormat): string {
  return format === 'json' ? writeJson(outcome) : writeJunit(outcome);
}

function writeJson(outcome: Outcome): string {
  const { scenario, file, startedAtMs, stepCount, results } = outcome;
  const report = {
    stile: 'scenario-report/1',
    scenario,
    file,
    startedAt: new Date(startedAtMs).toISOString(),
    ok: isGood(outcome),
    steps: stepCount,
    passed: results.filter(({ isOk }) => isOk).length,
    failed: results.filter(({ isOk }) => !isOk).length,
    notRun: stepCount - results.length,
    results: results.map(({ isOk, ...rest }) => ({ ...rest, ok: isOk })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function writeJunit({ scenario, file, startedAtMs, stepCount, results }: Outcome): string {
  const failures = results.filter(({ isOk }) => !isOk).length;
  const notRun = stepCount - results.length;
  const ms = results.reduce((sum, result) => sum + result.ms, 0);
  const counts = `tests="${stepCount}" failures="${failures}" skipped="${notRun}" errors="0"`;
  const at = new Date(startedAtMs).toISOString().slice(0, 19);
  const suite = `name="${escapeXml(scenario)}" ${counts} time="${seconds(ms)}" timestamp="${at}"`;
  const cases = results.map((result) => caseOf(result, scenario));
  const missing = Array.from({ length: notRun }, (_, index) => {
    const number = results.length + index + 1;
    return `    <testcase classname="${escapeXml(scenario)}" name="step ${number}"><skipped/></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts} time="${seconds(ms)}">`,
    `  <testsuite ${suite} file="${escapeXml(file)}">`,
    ...cases,
    ...missing,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf(result: StepResult, scenario: string): string {
  const { number, name, isOk, ms } = result;
  const head = `classname="${escapeXml(scenario)}" name="${number}. ${escapeXml(name)}"`;
  const open = `    <testcase ${head} time="${seconds(ms)}"`;
  if (isOk) return `${open}/>`;
  const message = escapeXml(differenceOf(result));
  return `${open}><failure message="${message}">${message}</failure></testcase>`;
}

/** What a failed step is about, in one sentence. */
export function differenceOf({ expected, actual, words, failure }: StepResult): string {
  if (failure !== null) return `could not be done: ${failure}`;
  const shown = words === null || words[0] === '' ? '' : ` (${words.join(' / ')})`;
  return `expected ${expected}, got ${actual}${shown}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML 1.0 has no place for most control characters, not even escaped. */
function escapeXml(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
