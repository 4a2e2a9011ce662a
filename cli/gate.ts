/** `stile gate`: enrols a box as a gate and runs it. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Gate } from '@stile/gate/main.ts';
import { systemClock } from '@stile/host/clock.ts';
import { asFault } from '@stile/host/fault.ts';
import { refusePlainHttp } from '@stile/host/plain-http.ts';
import { writePrivateFile } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { verdictsLinkOf } from './hardware/hardware.ts';
import { print, printJson, sayError, stopped, stopSignal } from './terminal.ts';

const VIRTUAL_SCANNER = './run/ttyGATE0';

/** How often a gate that could not start looks whether its disk has room. */
const ROOM_LOOK_MS = 5_000;

type RunOptions = { config: string; keyFile?: string };

export function addGateCommand(program: Command): void {
  const gate = program.command('gate').description('run a gate, or make a box one');
  gate
    .command('run', { isDefault: true })
    .description('run the gate that a configuration file describes (stile gate --config FILE)')
    .requiredOption('--config <file>', 'configuration, JSON (see docs/operations.md)')
    .option('--key-file <file>', "the gate's private key, if it is not in the data directory")
    .option('--check', 'only check the configuration and say so')
    .addHelpText('after', '\nSIGHUP: sync now. SIGUSR2: write how long taps took to timings.json.')
    .action(run);
  gate
    .command('enrol')
    .description("spend the operator's one-time token: make a key, get an identity and the lists")
    .requiredOption('--config <file>', 'configuration of the gate to be')
    .option('--key-file <file>', 'make the private key here, and not in the data directory')
    .requiredOption('--token <token>', 'from "stile settlement add-gate"')
    .action(enrol);
  gate
    .command('configure')
    .description('write a configuration file with the defaults filled in')
    .requiredOption('--config <file>', 'where to write it; an existing file is kept')
    .requiredOption('--settlement <url>', 'where settlement is')
    .option('--plain-http', 'speak http to another machine: anybody on the way can read it')
    .option('--data <dir>', "the gate's data directory", './data')
    .option('--scanner <path>', 'device path of the scanner', VIRTUAL_SCANNER)
    .option('--barrier <path>', 'device path of the barrier', './run/ttyBARRIER0')
    .option('--display <path>', 'device path of the pole display')
    .option('--verdicts <path>', "device path for a tester's tool (default: the virtual scanner's)")
    .action(configure);
}

async function run(options: RunOptions & { check?: boolean }): Promise<void> {
  const { readConfig } = await import('@stile/gate/shell/config.ts');
  const config = readConfig(options.config);
  if (options.check) {
    print(`${options.config} is a good gate configuration.\n`);
    return;
  }
  const { openLog } = await import('./log.ts');
  const { startGate } = await import('@stile/gate/main.ts');
  const log = openLog(config.log.level);
  const signal = stopSignal();
  const failed = Promise.withResolvers<Fault>();
  const { keyFile } = options;
  const where = keyFile === undefined ? {} : { keyFile };
  const onFatal = (fault: Fault) => failed.resolve(fault);
  // Whatever nobody has caught: the arm goes down before the process ends.
  process.on('uncaughtException', (error) => {
    log.fatal({ error: describeError(error), stack: error.stack }, 'a bug of the gate');
    onFatal(asFault(error));
  });
  // From the beginning: a terminal that goes away while the gate starts does not end it either.
  let gate: Gate | null = null;
  process.on('SIGHUP', () => gate?.syncNow());
  gate = await startWithRoom(() => startGate({ config, ...where, log, onFatal }), {
    log,
    signal,
  });
  if (gate === null) return;
  const { writeTimings } = gate;
  process.on('SIGUSR2', () => sayTimings(writeTimings, log));
  const fault = await Promise.race([failed.promise, stopped(signal)]);
  await gate.close();
  if (fault instanceof Fault) throw fault;
}

function sayTimings(writeTimings: Gate['writeTimings'], log: Logger): void {
  try {
    log.info({ file: writeTimings() }, 'timings written');
  } catch (error) {
    log.error({ error: describeError(error) }, 'timings not written');
  }
}

/** A disk without room is looked at again; null: it was stopped before there was any. */
async function startWithRoom(
  start: () => Promise<Gate>,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<Gate | null> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'STORE_FULL') throw error;
      const { message } = error;
      log.error({ error: message, againMs: ROOM_LOOK_MS }, 'the gate starts when there is room');
    }
    const looked = Promise.withResolvers<void>();
    const cancel = systemClock.alarm(systemClock.now().monoMs + ROOM_LOOK_MS, looked.resolve);
    await Promise.race([looked.promise, stopped(signal)]);
    cancel();
    if (signal.aborted) return null;
  }
}

async function enrol(options: RunOptions & { token: string }): Promise<void> {
  const { readConfig } = await import('@stile/gate/shell/config.ts');
  const { enrolGate } = await import('@stile/gate/enrol.ts');
  const { dataDir, settlement } = readConfig(options.config);
  const { token, keyFile } = options;
  const where = keyFile === undefined ? {} : { keyFile };
  const { damagedIdentityIn, ...enrolled } = await enrolGate({
    dataDir,
    settlementUrl: settlement.url,
    token,
    ...where,
  });
  if (damagedIdentityIn !== undefined) {
    sayError(
      `The damaged identity that was here is in ${damagedIdentityIn}. Taps that wait stay.\n`,
    );
  }
  printJson(enrolled);
}

function configure(options: {
  config: string;
  settlement: string;
  plainHttp?: boolean;
  data: string;
  scanner: string;
  barrier: string;
  display?: string;
  verdicts?: string;
}): void {
  // A real gate says its verdicts to nobody unless it is told to.
  const isVirtual = options.scanner === VIRTUAL_SCANNER;
  const { verdicts = isVirtual ? verdictsLinkOf(VIRTUAL_SCANNER) : undefined } = options;
  const { config, settlement, data, scanner, barrier, display } = options;
  if (existsSync(config)) throw new Fault('CONFLICT', `${config} exists already; it is kept`);
  if (!URL.canParse(settlement)) {
    throw new Fault('REQUEST_INVALID', `${settlement} is not a URL such as http://127.0.0.1:8080`);
  }
  const { plainHttp = false } = options;
  refusePlainHttp(settlement, { isAllowed: plainHttp, setting: '--plain-http' });
  const content = {
    dataDir: data,
    scanner: { path: scanner, baud: 115_200 },
    barrier: { path: barrier, baud: 9_600, channel: 1, openMs: 3_000 },
    ...(display === undefined ? {} : { display: { path: display, baud: 9_600 } }),
    ...(verdicts === undefined ? {} : { verdicts: { path: verdicts, baud: 115_200 } }),
    settlement: {
      url: settlement,
      plainHttp,
      syncEveryMs: 5_000,
      listsEveryMs: 60_000,
      payBudgetMs: 2_500,
    },
  };
  mkdirSync(dirname(resolve(config)), { recursive: true });
  writePrivateFile(resolve(config), `${JSON.stringify(content, null, 2)}\n`);
  print(`${config} written. Next: stile gate enrol --config ${config} --token TOKEN\n`);
}
