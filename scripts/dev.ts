/**
 * `npm run dev`: the three pages with hot reload before a live sandbox. Starts a settlement on a scratch
 * folder, with a fare, a shop, payment codes and a rider who has money, and Vite's server before it; Ctrl-C
 * ends both and takes the folder away. All of it listens on this machine only.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@stile/crypto/sign.ts';
import { createPhoneClient } from '@stile/phone/client.ts';
import { writePhone } from '@stile/phone/phone-file.ts';
import { initSettlement, startSettlement } from '@stile/settlement/main.ts';
import { pino } from 'pino';
import { createServer, type ViteDevServer } from 'vite';
import { createOperatorClient } from '../cli/operator-client.ts';
import { print, stopped, stopSignal } from '../cli/terminal.ts';

const HOST = '127.0.0.1';
/** The next one that is free, if another program has it. */
const PORT = 5173;
const VITE_CONFIG = join(import.meta.dirname, '..', 'web', 'vite.config.ts');
const OPERATOR = 'Sandbox';
const LINE = 'M1';
const FARE_CENTS = 280;
const MERCHANT = { merchant: 'kiosk', name: 'Harbour Kiosk' };
const MONEY_CENTS = 5_000;

type Sandbox = { tillToken: string; phoneFile: string };

const signal = stopSignal();
const folder = mkdtempSync(join(tmpdir(), 'stile-dev-'));
// However the process ends: Vite ends it by itself at SIGTERM.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
await run();

/** Runs until Ctrl-C. */
async function run(): Promise<void> {
  const dataDir = join(folder, 'settlement');
  // Order links lead to the pages that Vite serves.
  const publicUrl = `http://${HOST}:${PORT}`;
  await initSettlement(dataDir, {
    operator: OPERATOR,
    http: { publicUrl },
    enrolment: { policy: 'open', perAddressPerHour: 1_000 },
    topUps: { mode: 'sandbox' },
  });
  // Lives as long as the sandbox: nothing can open the seeds afterwards.
  const seedKeys = randomBytes(32).toString('hex');
  const log = pino({ level: 'warn' });
  const settlement = await startSettlement({ dataDir, host: HOST, port: 0, seedKeys }, { log });
  try {
    const sandbox = await furnish(settlement.url, dataDir);
    const vite = await startVite(settlement.url);
    printAddresses(vite, sandbox);
    await stopped(signal);
    await vite.close();
  } finally {
    await settlement.close();
  }
}

/** A fare, a shop, and a rider's phone with money and a seed, for the other side of a till. */
async function furnish(url: string, dataDir: string): Promise<Sandbox> {
  const operator = createOperatorClient(url, dataDir);
  await operator.call('PUT', `v1/operator/lines/${LINE}`, { body: { fareCents: FARE_CENTS } });
  const merchant = await operator.call('POST', 'v1/operator/merchants', { body: MERCHANT });
  const { token: tillToken } = merchant as { token: string };
  const key = generateKey('Ed25519');
  const client = createPhoneClient(url, key);
  const { account, serial, pass, session } = await client.enrol();
  await client.topUp(session.token, { amountCents: MONEY_CENTS, idempotencyKey: 'first-money' });
  const seed = await client.fetchSeed(session.token, { account, serial });
  const phoneFile = join(folder, 'phone.json');
  writePhone(phoneFile, {
    stile: 'phone/1',
    settlementUrl: url,
    key: { ...key.privateJwk, crv: key.algorithm },
    account,
    serial,
    pass,
    counter: 0,
    seed,
  });
  await client.confirmSeed(session.token, seed.handle);
  return { tillToken, phoneFile };
}

/** Vite serves the pages; what the pages ask of settlement goes through it, events too. */
async function startVite(settlementUrl: string): Promise<ViteDevServer> {
  const proxied = { target: settlementUrl, changeOrigin: false };
  const vite = await createServer({
    configFile: VITE_CONFIG,
    logLevel: 'warn',
    server: {
      host: HOST,
      port: PORT,
      proxy: { '/v1': proxied, '/openapi.json': proxied },
    },
  });
  return await vite.listen();
}

function printAddresses({ resolvedUrls }: ViteDevServer, { tillToken, phoneFile }: Sandbox): void {
  const base = resolvedUrls?.local[0] ?? `http://${HOST}:${PORT}/`;
  print(`wallet   ${base}wallet/\n`);
  print(`till     ${base}till/#token=${tillToken}\n`);
  print(`scanner  ${base}scanner/   (with #feed=… of "./scripts/stile scanner --feed 0")\n`);
  print(`a code   ./scripts/stile rider payment-code --phone ${phoneFile}\n`);
  print('Ctrl-C ends it and takes its data away.\n');
}
