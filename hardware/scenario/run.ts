/**
 * Plays a scenario's steps and compares what the gate says with what it must say. What shows, waits and
 * makes codes is passed in.
 */
import type { Misbehaviour } from '../scanner/virtual.ts';
import type { Heard } from '../verdicts/listener.ts';
import type { Scenario, ScenarioStep } from './scenario.ts';

/** The hands of a tester: a virtual scanner, and phones. */
export type Hands = {
  play: (text: string, misbehaviour: Misbehaviour) => Promise<Heard | null>;
  /** The text in a picture, or why there is none. */
  read: (picture: string) => Promise<{ text: string } | { reason: string }>;
  makeCode: (of: { rider: string; code: 'transit' | 'payment'; ageS: number }) => string;
  wait: (ms: number) => Promise<void>;
  unplug: () => Promise<void>;
  replug: () => Promise<void>;
  /** Milliseconds of a clock that only goes on. */
  monoMs: () => number;
  signal: AbortSignal;
};

export type StepResult = {
  /** From 1. */
  number: number;
  name: string;
  expected: string | null;
  /** `open`, `repeat`, `silent`, or a reason; null where nothing is shown. */
  actual: string | null;
  /** What the display said with it. */
  words: readonly [string, string] | null;
  openMs: number;
  isOk: boolean;
  /** Why a step could not be done at all. */
  failure: string | null;
  ms: number;
};

export async function runScenario(
  { steps }: Scenario,
  { hands, onStep }: { hands: Hands; onStep: (result: StepResult) => void },
): Promise<StepResult[]> {
  const shown = new Map<string, string>();
  const results: StepResult[] = [];
  for (const [index, step] of steps.entries()) {
    if (hands.signal.aborted) break;
    const fromMs = hands.monoMs();
    const done = await perform(step, { hands, shown });
    const ms = Math.round(hands.monoMs() - fromMs);
    const result = judge({ step, number: index + 1, done, ms });
    results.push(result);
    onStep(result);
  }
  return results;
}

type Done = Pick<StepResult, 'actual' | 'words' | 'openMs' | 'failure'>;

const NOTHING: Done = { actual: null, words: null, openMs: 0, failure: null };

async function perform(
  step: ScenarioStep,
  parts: { hands: Hands; shown: Map<string, string> },
): Promise<Done> {
  const { hands } = parts;
  try {
    if (step.waitMs !== undefined) await hands.wait(step.waitMs);
    else if (step.port === 'unplug') await hands.unplug();
    else if (step.port === 'replug') await hands.replug();
    else return await show(step, parts);
    return NOTHING;
  } catch (error) {
    return { ...NOTHING, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function show(
  step: ScenarioStep,
  { hands, shown }: { hands: Hands; shown: Map<string, string> },
): Promise<Done> {
  const found = await textOf(step, { hands, shown });
  if ('reason' in found) return { ...NOTHING, actual: found.reason };
  if (step.name !== undefined) shown.set(step.name, found.text);
  const heard = await hands.play(found.text, misbehaviourOf(step));
  if (heard === null) return { ...NOTHING, actual: 'silent' };
  const { words, openMs } = heard;
  return { ...NOTHING, actual: heard.reason ?? heard.verdict, words, openMs };
}

async function textOf(
  { text, picture, rider, code = 'transit', ageS = 0, again }: ScenarioStep,
  { hands, shown }: { hands: Hands; shown: Map<string, string> },
): Promise<{ text: string } | { reason: string }> {
  if (text !== undefined) return { text };
  if (picture !== undefined) return await hands.read(picture);
  if (rider !== undefined) return { text: hands.makeCode({ rider, code, ageS }) };
  const before = shown.get(again ?? '');
  if (before === undefined) throw new Error(`${again} showed no code`);
  return { text: before };
}

function misbehaviourOf({ misbehave = {} }: ScenarioStep): Misbehaviour {
  const set = Object.entries(misbehave).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as Misbehaviour;
}

function judge(of: { step: ScenarioStep; number: number; done: Done; ms: number }): StepResult {
  const { step, number, done, ms } = of;
  const { actual, failure } = done;
  const expected = step.expect ?? null;
  const isOk = failure === null && (expected === null || expected === 'any' || expected === actual);
  return { number, name: nameOf(step), expected, ...done, isOk, ms };
}

function nameOf({ name, text, picture, rider, again, waitMs, port }: ScenarioStep): string {
  if (name !== undefined) return name;
  if (picture !== undefined) return `picture ${picture}`;
  if (rider !== undefined) return `a code of ${rider}`;
  if (again !== undefined) return `${again}, again`;
  if (text !== undefined) return `a text of ${text.length} characters`;
  return port ?? `wait ${waitMs} ms`;
}
