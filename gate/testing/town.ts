/**
 * A gate with virtual hardware before a real settlement in a process of its own, a rider's phone, and a wire
 * between gate and settlement that can lose answers or be cut. Events are waited for, never slept for. It
 * is not settlement's own town: gate and settlement never import each other, so here settlement is a
 * program that is started, and nothing of it but its HTTP is known.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateKey } from '@stile/crypto/sign.ts';
import { openVirtualPort } from '@stile/hardware/serial/pty.ts';
import type { VirtualPort } from '@stile/hardware/serial/virtual-port.ts';
import { callJson, type HttpMethod } from '@stile/host/http-client.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { enrolGate } from '../enrol.ts';
import { type Gate, startGate } from '../main.ts';
import { parseConfig } from '../shell/config.ts';
import { type LogLine, LogLines } from './log-lines.ts';

const STILE = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
export const FARE_CENTS = 250;
export const BUDGET_MS = 10_000;

const execute = promisify(execFile);

/** A command as a person runs it. @throws Error with what it says, if it fails. */
export async function runStile(...args: readonly string[]): Promise<string> {
  return (await execute(process.execPath, [STILE, ...args])).stdout;
}

/** Settlement as a process; returns its address once it listens. */
async function startSettlementProcess(dataDir: string, port = '0') {
  const start = ['settlement', 'start', '--data', dataDir, '--port', port];
  const args = [STILE, ...start, '--enrolment', 'open', '--top-ups', 'sandbox'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, STILE_SEED_KEY: '5a'.repeat(32) },
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  onTestFinished(stop);
  const lines = new LogLines();
  createInterface({ input: child.stdout }).on('line', lines.write);
  const ended = exited.then(([code]) => Promise.reject(new Error(`settlement ended: ${code}`)));
  ended.catch(() => undefined);
  return { url: String((await Promise.race([lines.next('listening'), ended])).url), stop };
}

/** `pass`: as a wire does. `lose`: the request arrives, its answer does not. `cut`: nothing arrives. */
export type WireMode = 'pass' | 'lose' | 'cut';

/** A wire to settlement; only authorisations can be lost, a cut is a cut for all. */
async function layWire(settlementUrl: string) {
  const wire = {
    mode: 'pass' as WireMode,
    url: '',
    authorisations: 0,
    /** What somebody in between answers in the place of the list. */
    trustList: null as string | null,
  };
  const server = createServer((incoming, response) => {
    if (wire.mode === 'cut') return incoming.socket.destroy();
    const { method, headers, url = '/' } = incoming;
    if (wire.trustList !== null && url === '/v1/trust-list') return response.end(wire.trustList);
    const isAuthorisation = url.endsWith('/payments');
    if (isAuthorisation) wire.authorisations += 1;
    const { mode } = wire;
    const onward = request(new URL(url, settlementUrl), { method, headers }, (answer) => {
      answer.on('error', () => response.destroy());
      if (isAuthorisation && mode === 'lose') answer.resume().on('end', () => lose(response));
      else answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers));
    });
    onward.on('error', () => response.destroy());
    return incoming.pipe(onward);
  });
  const lose = (response: ServerResponse) => response.destroy();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  wire.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return wire;
}

/** A phone that has enrolled, with money and a seed for payment codes. */
async function buyPhone(url: string, cents: number) {
  const key = generateKey('Ed25519');
  const client = createPhoneClient(url, key);
  const { account, serial, session } = await client.enrol();
  const { token } = session;
  await client.topUp(token, { amountCents: cents, idempotencyKey: 'first-money' });
  // A pass for rides without a network is for accounts with money behind them.
  const holder = { account, serial };
  const pass = await client.renewPass(holder);
  const seed = await client.fetchSeed(token, holder);
  await client.confirmSeed(token, seed.handle);
  return {
    key,
    pass: Buffer.from(pass, 'hex'),
    seed,
    onlineCode: async () => (await client.fetchOnlineCode(token, holder)).text,
    balanceCents: async () => (await client.readRider(token)).balanceCents,
  };
}

/** The relay's frames as they arrive: its third byte says whether the arm is to open. */
function watchArm(port: VirtualPort) {
  const moved = new EventTarget();
  const arm = { openings: 0, opened: () => once(moved, 'open') };
  port.onBytes((bytes) => {
    if (bytes.length < 4 || bytes[2] !== 1) return;
    arm.openings += 1;
    moved.dispatchEvent(new Event('open'));
  });
  return arm;
}

function unexpected(fault: Fault): void {
  throw fault;
}

/** `onFatal`: what a test expects to end the gate; default: nothing. */
export async function openTown({ onFatal = unexpected } = {}) {
  const dir = scratchDir();
  const settlementDir = join(dir, 'settlement');
  const first = await startSettlementProcess(settlementDir);
  const { url: settlementUrl } = first;
  const operatorToken = readFileSync(join(settlementDir, 'operator-token'), 'utf8').trim();
  async function operate(
    method: HttpMethod,
    path: string,
    { body }: { body?: object } = {},
  ): Promise<LogLine> {
    const options = { method, token: operatorToken, body };
    return (await callJson(settlementUrl, `v1/operator/${path}`, options)) as LogLine;
  }
  await operate('PUT', 'lines/M1', { body: { fareCents: FARE_CENTS } });
  const { token } = await operate('POST', 'gates', { body: { gate: 'g1', line: 'M1' } });
  const dataDir = join(dir, 'gate');
  await enrolGate({ dataDir, settlementUrl, token: String(token) });
  const wire = await layWire(settlementUrl);
  const phone = await buyPhone(settlementUrl, 2_000);
  const ports = { scanner: openVirtualPort(), barrier: openVirtualPort() };
  const arm = watchArm(ports.barrier);
  ports.scanner.onBytes(() => undefined);
  const log = new LogLines();
  const start = () =>
    startGate({
      config: parseConfig(
        JSON.stringify({
          dataDir,
          scanner: { path: ports.scanner.path },
          barrier: { path: ports.barrier.path, openMs: 100 },
          settlement: { url: wire.url, syncEveryMs: 100, payBudgetMs: BUDGET_MS },
          rules: { presentationMs: 0, passbackS: 0 },
        }),
        'gate.json',
      ),
      log: pino({ level: 'info' }, log),
      onFatal,
    });
  const running: { gate: Gate } = { gate: await start() };
  onTestFinished(async () => {
    await running.gate.close();
    for (const port of Object.values(ports)) await port.close();
  });
  // Scanner and barrier, in whatever order.
  async function devicesUp(): Promise<void> {
    for (let up = 0; up < 2; up += 1) {
      await log.next('device', ({ connected }) => connected === true);
    }
  }
  await devicesUp();
  /** Stops the gate, does something to its folder, and starts it again. */
  async function restartGate(between: () => void | Promise<void>): Promise<Gate> {
    await running.gate.close();
    await between();
    running.gate = await start();
    await devicesUp();
    return running.gate;
  }
  const settlements = [first];
  /** Stops settlement, does something to its folder, and starts it again where it was. */
  async function restartSettlement(between: (data: string) => Promise<unknown>): Promise<void> {
    await settlements.at(-1)?.stop();
    await between(settlementDir);
    const { port } = new URL(settlementUrl);
    settlements.push(await startSettlementProcess(settlementDir, port));
  }
  /** A command of an operator. */
  const stile = (...args: string[]) =>
    runStile(...args, '--data', settlementDir, '--url', settlementUrl);
  const show = (text: string) => ports.scanner.write(Buffer.from(`${text}\r`));
  const { gate } = running;
  /** The box with a token that the operator has made for this gate. */
  async function enrol(of: { gate: string }): Promise<void> {
    const made = await operate('POST', 'gates', { body: { ...of, line: 'M1' } });
    await enrolGate({ dataDir, settlementUrl, token: String(made.token) });
  }
  const parts = { arm, enrol, dataDir, gate, log, operate, phone, show, stile, wire };
  return { ...parts, restartGate, restartSettlement };
}
