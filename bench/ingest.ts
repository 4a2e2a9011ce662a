/**
 * How fast settlement takes in a gate's taps: a real process, over HTTP, charges posted and withheld. Two loads:
 * each tap with a pass of its own, so that no memory of passes helps, and commuters who ride often. The floor of
 * each checks, on one thread, just the signatures that its load needs, with the same memory of passes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enrolmentBody, readGateToken } from '@stile/crypto/gate-token.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey, type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { callJson } from '@stile/host/http-client.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { announce } from '@stile/protocol/batch-seal.ts';
import { fromHex, toHex, utf8 } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import {
  BATCH_RECORDS_MAX,
  genesisHash,
  recordHash,
  writeBatch,
} from '@stile/protocol/gate-log.ts';
import { gateTokenSchema, trialBalanceSchema } from '@stile/protocol/http/operator-api.ts';
import { deviceSignatureHolds, issuerSignatureHolds } from '@stile/protocol/signature.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';
import { createOperatorClient, type OperatorClient } from '../cli/operator-client.ts';
import { readRssMb } from './process-memory.ts';
import { median, type Waits, waitsOf } from './statistics.ts';

const STILE = fileURLToPath(new URL('../scripts/stile', import.meta.url));
/** Commuters, who ride again and again. */
const RIDERS = 40;
/** Riders who enrol at once. */
const ENROLMENTS_AT_ONCE = 8;
const GATES = 2;
const FARE_CENTS = 1;
const PING_EVERY_MS = 5;
const SETTLE_MS_MAX = 60_000;
/** Taps that the floor is measured with. */
const BARE_TAPS_MAX = 1_500;

export type IngestLoad = {
  name: string;
  bareTapsPerS: number;
  runs: { name: string; tapsPerS: number }[];
  /** How long a small question took meanwhile. */
  waits: Waits;
  /** From the command to the first answer, and memory at the end: of the process that serves, then of its workers. */
  processes: { name: string; readyMs: number; rssMb: number }[];
};
export type IngestReport = readonly IngestLoad[];

type Rider = { key: SigningKey; pass: Uint8Array };
type BenchGate = { gate: string; key: SigningKey; batches: Uint8Array[]; taps: number };

/** As many riders as are wanted enrol from one address, and pay in made-up money. */
export const SETTINGS = {
  enrolment: { policy: 'open' as const, perAddressPerHour: 1_000_000 },
  topUps: { mode: 'sandbox' as const },
  http: {
    challengesPerMinute: 1_000_000,
    requestsPerMinute: 1_000_000,
    riderRequestsPerMinute: 1_000_000,
  },
};

type IngestOptions = {
  folder: string;
  batches: number;
  /** One API process and two workers on these; default: one process, books in a file. */
  servers?: { database: string; redis: string };
  say: (text: string) => void;
};

export async function measureIngest(options: IngestOptions): Promise<IngestReport> {
  const taps = options.batches * BATCH_RECORDS_MAX;
  const own = { name: 'each tap with a pass of its own', riders: taps };
  if (options.servers !== undefined) return [await measureLoad(own, options)];
  const commuters = { name: `${taps / RIDERS} taps a pass`, riders: RIDERS };
  return [await measureLoad(own, options), await measureLoad(commuters, options)];
}

async function measureLoad(
  { name, riders }: { name: string; riders: number },
  { folder, batches, servers, say }: IngestOptions,
): Promise<IngestLoad> {
  const dataDir = join(folder, `${servers === undefined ? 'file' : 'postgres'}-${riders}`);
  say(`${name}: starting settlement, enrolling ${riders} riders`);
  const env = servers && { STILE_DATABASE: servers.database, STILE_REDIS: servers.redis };
  const from = performance.now();
  const { child, url } = await startSettlement(dataDir, env);
  const readyMs = performance.now() - from;
  const workers = env === undefined ? [] : [startWorker(dataDir, env), startWorker(dataDir, env)];
  try {
    const workersReadyMs = await Promise.all(workers.map(({ ready }) => ready));
    const operator = createOperatorClient(url, dataDir);
    say(`making ${batches} batches of ${BATCH_RECORDS_MAX} taps`);
    const { gates, codes } = await prepareTaps(operator, { url, batches, riders });
    const bareTapsPerS = measureBare(dataDir, codes.slice(0, BARE_TAPS_MAX));
    say('sending');
    const run = await send(operator, { url, gates, taps: codes.length });
    return {
      name,
      bareTapsPerS,
      runs: [
        { name: 'bare: the same checks, one thread', tapsPerS: bareTapsPerS },
        { name: 'until every batch is confirmed', ...run.confirmed },
        { name: 'until every fare is withheld', ...run.settled },
      ],
      waits: run.waits,
      processes: [
        { name: 'settlement', readyMs, rssMb: readRssMb(child) },
        ...workers.map(({ child: worker }, index) => ({
          name: `worker ${index + 1}`,
          readyMs: workersReadyMs[index] ?? 0,
          rssMb: readRssMb(worker),
        })),
      ],
    };
  } finally {
    for (const worker of workers) await stopSettlement(worker.child);
    await stopSettlement(child);
  }
}

/** `ready`: after how many milliseconds it works. */
function startWorker(dataDir: string, env: Readonly<Record<string, string>>) {
  const from = performance.now();
  const child = spawn(STILE, ['settlement', 'worker', '--data', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ready = new Promise<number>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`a worker ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('working')) done(performance.now() - from);
    });
  });
  ready.catch(() => undefined);
  return { child, ready };
}

export async function stopSettlement(child: ChildProcess): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
}

/** Gates with all that they will send, and the codes in it, each of which is charged once. */
export async function prepareTaps(
  operator: OperatorClient,
  { url, batches, riders: count = RIDERS }: { url: string; batches: number; riders?: number },
) {
  await operator.call('PUT', 'v1/operator/lines/L1', { body: { fareCents: FARE_CENTS } });
  const riders: Rider[] = [];
  for (let n = 0; n < count; n += ENROLMENTS_AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(ENROLMENTS_AT_ONCE, count - n) },
      (_, i) => n + i,
    );
    riders.push(...(await Promise.all(numbers.map((number) => enrolRider(url, number)))));
  }
  const codes = makeCodes(riders, batches * BATCH_RECORDS_MAX);
  const gates: BenchGate[] = [];
  for (let n = 0; n < GATES; n += 1) {
    const mine = codes.slice((n * codes.length) / GATES, ((n + 1) * codes.length) / GATES);
    gates.push(await enrolGate(operator, { url, gate: `bench-${n}`, codes: mine }));
  }
  return { gates, codes };
}

/** `env` is added to this process's own. */
export async function startSettlement(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: ChildProcess; url: string }> {
  const settings = `${dataDir}-settings.json`;
  writeFileSync(settings, JSON.stringify(SETTINGS));
  const start = ['settlement', 'start', '--data', dataDir, '--settings', settings];
  const args = [...start, '--port', '0', '--log', 'info'];
  const child = spawn(STILE, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const url = await new Promise<string>((found, fail) => {
    child.once('exit', (code) => fail(new Error(`settlement ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      const match = /"url":"(http:[^"]+)"/.exec(chunk.toString());
      if (match?.[1] !== undefined) found(match[1]);
    });
  });
  return { child, url };
}

async function enrolRider(url: string, n: number): Promise<Rider> {
  const key = generateKey(n % 2 === 0 ? 'Ed25519' : 'P-256');
  const client = createPhoneClient(url, key);
  const { account, serial, session } = await client.enrol();
  await client.topUp(session.token, { amountCents: 1_000_000, idempotencyKey: 'bench' });
  // The pass of an empty wallet stands for nothing.
  const pass = await client.renewPass({ account, serial });
  return { key, pass: fromHex(pass) ?? new Uint8Array(0) };
}

/** The riders in turns, each with its counter going up. */
function makeCodes(riders: readonly Rider[], count: number): string[] {
  const generatedAtS = Math.floor(Date.now() / 1000);
  return Array.from({ length: count }, (_, index) => {
    const rider = riders[index % riders.length];
    if (rider === undefined) throw new Error('there are riders');
    const counter = 1 + Math.floor(index / riders.length);
    return makeTransitCode(rider.pass, {
      fresh: { generatedAtS, counter, flags: 0 },
      sign: rider.key.sign,
    });
  });
}

async function enrolGate(
  operator: OperatorClient,
  { url, gate, codes }: { url: string; gate: string; codes: readonly string[] },
): Promise<BenchGate> {
  const key = generateKey('Ed25519');
  const body = { gate, line: 'L1' };
  const announced = await operator.call('POST', 'v1/operator/gates', { body });
  const { token } = gateTokenSchema.parse(announced);
  const read = readGateToken(token);
  assert(read !== undefined, 'settlement makes tokens that can be read');
  await callJson(url, 'v1/gates/enrolments', { body: enrolmentBody(read, key) });
  return { gate, key, batches: writeBatches(codes, { gate, key }), taps: codes.length };
}

function writeBatches(
  codes: readonly string[],
  { gate, key }: { gate: string; key: SigningKey },
): Uint8Array[] {
  const epoch = randomBytes(8).toString('hex');
  const batches: Uint8Array[] = [];
  let head = genesisHash({ gate, epoch, sha256 });
  for (let at = 0; at < codes.length; at += BATCH_RECORDS_MAX) {
    const prev = toHex(head);
    const records = codes.slice(at, at + BATCH_RECORDS_MAX).map((scan, index) => {
      const record = utf8(JSON.stringify(tapRecord(at + index + 1, scan)));
      head = recordHash({ previous: head, bytes: record, sha256 });
      return record;
    });
    const fromSeq = at + 1;
    const toSeq = at + records.length;
    const lists = { trust: 1, deny: 0, denyAtS: 0, stage: 'FRESH' } as const;
    const header = { stile: 'gate-log/1', gate, epoch, fromSeq, toSeq, prev, lists } as const;
    batches.push(writeBatch(header, { records, head, sha256, key }));
  }
  return batches;
}

function tapRecord(seq: number, scan: string) {
  return {
    v: 1,
    seq,
    atMs: Date.now(),
    monoMs: seq,
    boot: '00000000',
    clock: 'TRUSTED',
    kind: 'tap',
    verdict: 'open',
    reason: null,
    scan,
    scanHex: null,
    scanBytes: scan.length,
    line: 'L1',
    fareCents: FARE_CENTS,
    trust: 1,
    deny: 0,
    tariff: 1,
  };
}

/** What a tap needs on this thread, a pass that was checked once not again; the median of five rounds. */
function measureBare(dataDir: string, texts: readonly string[]): number {
  const jwk = JSON.parse(readFileSync(findIssuerKeyFile(dataDir), 'utf8')) as { x: string };
  const issuerKey = Buffer.from(jwk.x, 'base64url');
  const codes = texts.flatMap((text) => {
    const reading = readTransitCode(text);
    return reading.ok ? [reading.value] : [];
  });
  const verify = createNodeVerify();
  const rates = Array.from({ length: 5 }, () => {
    const checked = new Set<string>();
    const from = performance.now();
    for (const code of codes) {
      const id = toHex(sha256(code.bytes));
      const isKnown = checked.has(id);
      checked.add(id);
      const holds =
        (isKnown || issuerSignatureHolds(verify, { issuerKey, pass: code })) &&
        deviceSignatureHolds(verify, code);
      if (!holds) throw new Error('a good code does not hold');
    }
    return (codes.length * 1000) / (performance.now() - from);
  });
  return median(rates);
}

function findIssuerKeyFile(dataDir: string): string {
  const keys = join(dataDir, 'keys');
  const name = readdirSync(keys).find((file) => file.startsWith('issuer-'));
  return join(keys, name ?? 'issuer');
}

async function send(
  operator: OperatorClient,
  { url, gates, taps }: { url: string; gates: readonly BenchGate[]; taps: number },
) {
  const pings = startPings(url);
  const from = performance.now();
  await Promise.all(gates.map((gate) => sendAll(url, gate)));
  const confirmedMs = performance.now() - from;
  await untilSettled(operator, taps);
  const settledMs = performance.now() - from;
  return {
    confirmed: { tapsPerS: (taps * 1000) / confirmedMs },
    settled: { tapsPerS: (taps * 1000) / settledMs },
    waits: await pings.stop(),
  };
}

/** One gate sends its batches in order, as gates do, over `fetch`'s pool of kept connections. */
export async function sendAll(url: string, { gate, batches, taps }: BenchGate): Promise<void> {
  let ackSeq = 0;
  for (const batch of batches) {
    const response = await fetch(new URL(`v1/gates/${gate}/batches`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', ...announce(batch) },
      body: new Uint8Array(batch),
    });
    if (!response.ok) throw new Error(`batch refused: ${await response.text()}`);
    ({ ackSeq } = (await response.json()) as { ackSeq: number });
  }
  if (ackSeq !== taps) throw new Error(`${gate}: ${ackSeq} of ${taps} confirmed`);
}

export async function untilSettled(operator: OperatorClient, taps: number): Promise<void> {
  const until = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const balance = await operator.call('GET', 'v1/operator/trial-balance');
    const { accounts } = trialBalanceSchema.parse(balance);
    const sumOf = (prefix: string) =>
      accounts
        .filter(({ name }) => name.startsWith(prefix))
        .reduce((sum, { balanceCents }) => sum + balanceCents, 0);
    if (sumOf('revenue:') === taps * FARE_CENTS && sumOf('receivable:') === 0) return;
    if (performance.now() > until) throw new Error('fares were not withheld within a minute');
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** Asks a small question again and again while the service works. */
export function startPings(url: string): { stop: () => Promise<Waits> } {
  const waits: number[] = [];
  let stopped = false;
  const run = (async () => {
    while (!stopped) {
      const from = performance.now();
      await (await fetch(new URL('v1/health', url))).arrayBuffer();
      waits.push(performance.now() - from);
      await new Promise((next) => setTimeout(next, PING_EVERY_MS));
    }
    return waitsOf(waits);
  })();
  return {
    stop: () => {
      stopped = true;
      return run;
    },
  };
}
