/**
 * A tester's evening as a file: what is shown to a gate, one step after the other, and what the gate must
 * say of it. Strict JSON; whatever is wrong is said with its row and its field.
 */
import { hasDoubledKey } from '@stile/host/strict-json.ts';
import { z } from 'zod';
import { rowOf, rowOfSyntaxError } from './json-lines.ts';

export const SCENARIO_BYTES_MAX = 1024 * 1024;
export const STEPS_MAX = 1_000;
const WAIT_MS_MAX = 600_000;
const AGE_S_MAX = 366 * 86_400;
const NOISE_BYTES_MAX = 4_096;
const TEXT_CHARS_MAX = 2_048;

/** What is no reason of a gate or of a picture. */
export const PLAIN_EXPECTATIONS = ['open', 'repeat', 'silent', 'any'] as const;

const noise = z.int().min(1).max(NOISE_BYTES_MAX).optional();
const on = z.boolean().optional();

function isScanText(text: string): boolean {
  return !/[\r\n]/.test(text) && [...text].every((char) => char.charCodeAt(0) < 256);
}

const misbehaviourSchema = z.strictObject({
  split: on,
  double: on,
  missingSuffix: on,
  acknowledge: on,
  noiseBytes: noise,
  noiseWithinBytes: noise,
  noiseAfterBytes: noise,
  damagedBytes: noise,
  endlessBytes: noise,
});

/** How a code is come by, or what else is done: a step has exactly one of these. */
const SOURCES = ['text', 'picture', 'rider', 'again', 'waitMs', 'port'] as const;

const stepSchema = z
  .strictObject({
    /** For the report, and for `again`. */
    name: z.string().min(1).max(80).optional(),
    /** One character a byte, without a line end. */
    text: z
      .string()
      .min(1)
      .max(TEXT_CHARS_MAX)
      .refine(isScanText, 'no line end, and one byte a character')
      .optional(),
    /** A picture's file, from this file's folder. */
    picture: z.string().min(1).optional(),
    /** A phone, by the name that --rider gives it: it makes a code now. */
    rider: z.string().min(1).max(40).optional(),
    code: z.enum(['transit', 'payment']).optional(),
    /** How old the phone says that the code is; below 0: its clock is ahead. */
    ageS: z.int().min(-AGE_S_MAX).max(AGE_S_MAX).optional(),
    /** What the step of this name showed. */
    again: z.string().min(1).max(80).optional(),
    waitMs: z.int().min(0).max(WAIT_MS_MAX).optional(),
    port: z.enum(['unplug', 'replug']).optional(),
    misbehave: misbehaviourSchema.optional(),
    expect: z.string().optional(),
  })
  .superRefine((step, context) => {
    const sources = SOURCES.filter((name) => step[name] !== undefined);
    const [source = ''] = sources;
    const fail = (message: string, path: string[] = []) =>
      context.addIssue({ code: 'custom', message, path });
    if (sources.length !== 1) fail(`a step has exactly one of ${SOURCES.join(', ')}`);
    const isShown = !['waitMs', 'port'].includes(source);
    if (isShown && step.expect === undefined) fail('what is shown has an `expect`', ['expect']);
    if (!isShown && step.expect !== undefined) fail('nothing is shown here', ['expect']);
    if (!isShown && step.misbehave !== undefined) fail('nothing is shown here', ['misbehave']);
    for (const name of ['code', 'ageS'] as const) {
      if (step.rider === undefined && step[name] !== undefined) fail('only with `rider`', [name]);
    }
  });

const scenarioSchema = z.strictObject({
  stile: z.literal('scenario/1'),
  name: z.string().min(1).max(120),
  /** The same seed misbehaves the same way. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1),
  steps: z.array(stepSchema).min(1).max(STEPS_MAX),
});

export type ScenarioStep = z.infer<typeof stepSchema>;
export type Scenario = z.infer<typeof scenarioSchema>;

export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

type Known = {
  /** Only named in messages. */
  file: string;
  /** The names that --rider gives. */
  riders: readonly string[];
  /** Every reason that a gate or a picture can have. */
  reasons: readonly string[];
};

type Problem = { path: PropertyKey[]; message: string };

/** @throws ScenarioError with a row of words for each thing that is wrong. */
export function parseScenario(text: string, known: Known): Scenario {
  const { file } = known;
  if (Buffer.byteLength(text) > SCENARIO_BYTES_MAX) {
    throw new ScenarioError(`${file} is larger than ${SCENARIO_BYTES_MAX} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.split(', "')[0] : String(error);
    throw new ScenarioError(`${file}:${rowOfSyntaxError(text)} is not JSON: ${why}`);
  }
  if (hasDoubledKey(text, value)) throw new ScenarioError(`${file}: a key stands twice in it`);
  const parsed = scenarioSchema.safeParse(value);
  const problems: Problem[] = parsed.success
    ? checkNames(parsed.data, known)
    : parsed.error.issues.map(({ path, message }) => ({ path, message }));
  if (parsed.success && problems.length === 0) return parsed.data;
  const rows = problems.map(({ path, message }) => {
    const field = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`));
    const named = field.join('').replace(/^\./, '') || 'the file';
    return `  ${file}:${rowOf(text, path)}: ${named}: ${message}`;
  });
  throw new ScenarioError(`${file} is no scenario:\n${rows.join('\n')}`);
}

/** What the shape alone does not say: riders, reasons and steps that are named must be there. */
function checkNames({ steps }: Scenario, { riders, reasons }: Known): Problem[] {
  const problems: Problem[] = [];
  const before = new Set<string>();
  for (const [index, { name, rider, again, expect }] of steps.entries()) {
    const say = (field: string, message: string) =>
      problems.push({ path: ['steps', index, field], message });
    if (rider !== undefined && !riders.includes(rider)) {
      say('rider', `no phone is given for ${rider}: --rider ${rider}=phone.json`);
    }
    if (again !== undefined && !before.has(again)) say('again', `no step before it is ${again}`);
    if (name !== undefined && before.has(name)) say('name', `another step is ${name} already`);
    if (name !== undefined) before.add(name);
    const plain: readonly string[] = PLAIN_EXPECTATIONS;
    if (expect !== undefined && !plain.includes(expect) && !reasons.includes(expect)) {
      const may = `${plain.join(', ')}, or a reason such as REPLAY`;
      say('expect', `${expect} is nothing that a gate says; it may be ${may}`);
    }
  }
  return problems;
}
