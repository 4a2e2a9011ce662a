/** `stile scanner`, `stile barrier`, `stile display`: the testers' virtual parts, each a process. */

import type { Misbehaviour, Suffix } from '@stile/hardware/scanner/virtual.ts';
import { REPORT_FORMATS, type ReportFormat } from '@stile/hardware/scenario/report.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { oneOf, stopSignal, wholeNumber } from '../terminal.ts';

const SUFFIX_NAMES: readonly Suffix[] = ['crlf', 'cr', 'lf', 'none'];

type ScannerOptions = {
  link: string;
  verdicts: string | boolean;
  baud: number;
  suffix: Suffix;
  picture: string[];
  watch?: string;
  scenario?: string;
  report?: ReportFormat;
  rider: string[];
  feed?: number;
  stdin: boolean;
  stay: boolean;
  waitMs: number;
  seed: number;
  split?: boolean;
  double?: boolean;
  missingSuffix?: boolean;
  ack?: boolean;
  noise?: number;
  damage?: number;
  endless?: number;
};

export function addHardwareCommands(program: Command): void {
  const bytes = wholeNumber(1, 2 ** 30);
  program
    .command('scanner')
    .description('a virtual scanner: plays pictures, a watched folder or typed text over a pty')
    .option('--link <path>', 'stable name of the port', './run/ttyGATE0')
    .option(
      '--verdicts <path>',
      "where the gate says its verdicts (default: --link's, -verdicts behind)",
    )
    .option('--no-verdicts', 'do not listen to what the gate says')
    .option('--picture <file...>', 'picture files to scan, in order', [])
    .option('--watch <dir>', 'scan each picture that appears in this folder')
    .option('--scenario <file>', 'play a scenario and compare verdicts; exit code 1 if one differs')
    .option(
      '--report <format>',
      'of the scenario, on standard output: json, junit',
      oneOf(REPORT_FORMATS),
    )
    .option('--rider <name=file...>', "phones that the scenario's codes are made with", [])
    .option('--feed <port>', 'take texts over HTTP on this machine; 0: any', wholeNumber(0, 65_535))
    .option('--no-stdin', 'do not read texts and commands from standard input')
    .option('--stay', 'keep the port when everything is played, until Ctrl-C', false)
    .option(
      '--baud <rate>',
      'pace of the wire; 0: as fast as it goes',
      wholeNumber(0, 921_600),
      115_200,
    )
    .option('--suffix <name>', `line end: ${SUFFIX_NAMES.join(', ')}`, oneOf(SUFFIX_NAMES), 'crlf')
    .option('--wait-ms <ms>', 'how long to wait for a reader', wholeNumber(0, 3_600_000), 60_000)
    .option('--seed <number>', 'same seed, same misbehaviour', wholeNumber(0, 2 ** 31), 1)
    .option('--split', 'misbehave: random pieces with pauses')
    .option('--double', 'misbehave: every text twice')
    .option('--missing-suffix', 'misbehave: no line end')
    .option('--ack', 'misbehave: an acknowledgement frame before the text')
    .option('--noise <bytes>', 'misbehave: noise and a line end before each text', bytes)
    .option('--damage <bytes>', 'misbehave: this many bytes of the text changed', bytes)
    .option('--endless <bytes>', 'misbehave: so many bytes without a line end first', bytes)
    .addHelpText(
      'after',
      `
With --picture it plays the files and ends. Otherwise, and with --stay, typed
lines are scanned: "/help" lists the commands, "/quit" or Ctrl-C ends.`,
    )
    .action(scanner);
  program
    .command('barrier')
    .description('a virtual barrier: shows open and closed, and records what it was told')
    .option('--link <path>', 'stable name of the port', './run/ttyBARRIER0')
    .option('--record <file>', 'append one JSON line for each frame')
    .action(async (options: { link: string; record?: string }) => {
      const { runBarrierTool } = await import('@stile/hardware/barrier/tool.ts');
      await asPort(runBarrierTool({ ...options, out: process.stdout, signal: stopSignal() }));
    });
  program
    .command('display')
    .description('a virtual pole display: draws its two lines')
    .option('--link <path>', 'stable name of the port', './run/ttyDISPLAY0')
    .action(async (options: { link: string }) => {
      const { runDisplayTool } = await import('@stile/hardware/display/tool.ts');
      await asPort(runDisplayTool({ ...options, out: process.stdout, signal: stopSignal() }));
    });
}

/** Beside the scanner's own port, so that two scanners have two. */
export function verdictsLinkOf(scannerLink: string): string {
  return `${scannerLink}-verdicts`;
}

async function scanner(options: ScannerOptions): Promise<void> {
  const { runScannerTool } = await import('@stile/hardware/scanner/tool.ts');
  const { verdicts } = options;
  const verdictsLink = typeof verdicts === 'string' ? verdicts : verdictsLinkOf(options.link);
  const { link, baud, suffix, seed, waitMs, stay, picture, watch } = options;
  const common = {
    link,
    ...(verdicts === false ? {} : { verdictsLink }),
    baud,
    suffix,
    waitMs,
    misbehaviour: misbehaviourOf(options),
    signal: stopSignal(),
  };
  const { scenario: file, report, rider: riders } = options;
  if (file !== undefined) {
    const { runScenarioFile } = await import('./scenario.ts');
    const of = { file, riders, ...(report === undefined ? {} : { report }) };
    process.exitCode = (await asPort(runScenarioFile(of, common))) ? 0 : 1;
    return;
  }
  // Pictures are played and that is all: the next line at the terminal is the shell's, and no scan.
  const reads = options.stdin && (picture.length === 0 || (stay && process.stdin.isTTY === true));
  const { unread } = await asPort(
    runScannerTool({
      ...common,
      seed,
      stay,
      pictures: picture,
      ...(watch === undefined ? {} : { watchDir: watch }),
      ...(options.feed === undefined ? {} : { feedPort: options.feed }),
      ...(reads && watch === undefined ? { input: process.stdin } : {}),
      out: process.stdout,
    }),
  );
  process.exitCode = unread > 0 ? 1 : 0;
}

function misbehaviourOf(options: ScannerOptions): Misbehaviour {
  return {
    split: options.split ?? false,
    double: options.double ?? false,
    missingSuffix: options.missingSuffix ?? false,
    acknowledge: options.ack ?? false,
    noiseBytes: options.noise ?? 0,
    damagedBytes: options.damage ?? 0,
    endlessBytes: options.endless ?? 0,
  };
}

/** What keeps a port from opening is said in a sentence. */
async function asPort<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && error.name === 'VirtualPortError') {
      throw new Fault('SCANNER_UNAVAILABLE', error.message, { cause: error });
    }
    throw error;
  }
}
