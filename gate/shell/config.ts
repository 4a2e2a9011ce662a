/**
 * The gate's configuration file: one JSON object, checked before anything starts. Every message says
 * which field is wrong and what it may be. Paths are relative to the file's own folder.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isPlainHttp, plainHttpWords } from '@stile/host/plain-http.ts';
import { parseStrictJson } from '@stile/host/strict-json.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';

const CONFIG_BYTES_MAX = 64 * 1024;
/** Long enough that a phone cannot be handed back over the barrier at once. */
const PASSBACK_S = 120;

const baud = z.union([
  z.literal(9_600),
  z.literal(19_200),
  z.literal(38_400),
  z.literal(57_600),
  z.literal(115_200),
  z.literal(230_400),
  z.literal(460_800),
  z.literal(921_600),
]);
const durationMs = (min: number, max: number) => z.int().min(min).max(max);

const configSchema = z.strictObject({
  /** Where the gate keeps its identity, taps and lists. */
  dataDir: z.string().min(1),
  scanner: z.strictObject({
    path: z.string().min(1),
    baud: baud.default(115_200),
    /** `gm65`: write the settings of hardware/README.md at start. `none`: leave it as it is. */
    configure: z.enum(['none', 'gm65']).default('none'),
    /** One NUL byte written this often finds an unplug that the kernel did not report. 0: never. */
    heartbeatMs: durationMs(0, 60_000).default(1_000),
  }),
  barrier: z.strictObject({
    path: z.string().min(1),
    baud: baud.default(9_600),
    channel: z.int().min(1).max(8).default(1),
    openMs: durationMs(100, 60_000).default(3_000),
  }),
  display: z.strictObject({ path: z.string().min(1), baud: baud.default(9_600) }).optional(),
  /** A port that says each verdict to a tester's tool. Nothing is read from it. */
  verdicts: z.strictObject({ path: z.string().min(1), baud: baud.default(115_200) }).optional(),
  settlement: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }),
      /** Speak http to another machine: anybody on the way can read it and answer. */
      plainHttp: z.boolean().default(false),
      syncEveryMs: durationMs(100, 3_600_000).default(5_000),
      listsEveryMs: durationMs(100, 86_400_000).default(60_000),
      timeoutMs: durationMs(100, 120_000).default(10_000),
      /** How long one payment or online code may be asked about; a rider stands before the gate. */
      payBudgetMs: durationMs(500, 10_000).default(2_500),
    })
    .refine(({ url, plainHttp }) => plainHttp || !URL.canParse(url) || !isPlainHttp(url), {
      path: ['url'],
      error: plainHttpWords('settlement.plainHttp: true'),
    }),
  rules: z
    .strictObject({
      scopes: z.array(z.int().min(0).max(0xffff)).min(1).optional(),
      products: z.array(z.int().min(0).max(0xff)).nullable().default(null),
      /** Shortest time between two rides of one account at this gate. 0: no rule. */
      passbackS: z.int().min(0).max(86_400).default(PASSBACK_S),
      /** From this age of the deny list on only passes younger than it open. 0: no rule. */
      maxListAgeS: z
        .int()
        .min(0)
        .max(366 * 86_400)
        .default(3 * 86_400),
      /** From this age on nothing opens. */
      closeListAgeS: z
        .int()
        .min(0)
        .max(366 * 86_400)
        .default(30 * 86_400),
      onClockUnknown: z.enum(['refuse', 'admit']).default('admit'),
      presentationMs: durationMs(0, 10_000).default(1_500),
    })
    .refine(({ maxListAgeS, closeListAgeS }) => closeListAgeS >= maxListAgeS, {
      path: ['closeListAgeS'],
      error: 'nothing opens from this age on, so it may not be below rules.maxListAgeS',
    })
    .prefault({}),
  store: z
    .strictObject({
      /** Records not yet confirmed by settlement; beyond it the gate refuses rather than forgets. */
      unconfirmedMax: z.int().min(10).max(10_000_000).default(500_000),
      /** Confirmed records that are kept in case settlement is restored from a backup. */
      ringMax: z.int().min(0).max(10_000_000).default(50_000),
      /** Size beyond which the tap file refuses to grow, so that cleaning up stays possible. */
      quotaMb: z.int().min(4).max(100_000).default(1_024),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    })
    .prefault({}),
});

export type GateConfig = z.infer<typeof configSchema>;

/** @throws Fault FILE_UNREADABLE or CONFIG_INVALID, with one line for each thing that is wrong. */
export function readConfig(file: string): GateConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `cannot read the gate's configuration ${file}: ${describeError(error)}`,
      { cause: error },
    );
  }
  if (text.length > CONFIG_BYTES_MAX) {
    throw new Fault('CONFIG_INVALID', `${file} is larger than ${CONFIG_BYTES_MAX} bytes`);
  }
  const config = parseConfig(text, file);
  const base = dirname(resolve(file));
  const { dataDir, scanner, barrier, display, verdicts } = config;
  const resolved = {
    ...config,
    dataDir: resolve(base, dataDir),
    scanner: { ...scanner, path: resolve(base, scanner.path) },
    barrier: { ...barrier, path: resolve(base, barrier.path) },
    ...(display === undefined
      ? {}
      : { display: { ...display, path: resolve(base, display.path) } }),
    ...(verdicts === undefined
      ? {}
      : { verdicts: { ...verdicts, path: resolve(base, verdicts.path) } }),
  };
  refuseOnePortTwice(resolved, file);
  return resolved;
}

/** By the port itself: a name by id and a name by number can be the same one. */
function refuseOnePortTwice(
  { scanner, barrier, display, verdicts }: GateConfig,
  file: string,
): void {
  const users = new Map<string, string>();
  for (const [user, device] of Object.entries({ scanner, barrier, display, verdicts })) {
    if (device === undefined) continue;
    const port = existsSync(device.path) ? realpathSync(device.path) : device.path;
    const other = users.get(port);
    if (other !== undefined) {
      throw new Fault(
        'CONFIG_INVALID',
        `${file}: ${other}.path and ${user}.path are the same port, ${port}: each device has its own`,
      );
    }
    users.set(port, user);
  }
}

/** Checks the text of a configuration; `file` only names it in messages. */
export function parseConfig(text: string, file: string): GateConfig {
  let data: unknown;
  try {
    data = parseStrictJson(text);
  } catch (error) {
    throw new Fault('CONFIG_INVALID', `${file} is not JSON: ${describeError(error)}`, {
      cause: error,
    });
  }
  const parsed = configSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const where = issue.path.join('.');
    return `  ${where === '' ? 'the file' : where}: ${issue.message}`;
  });
  throw new Fault('CONFIG_INVALID', `${file} is not a gate configuration:\n${lines.join('\n')}`);
}
