/**
 * Settlement's composition root: wires store, keys, publisher, jobs, workers and HTTP, and takes them
 * down again in reverse. It reads no command line and no environment; what it needs is passed in.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { lockDataDir, shareDataDir } from '@stile/host/data-dir-lock.ts';
import { makePrivateDir } from '@stile/host/private-files.ts';
import { type Random, systemRandom } from '@stile/host/random.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import { assert, type Fault } from '@stile/protocol/fault.ts';
import type { RootKey } from '@stile/protocol/signed.ts';
import type { Logger } from 'pino';
import { requireSameBooks } from './books.ts';
import { Closing } from './closing.ts';
import {
  paymentLimitsOf,
  type SettlementFile,
  type SettlementOptions,
  settingsNotInForce,
} from './config.ts';
import {
  adviceOnModes,
  checkedConfig,
  ensureConfig,
  ensureOperatorToken,
  isMarkedInitialised,
  markInitialised,
  readConfig,
  requireSecrets,
  requireWhole,
  TOKEN_FILE,
} from './data-dir.ts';
import { DATABASE_FILE, requirePlace } from './database-place.ts';
import {
  builtInProvider,
  cannotListen,
  lookBefore,
  removeMade,
  requireNoGate,
  undoOf,
} from './first-start.ts';
import { type Api, buildApi } from './http/app.ts';
import { createChallenges, type SharedChallenges } from './http/challenges.ts';
import { createCodeIssue } from './http/code-issue.ts';
import { createCodePayments } from './http/code-payments.ts';
import { createEventStreams, type EventStreams } from './http/event-streams.ts';
import { startEventSweep } from './http/event-sweep.ts';
import { createEnrolmentPolicy, type EnrolmentPolicy } from './http/rider/enrolment-policy.ts';
import { createAnswerSigner } from './keys/answer-signer.ts';
import { openOperatorKeys } from './keys/operator-keys.ts';
import { addIssuerKey } from './keys/passes.ts';
import { createRecoveryCodes, type RecoveryCodes } from './keys/recovery-codes.ts';
import { requireSeedKeys } from './keys/seed-keys.ts';
import { createSeedBox, type SeedBox } from './keys/seeds.ts';
import { tokenHash } from './keys/tokens.ts';
import { openLists } from './open-lists.ts';
import { OPERATOR_TOKEN_KEY, openStore, readTokenHash } from './open-store.ts';
import { openWork } from './open-work.ts';
import { bookKeyFile, findBookKey, keyedHashOf } from './store/book-key.ts';
import type { Store } from './store/port.ts';
import type { OnHint } from './store/postgres/event-hints.ts';

import { asDamage } from './stored-damage.ts';
import { createBackground } from './work/background.ts';
import { createOutboxLoop, type OutboxLoop } from './work/outbox.ts';
import { createRetention } from './work/retention.ts';
import { createTopUpInquiry } from './work/top-up-inquiry.ts';
import type { TopUpProvider } from './work/top-up-provider.ts';
import { createVerifyPool, type VerifyPool } from './work/verify-pool.ts';

const FIRST_KEY_ID = 1;
const WEB_DIR = fileURLToPath(new URL('../web/dist', import.meta.url));

export type SettlementConfig = {
  dataDir: string;
  /** The URL of the PostgreSQL database that has the books; default: a SQLite file in the directory. */
  database?: string | undefined;
  /** The Redis through which workers hear of work, as redis://…; only with a database. Default: it is done here. */
  redis?: string | undefined;
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
  /** Seeds whose key is not among them end; default: such a start is refused. */
  forgetSeeds?: boolean;
  /** Who may become a rider; default: by the settings. */
  enrolmentPolicy?: EnrolmentPolicy;
  /** Who brings money in; default: by the settings. */
  topUpProvider?: TopUpProvider;
  /** The built pages; default web/dist beside this package. */
  webDir?: string;
  /** `hold`: take batches in and leave the outbox for a process that runs it. Default `run`. */
  jobs?: 'run' | 'hold';
};

/** What can surprise; the machine's own by default. */
export type Surroundings = { clock?: Clock; random?: Random };
export type SettlementParts = {
  log: Logger;
  /** Called once if the disk fails a write: close it, and start it again. */
  onFatal?: (fault: Fault) => void;
} & Surroundings;

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
  rootKey: RootKey;
  /** Of a directory that was there: what was asked for and is kept as it was, a phrase each. */
  notInForce: string[];
};

/** `database`: as in `SettlementConfig`. */
export type InitSurroundings = Surroundings & { database?: string | undefined };

/** Prepares a data directory. What exists is kept, so a second run changes nothing. */
export async function initSettlement(
  dataDir: string,
  options: SettlementOptions = {},
  { clock = systemClock, random = systemRandom, database }: InitSurroundings = {},
): Promise<Initialised> {
  requirePlace(dataDir, database);
  requireWhole(dataDir, { database });
  requireNoGate(dataDir);
  checkedConfig(options);
  const before = lookBefore(dataDir);
  makePrivateDir(dataDir);
  // One alone makes what is there once. Afterwards each process of several on a database starts with this.
  const isShared = database !== undefined && isMarkedInitialised(dataDir);
  const unlock = (isShared ? shareDataDir : lockDataDir)(dataDir, 'settlement');
  let undo = undoOf(dataDir, before);
  let isRefused = false;
  // A database that was opened belongs to the keys that are here.
  const onOpened = () => {
    if (database !== undefined) undo = null;
  };
  try {
    const config = ensureConfig(dataDir, options);
    const initialised = await initialise(dataDir, { config, clock, random, database, onOpened });
    return { ...initialised, notInForce: settingsNotInForce(options, config) };
  } catch (error) {
    undo?.();
    isRefused = undo !== null;
    throw asDamage(error, dataDir);
  } finally {
    unlock();
    if (isRefused) removeMade(dataDir, before);
  }
}

async function initialise(
  dataDir: string,
  parts: Required<Surroundings> & {
    config: SettlementFile;
    database: string | undefined;
    onOpened: () => void;
  },
): Promise<Omit<Initialised, 'notInForce'>> {
  const { config, clock, random, onOpened } = parts;
  const store = await openStore(dataDir, parts);
  onOpened();
  try {
    // A directory of an older version has no mark; that its database knows a token says the same.
    if ((await store.readMeta(OPERATOR_TOKEN_KEY)) !== undefined) requireSecrets(dataDir);
    await requireSameBooks(store, { ...config, dataDir });
    const { rootKey } = await openOperatorKeys({ dataDir, store, config, clock });
    const token = ensureOperatorToken(dataDir, random);
    await store.writeMeta(OPERATOR_TOKEN_KEY, tokenHash(token));
    const { issuerKeys } = await store.readListFacts();
    if (!issuerKeys.some(({ issuer }) => issuer === config.issuer)) {
      await addIssuerKey({ dataDir, config, store, clock }, { keyId: FIRST_KEY_ID, announceS: 0 });
    }
    markInitialised(dataDir);
    const operatorTokenFile = join(dataDir, TOKEN_FILE);
    return { config, operatorTokenFile, rootKey };
  } finally {
    await store.close();
  }
}

/**
 * Starts settlement on an initialised data directory and listens.
 * @throws Fault FILE_UNREADABLE, CONFIG_INVALID, STORE_CORRUPT or STORE_FAILED with what to look at, CONFLICT
 * if another one runs on it.
 */
export async function startSettlement(
  options: SettlementConfig,
  { log: parentLog, onFatal, clock = systemClock, random = systemRandom }: SettlementParts,
): Promise<Settlement> {
  const { dataDir, seedKeys, forgetSeeds = false, database } = options;
  const log = parentLog.child({}, { redact: ['*.token', '*.authorization', '*.proof', '*.scan'] });
  const seedBox = seedKeys === undefined ? null : createSeedBox(seedKeys, random);
  requirePlace(dataDir, database);
  requireWhole(dataDir, { database });
  const config = readConfig(dataDir);
  const lock = database === undefined ? lockDataDir : shareDataDir;
  const unlock = lock(dataDir, 'settlement');
  const closing = new Closing(async () => unlock());
  try {
    const streams = createEventStreams({ perAddressMax: config.http.streamsPerAddressMax });
    const onEvents: OnHint = (subjects) =>
      streams.wake(subjects === 'everybody' ? streams.subjects() : subjects);
    const opening = { config, onFatal, clock, random, database, onEvents, log };
    const store = await openStore(dataDir, opening);
    closing.first(() => store.close());
    await requireSameBooks(store, { ...config, dataDir });
    await requireSeedKeys({ store, seedBox, mayForget: forgetSeeds, clock, log });
    for (const advice of adviceOnModes(dataDir)) log.warn(advice);
    return await open(options, { store, streams, config, clock, random, log, seedBox, closing });
  } catch (error) {
    await closing.run();
    throw asDamage(error, dataDir);
  }
}

type OpenParts = Required<Omit<SettlementParts, 'onFatal'>> & {
  store: Store;
  streams: EventStreams;
  config: SettlementFile;
  /** Null: no seed key was given, payment codes are off. */
  seedBox: SeedBox | null;
  closing: Closing;
};

async function open(options: SettlementConfig, parts: OpenParts): Promise<Settlement> {
  const { host = '127.0.0.1', port, webDir = WEB_DIR } = options;
  const { store, streams, config, random, log, seedBox, closing } = parts;
  const { issuer } = config;
  const operatorTokenHash = await readTokenHash(store);
  const lists = await openLists(options, parts);
  const { signedClock, clock, leader, passes, timeKeeper, operatorKeys, publisher } = lists;
  const { doPiece, countJobs, sharedCounts } = await openWork(options, { parts, leader, clock });
  const topUpProvider = options.topUpProvider ?? builtInProvider(config, host);
  const background = createBackground({
    store,
    publisher,
    passes,
    askAboutTopUps: createTopUpInquiry({
      store,
      provider: topUpProvider,
      issuer,
      currency: config.currency,
      clock,
      log,
    }),
    retain: createRetention({ store, retention: config.retention, signedClock, clock, log }),
    operatorKeys,
    leader,
    timeKeeper,
    doPiece,
    clock,
    log,
  });
  const loop = createOutboxLoop({ background, clock, log });
  const outbox = options.jobs === 'hold' ? holdOutbox(loop) : loop;
  closing.first(() => loop.close());
  const pool = openPool(options);
  closing.first(() => pool.close());
  const sharedChallenges = shareChallenges(options, store);
  const api = await buildApi({
    store,
    publisher,
    signedClock,
    timeKeeper,
    passes,
    operatorKeys,
    pool,
    outbox,
    leader,
    countJobs,
    sharedCounts,
    streams,
    codePayments: createCodePayments({ store, seedBox, issuer, clock, log }),
    recoveryCodes: openRecoveryCodes(options, random),
    codeIssue: createCodeIssue({ store, seedBox, limits: paymentLimitsOf(config), clock, random }),
    answers: createAnswerSigner(operatorKeys),
    challenges: createChallenges({ clock, random, shared: sharedChallenges }),
    sharedChallenges,
    webDir,
    config,
    enrolmentPolicy:
      options.enrolmentPolicy ?? createEnrolmentPolicy(config.enrolment.policy, store),
    topUpProvider,
    operatorTokenHash,
    clock,
    random,
    log,
    version: readVersion(),
  });
  closing.first(() => api.close());
  const url = await listen(api, { host, port });
  if (config.http.publicUrl === undefined) {
    log.info({ url }, 'order links lead here: set http.publicUrl to the name that riders know');
  }
  outbox.start();
  lists.follow(() => outbox.wake());
  if (options.database !== undefined) {
    closing.first(startEventSweep({ store, streams, clock: parts.clock, log }));
  }
  return { url, api, settled: () => outbox.settled(), close: () => closing.run() };
}

function openPool(options: SettlementConfig): VerifyPool {
  const { verifyWorkers: workers = 1, batchesMax = 16, passesCachedMax = 20_000 } = options;
  return createVerifyPool({ workers, batchesMax, passesCachedMax });
}

/** Null: no other process serves this settlement. */
function shareChallenges(options: SettlementConfig, store: Store): SharedChallenges | null {
  if (options.database === undefined) return null;
  const key = keyOf(options, DOMAINS.challengeKey);
  return { key, useOnce: (of) => store.useChallenge(of) };
}

function openRecoveryCodes(options: SettlementConfig, random: Random): RecoveryCodes {
  return createRecoveryCodes({
    keyedHash: keyedHashOf(keyOf(options, DOMAINS.recoveryQuickKey)),
    random,
  });
}

/** Made of the key of the books, which all processes have. */
function keyOf({ dataDir }: SettlementConfig, domain: Uint8Array): Uint8Array {
  const bookKey = findBookKey(bookKeyFile(join(dataDir, DATABASE_FILE)));
  assert(bookKey !== undefined, 'books that are open have their key');
  return keyedHashOf(bookKey)(domain);
}

async function listen(api: Api, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await api.listen({ host, port });
  } catch (error) {
    throw cannotListen({ host, port }, error);
  }
}

/** Work of another process: nothing is worked on here, the outbox keeps it all. */
function holdOutbox(loop: OutboxLoop): OutboxLoop {
  return { ...loop, wake: () => undefined, start: () => undefined, settled: async () => undefined };
}

function readVersion(): string {
  const file = new URL('./package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
