/**
 * How long a rider waits for the gate: from the last byte of the code's text at one pseudo-terminal to
 * the relay's byte at the other, tap durable, in real processes. Gate and floor are measured in turns,
 * so that what else the machine does weighs on both.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openVirtualPort } from '@stile/hardware/serial/pty.ts';
import type { VirtualPort } from '@stile/hardware/serial/virtual-port.ts';
import { readRssMb } from './process-memory.ts';
import { makeCodes, type Operator, provisionGate, writeGateConfig } from './riders.ts';
import { median, percentile } from './statistics.ts';

const STILE = fileURLToPath(new URL('../scripts/stile', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-gate.ts', import.meta.url));
const OPENED_MS_MAX = 2_000;
const WARM_UP_CODES = 30;

/** `alternate`: gate and floor take turns code by code, half an interval apart, instead of in rounds. */
export type Pace = { everyMs: number; codes: number; rounds: number; alternate?: boolean };
export type LatencyReport = {
  everyMs: number;
  gate: { p50: number; p99: number };
  floor: { p50: number; p99: number };
  samples: number;
};
export type GateReport = {
  latency: LatencyReport[];
  steps: Record<string, number>;
  readyMs: number[];
  rssMb: number;
};

type Station = {
  child: ChildProcess;
  scanner: VirtualPort;
  barrier: VirtualPort;
  next: () => void;
  readyMs: number;
  output: string[];
};

export async function measureGate(options: {
  folder: string;
  operator: Operator;
  deniedCount: number;
  paces: readonly Pace[];
  say: (text: string) => void;
}): Promise<GateReport> {
  const { folder, operator, deniedCount, paces, say } = options;
  const nowS = Math.floor(Date.now() / 1000);
  const gateDir = join(folder, 'gate');
  mkdirSync(gateDir, { recursive: true, mode: 0o700 });
  say(`provisioning a gate with ${deniedCount.toLocaleString('en')} deny entries`);
  await provisionGate(join(gateDir, 'data'), { operator, deniedCount, nowS });
  const needed = paces.reduce((sum, pace) => sum + pace.codes * pace.rounds, WARM_UP_CODES);
  const codes = makeCodes(operator, { count: needed, nowS });
  const ports = {
    scanner: join(folder, 'run/ttyGATE0'),
    barrier: join(folder, 'run/ttyBARRIER0'),
  };
  const config = writeGateConfig(gateDir, ports);
  const readyMs = await measureStart(config, ports);
  const gate = await startStation(ports, { program: STILE, args: ['gate', '--config', config] });
  readyMs.push(gate.readyMs);
  const bare = {
    scanner: join(folder, 'run/ttyBARE0'),
    barrier: join(folder, 'run/ttyBARE1'),
  };
  const floor = await startStation(bare, {
    program: process.execPath,
    args: [BARE, bare.scanner, bare.barrier, join(folder, 'bare.db')],
  });
  await play(gate, { codes: codes.splice(0, WARM_UP_CODES), everyMs: 25 });
  await play(floor, { codes: codes.slice(0, WARM_UP_CODES), everyMs: 25 });
  const latency: LatencyReport[] = [];
  for (const pace of paces) {
    say(`a code every ${pace.everyMs} ms, ${pace.rounds} × ${pace.codes}, gate and floor in turns`);
    const samples = { gate: [] as number[], floor: [] as number[] };
    for (let round = 0; round < pace.rounds; round += 1) {
      const batch = codes.splice(0, pace.codes);
      const turns = pace.alternate ? batch.map((code) => [code]) : [batch];
      const everyMs = pace.alternate ? pace.everyMs / 2 : pace.everyMs;
      for (const turn of turns) {
        samples.floor.push(...(await play(floor, { codes: turn, everyMs })));
        samples.gate.push(...(await play(gate, { codes: turn, everyMs })));
      }
    }
    latency.push({
      everyMs: pace.everyMs,
      gate: { p50: median(samples.gate), p99: percentile(samples.gate, 0.99) },
      floor: { p50: median(samples.floor), p99: percentile(samples.floor, 0.99) },
      samples: samples.gate.length,
    });
  }
  const rssMb = readRssMb(gate.child);
  const steps = await readSteps(gate, join(gateDir, 'data/timings.json'));
  await stopStation(gate);
  await stopStation(floor);
  return { latency, steps, readyMs, rssMb };
}

/** Starts and stops the gate a few times: what a supervisor sees after a crash. */
async function measureStart(
  config: string,
  ports: { scanner: string; barrier: string },
): Promise<number[]> {
  const readyMs: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const station = await startStation(ports, {
      program: STILE,
      args: ['gate', '--config', config],
    });
    readyMs.push(station.readyMs);
    await stopStation(station);
  }
  return readyMs;
}

async function startStation(
  ports: { scanner: string; barrier: string },
  { program, args }: { program: string; args: readonly string[] },
): Promise<Station> {
  const scanner = openVirtualPort({ link: ports.scanner });
  const barrier = openVirtualPort({ link: ports.barrier });
  const station: Partial<Station> & { next: () => void; output: string[] } = {
    next: () => undefined,
    output: [],
  };
  // The gate's heartbeats are read and dropped; only the frame that opens ends a measurement.
  scanner.onBytes(() => undefined);
  barrier.onBytes((bytes) => {
    if (bytes.length >= 4 && bytes[2] === 1) station.next();
  });
  const from = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const connected = new Set<string>();
  await new Promise<void>((ready, fail) => {
    child.once('exit', (code) => fail(new Error(`it ended with ${code}: ${station.output}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      if (station.output.length < 100) station.output.push(text);
      if (text.includes('"ready"')) station.readyMs ??= performance.now() - from;
      for (const name of ['"scanner"', '"barrier"']) if (text.includes(name)) connected.add(name);
      const isBare = args[0] === BARE;
      if (station.readyMs !== undefined && (isBare || connected.size === 2)) ready();
    });
  });
  return Object.assign(station, { child, scanner, barrier }) as Station;
}

/** Plays codes at a pace; resolves with milliseconds from the last byte to the relay for each. */
async function play(
  station: Station,
  { codes, everyMs }: { codes: readonly string[]; everyMs: number },
) {
  const samples: number[] = [];
  for (const code of codes) {
    const due = performance.now() + everyMs;
    const scan = Buffer.from(`${code}\r\n`);
    const opened = new Promise<number>((done, fail) => {
      const late = setTimeout(() => fail(new Error('the gate did not open')), OPENED_MS_MAX);
      station.next = () => {
        clearTimeout(late);
        done(performance.now());
      };
    });
    const from = performance.now();
    await station.scanner.write(scan);
    samples.push((await opened) - from);
    const restMs = due - performance.now();
    if (restMs > 0) await new Promise((next) => setTimeout(next, restMs));
  }
  return samples;
}

async function readSteps(station: Station, file: string): Promise<Record<string, number>> {
  const written = new Promise<void>((done) => {
    station.child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('timings written')) done();
    });
  });
  station.child.kill('SIGUSR2');
  await written;
  const samples = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number[]>;
  return Object.fromEntries(Object.entries(samples).map(([step, list]) => [step, median(list)]));
}

async function stopStation({ child, scanner, barrier }: Station): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.removeAllListeners('exit');
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await Promise.race([ended, gone]);
  await scanner.close();
  await barrier.close();
}
