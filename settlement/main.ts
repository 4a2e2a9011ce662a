/**
 * Settlement's composition root: wires store, keys, publisher, jobs, workers and HTTP, and takes them
 * down again in reverse. It reads no command line and no environment; what it needs is passed in.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import {
  DATABASE_FILE,
  ensureConfig,
  ensureKey,
  ensureOperatorToken,
  issuerKeyFile,
  readConfig,
  readKey,
  rootKeyFile,
  type SettlementFile,
  type SettlementOptions,
  TOKEN_FILE,
  tokenHash,
} from './data-dir.ts';
import { type Api, buildApi } from './http/app.ts';
import { createChallenges } from './http/challenges.ts';
import { createHub } from './http/event-hub.ts';
import { createPaymentDesk } from './http/payments.ts';
import { addIssuerKey, openPasses } from './keys/passes.ts';
import { createSeedBox } from './keys/seeds.ts';
import type { Store } from './store/port.ts';
import { openSqliteStore } from './store/sqlite/store.ts';
import { createJobs, type Jobs } from './work/outbox.ts';
import { createPublisher, rootKeyOf } from './work/publisher.ts';
import { createVerifyPool } from './work/verify-pool.ts';

const OPERATOR_TOKEN_KEY = 'operatorTokenHash';
const FIRST_KEY_ID = 1;
const WEB_DIR = fileURLToPath(new URL('../web/dist', import.meta.url));

export type SettlementConfig = {
  dataDir: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** 0: any that is free. */
  port: number;
  /** Threads that check signatures; default 1. */
  verifyWorkers?: number;
  /** Batches that are checked or wait for it, beyond which gates are told to come back. Default 16. */
  batchesMax?: number;
  /** Passes whose issuer signature is not checked again; 0: check every one. Default 20,000. */
  passesCachedMax?: number;
  /**
   * Keys that seal payment seeds, as `STILE_SEED_KEY` holds them; without any, payment codes are off.
   */
  seedKeys?: string;
  /** The built pages; default web/dist beside this package. */
  webDir?: string;
  /** `hold`: take batches in and leave the outbox for a process that runs it. Default `run`. */
  jobs?: 'run' | 'hold';
};

export type SettlementParts = { log: Logger; clock?: Clock };

export type Settlement = {
  url: string;
  /** The HTTP server, for requests without a port. */
  api: Api;
  /** Waits until the outbox has been worked through as far as it goes. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

export type Initialised = {
  config: SettlementFile;
  /** The file that holds the operator's token. */
  operatorTokenFile: string;
  rootKey: ReturnType<typeof rootKeyOf>;
};

/** Prepares a data directory. What exists is kept, so a second run changes nothing. */
export async function initSettlement(
  dataDir: string,
  options: SettlementOptions = {},
  clock: Clock = systemClock,
): Promise<Initialised> {
  const config = ensureConfig(dataDir, options);
  const rootKey = ensureKey(rootKeyFile(dataDir));
  const token = ensureOperatorToken(dataDir);
  ensureKey(issuerKeyFile(dataDir, config.issuer, FIRST_KEY_ID));
  const store = await openStore(dataDir, config);
  try {
    await store.writeMeta(OPERATOR_TOKEN_KEY, tokenHash(token));
    const { issuerKeys } = await store.readListFacts();
    if (!issuerKeys.some(({ issuer }) => issuer === config.issuer)) {
      await addIssuerKey(dataDir, config, store, clock, FIRST_KEY_ID);
    }
  } finally {
    await store.close();
  }
  const operatorTokenFile = join(dataDir, TOKEN_FILE);
  return { config, operatorTokenFile, rootKey: rootKeyOf(rootKey) };
}

/**
 * Starts settlement on an initialised data directory and listens.
 * @throws Fault FILE_UNREADABLE, CONFIG_INVALID, STORE_CORRUPT or STORE_FAILED with what to look at.
 */
export async function startSettlement(
  options: SettlementConfig,
  { log: given, clock = systemClock }: SettlementParts,
): Promise<Settlement> {
  const { dataDir, host = '127.0.0.1', port, verifyWorkers = 1, batchesMax = 16 } = options;
  const { passesCachedMax = 20_000 } = options;
  const log = given.child({}, { redact: ['*.token', '*.authorization', '*.proof', '*.scan'] });
  const { seedKeys, webDir = WEB_DIR } = options;
  const seedBox = seedKeys === undefined ? null : createSeedBox(seedKeys);
  const config = readConfig(dataDir);
  const { issuer, payments: limits } = config;
  const store = await openStore(dataDir, config);
  const closers: (() => Promise<void>)[] = [() => store.close()];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const operatorTokenHash = await readTokenHash(store);
    const rootKey = readKey(rootKeyFile(dataDir));
    const passes = await openPasses(dataDir, config, store, clock);
    const publisher = createPublisher({ store, rootKey, config, clock });
    await publisher.publish();
    const hub = createHub();
    const desk = createPaymentDesk({ store, seedBox, hub, limits, issuer, clock });
    const jobs = createJobs({ store, publisher, hub, issuer, clock, log });
    const pool = createVerifyPool({ workers: verifyWorkers, batchesMax, passesCachedMax });
    closers.push(() => jobs.close());
    closers.push(() => pool.close());
    const challenges = createChallenges(clock);
    const version = readVersion();
    const running = options.jobs === 'hold' ? holdJobs(jobs) : jobs;
    const parts = { store, publisher, passes, pool, challenges, config, operatorTokenHash };
    const told = { desk, hub, jobs: running };
    const api = await buildApi({ ...parts, ...told, webDir, clock, log, version });
    closers.push(() => api.close());
    const url = await listen(api, host, port);
    running.start();
    return { url, api, settled: () => running.settled(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(api: Api, host: string, port: number): Promise<string> {
  try {
    return await api.listen({ host, port });
  } catch (error) {
    throw new Fault('CONFIG_INVALID', `cannot listen on ${host}:${port}: ${describeError(error)}`);
  }
}

async function openStore(dataDir: string, config: SettlementFile): Promise<Store> {
  const file = join(dataDir, DATABASE_FILE);
  return await openSqliteStore({ file, limitsNow: config.limits, paymentLimits: config.payments });
}

async function readTokenHash(store: Store): Promise<string> {
  const hash = await store.readMeta(OPERATOR_TOKEN_KEY);
  if (hash !== undefined) return hash;
  throw new Fault('FILE_UNREADABLE', 'this settlement was never initialised');
}

/** Jobs of another process: nothing is worked on here, the outbox keeps it all. */
function holdJobs(jobs: Jobs): Jobs {
  return { ...jobs, wake: () => undefined, start: () => undefined, settled: async () => undefined };
}

function readVersion(): string {
  const file = new URL('./package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
