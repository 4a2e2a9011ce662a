/** `stile scanner --scenario`: a tester's evening from a file, as a regression run with a report. */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { PICTURE_REASONS } from '@stile/hardware/picture/read.ts';
import { runScannerTool, type ScannerToolOptions } from '@stile/hardware/scanner/tool.ts';
import {
  differenceOf,
  isGood,
  type ReportFormat,
  writeReport,
} from '@stile/hardware/scenario/report.ts';
import { runScenario, type StepResult } from '@stile/hardware/scenario/run.ts';
import { parseScenario, type Scenario, ScenarioError } from '@stile/hardware/scenario/scenario.ts';
import { sleep, systemClock, wallS } from '@stile/host/clock.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { AUTHORISATION_REASONS, REASONS } from '@stile/protocol/reasons.ts';
import { makePaymentText, makeTransitText, readPaymentSeed } from '../rider/make-code.ts';
import { print } from '../terminal.ts';

export type ScenarioOptions = {
  file: string;
  report?: ReportFormat;
  /** `NAME=FILE`, each. */
  riders: readonly string[];
};

/** Runs it; whether every step went as it must. */
export async function runScenarioFile(
  { file, report, riders }: ScenarioOptions,
  tool: Omit<ScannerToolOptions, 'seed' | 'pictures' | 'stay' | 'out'>,
): Promise<boolean> {
  const phones = readRiders(riders);
  const scenario = readScenario(file, [...phones.keys()]);
  const { signal } = tool;
  const startedAtMs = systemClock.now().wallMs;
  // A report is for a program: what a person reads goes beside it.
  const out = report === undefined ? process.stdout : process.stderr;
  let results: StepResult[] = [];
  const onStep = (result: StepResult) => out.write(`${wordsOf(result)}\n`);
  await runScannerTool({
    ...tool,
    seed: scenario.seed,
    pictures: [],
    stay: false,
    out,
    script: async (hands) => {
      const paths = (picture: string) => resolve(dirname(file), picture);
      const all = {
        ...hands,
        read: (picture: string) => hands.read(paths(picture)),
        makeCode: codeMaker(phones),
        wait: (ms: number) => sleep(systemClock, ms),
        monoMs: () => systemClock.now().monoMs,
        signal,
      };
      results = await runScenario(scenario, { hands: all, onStep });
    },
  });
  const { name, steps } = scenario;
  const outcome = { scenario: name, file, startedAtMs, stepCount: steps.length, results };
  if (report !== undefined) print(writeReport(outcome, report));
  const good = results.filter(({ isOk }) => isOk).length;
  out.write(`${basename(file)}: ${good} of ${steps.length} steps as they must be\n`);
  return isGood(outcome);
}

function readScenario(file: string, riders: readonly string[]): Scenario {
  const reasons = [...REASONS, ...AUTHORISATION_REASONS, ...PICTURE_REASONS, 'FILE_UNREADABLE'];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`);
  }
  try {
    return parseScenario(text, { file, riders, reasons });
  } catch (error) {
    if (error instanceof ScenarioError) throw new Fault('CONFIG_INVALID', error.message);
    throw error;
  }
}

function readRiders(options: readonly string[]): Map<string, string> {
  return new Map(
    options.map((option) => {
      const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(option) ?? [];
      if (name === '') throw new Fault('REQUEST_INVALID', `--rider ${option} is not NAME=FILE`);
      return [name, file];
    }),
  );
}

function codeMaker(phones: ReadonlyMap<string, string>) {
  return ({ rider, code, ageS }: { rider: string; code: string; ageS: number }): string => {
    const file = phones.get(rider) ?? '';
    const atS = wallS(systemClock) - ageS;
    if (code === 'payment') return makePaymentText(readPaymentSeed(file), atS);
    return makeTransitText(file, { atS });
  };
}

function wordsOf(result: StepResult): string {
  const { number, name, isOk, actual } = result;
  const mark = isOk ? 'ok   ' : 'WRONG';
  const what = isOk ? (actual ?? 'done') : differenceOf(result);
  return `${mark} ${String(number).padStart(3)}. ${name}: ${what}`;
}
