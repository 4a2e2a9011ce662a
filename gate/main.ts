/**
 * Composition root of the firmware: identity, stores, devices, loop and uplink, put together and taken
 * down again. No decision is made here.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { BarrierDriver } from '@stile/hardware/barrier/driver.ts';
import { DisplayDriver } from '@stile/hardware/display/driver.ts';
import { ScannerDriver } from '@stile/hardware/scanner/driver.ts';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { describeError, type Fault } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { GateConfig } from './shell/config.ts';
import { readIdentity } from './shell/identity.ts';
import { createGateLoop, type GateLoop, type LoopParts } from './shell/loop.ts';
import { createLineReader } from './shell/scan-reader.ts';
import { createStopwatch } from './shell/stopwatch.ts';
import { lockDataDir } from './shell/store/lock.ts';
import { openOrReplace } from './shell/store/quarantine.ts';
import { openReferenceStore, type ReferenceStore } from './shell/store/reference-store.ts';
import { newBootId, openTapsStore, type TapsStore } from './shell/store/taps-store.ts';
import { createAsker } from './shell/uplink/authoriser.ts';
import { createListsFetcher } from './shell/uplink/lists.ts';
import { createSyncer, type Syncer } from './shell/uplink/syncer.ts';
import { createUplink, type Uplink } from './shell/uplink/uplink.ts';
import { warmUp } from './shell/warm-up.ts';

const HOUSEKEEPING_MS = 1_000;
/** Housekeeping writes to the disk only when nobody has been at the gate for this long. */
const QUIET_MS = 500;
/** Old records and passes are looked for once in so many rounds of housekeeping. */
const PRUNE_EVERY_ROUNDS = 60;
const WARN_EVERY_ROUNDS = 24 * 3_600;
const ASK_ID_BYTES = 16;
/** How long words stay on the display before it invites the next rider. */
const MESSAGE_MS = 2_500;

export type GateOptions = {
  config: GateConfig;
  log: Logger;
  clock?: Clock;
  random?: () => number;
  /** The disk has failed; the gate has closed itself and the process should end. */
  onFatal: (fault: Fault) => void;
};

export type Gate = {
  readonly gate: string;
  /** Milliseconds since this process began until the gate was ready. */
  readonly readyMs: number;
  /** Writes how long each step of the latest taps took, as JSON; answers the file's name. */
  writeTimings(): string;
  /** Syncs now instead of at the next due time. */
  syncNow(): void;
  close(): Promise<void>;
};

/** @throws Fault where the gate is not enrolled, runs already, or cannot write its disk. */
export async function startGate(options: GateOptions): Promise<Gate> {
  const { config, log, clock = systemClock } = options;
  const { dataDir } = config;
  const identity = readIdentity(dataDir);
  const unlock = lockDataDir(dataDir);
  const closers: (() => void | Promise<void>)[] = [unlock];
  try {
    return await assemble({ ...options, clock }, identity, closers);
  } catch (error) {
    for (const close of closers.reverse()) await close();
    log.debug({ error: describeError(error) }, 'start failed');
    throw error;
  }
}

async function assemble(
  options: GateOptions & { clock: Clock },
  identity: ReturnType<typeof readIdentity>,
  closers: (() => void | Promise<void>)[],
): Promise<Gate> {
  const { config, log, clock } = options;
  const { dataDir } = config;
  const stores = await openStores(config, identity, clock, log);
  closers.push(() => stores.taps.close());
  closers.push(() => stores.reference.close());
  const stopwatch = createStopwatch();
  const verify = createNodeVerify();
  const devices = openDevices(config, log);
  for (const device of [devices.barrier, devices.display]) {
    if (device !== null) closers.push(() => device.release());
  }
  const onFatal = onceFatal(options);
  const uplink = createUplink({ ...config.settlement, rootKeys: identity.rootKeys, clock });
  closers.push(() => uplink.close());
  const loop = createGateLoop({
    taps: stores.taps,
    reference: stores.reference,
    barrier: devices.barrier,
    display: devices.display ?? { show: () => undefined },
    asker: createAsker({ ...identity, uplink, log }),
    clock,
    log,
    verify,
    stopwatch,
    settings: settingsOf(config, identity),
    newAskId: () => randomBytes(ASK_ID_BYTES).toString('hex'),
    random: options.random ?? Math.random,
    onStored: () => syncer.onStored(),
    onFatal,
  });
  const syncer = joinSettlement({ ...options, onFatal }, identity, stores, uplink, loop);
  const scanner = openScanner(config, clock, log, (text, atMs) => loop.onLine(text, atMs));
  closers.push(() => scanner.release());
  if (stores.replaced !== null) loop.storeNote('LOG_REPLACED', stores.replaced);
  loop.storeNote('STARTED', `node ${process.version}`);
  warmUp(verify);
  loop.start();
  for (const device of [devices.barrier, devices.display, scanner]) device?.start();
  syncer.start();
  const housekeeping = keepHouse(stores, loop, clock, log);
  warnIfExpired(stores.reference, clock, log);
  const readyMs = Math.round(performance.now());
  const { gate, line } = identity;
  const trust = stores.reference.trust?.version ?? 0;
  log.info({ gate, line, trust, unconfirmed: stores.taps.unconfirmed, readyMs }, 'ready');
  return {
    gate,
    readyMs,
    writeTimings() {
      const file = join(dataDir, 'timings.json');
      writeFileSync(file, JSON.stringify(stopwatch.read()));
      return file;
    },
    syncNow: () => syncer.wake(),
    async close() {
      clearInterval(housekeeping);
      await scanner.release();
      await syncer.close();
      loop.close();
      uplink.close();
      // The relay is left closed; a rider in the way is the hardware's business.
      await devices.barrier.close().catch(() => undefined);
      await devices.barrier.release();
      await devices.display?.release();
      stores.taps.close();
      stores.reference.close();
      await closers[0]?.();
      log.info(loop.counts, 'stopped');
    },
  };
}

/** The first failure that ends the gate is reported; what follows from it is noise. */
function onceFatal({ log, onFatal }: GateOptions): (fault: Fault) => void {
  let fatal = false;
  return (fault) => {
    if (fatal) return;
    fatal = true;
    log.fatal({ code: fault.code, error: fault.message }, 'the gate stops');
    onFatal(fault);
  };
}

function joinSettlement(
  options: GateOptions & { clock: Clock },
  identity: ReturnType<typeof readIdentity>,
  stores: Awaited<ReturnType<typeof openStores>>,
  uplink: Uplink,
  loop: GateLoop,
): Syncer {
  const { config, clock, log, onFatal, random = Math.random } = options;
  const { taps, reference } = stores;
  return createSyncer({
    gate: identity.gate,
    key: identity.key,
    taps,
    reference,
    uplink,
    lists: createListsFetcher(reference, uplink),
    clock,
    pace: config.settlement,
    random,
    log,
    onLists: ({ signedAtS }) => loop.onListsApplied(signedAtS),
    onFatal,
  });
}

/** An old trust list stays in force (protocol/README.md §4), but somebody should know. */
function warnIfExpired(reference: ReferenceStore, clock: Clock, log: Logger): void {
  const { trust } = reference;
  if (trust === null) log.warn('there is no trust list: every code is refused until it is fetched');
  else if (clock.now().wallMs / 1000 > trust.expiresAtS) {
    const expiredAt = new Date(trust.expiresAtS * 1000).toISOString();
    log.warn({ trust: trust.version, expiredAt }, 'the trust list is past its date');
  }
}

async function openStores(
  config: GateConfig,
  identity: ReturnType<typeof readIdentity>,
  clock: Clock,
  log: Logger,
) {
  const { dataDir, store } = config;
  const { wallMs } = clock.now();
  const reference = await openOrReplace(
    () => openReferenceStore(dataDir, identity.rootKeys),
    dataDir,
    (name) => name.startsWith('reference.db') || name.startsWith('deny-'),
    wallMs,
  );
  const taps = await openOrReplace(
    () =>
      openTapsStore({
        file: join(dataDir, 'taps.db'),
        gate: identity.gate,
        boot: newBootId(),
        remembersRides: config.rules.passbackS > 0,
        ...store,
      }),
    dataDir,
    (name) => name.startsWith('taps.db'),
    wallMs,
  ).catch((error) => {
    reference.store.close();
    throw error;
  });
  for (const { replaced } of [reference, taps]) {
    if (replaced !== null) log.error(replaced, 'a damaged store was moved aside');
  }
  return {
    reference: reference.store,
    taps: taps.store,
    replaced: taps.replaced === null ? null : taps.replaced.why.slice(0, 500),
  };
}

function openDevices(config: GateConfig, log: Logger) {
  const report = (device: string) => (connected: boolean, why: string) =>
    log[connected ? 'info' : 'warn']({ device, connected, why }, 'device');
  const { barrier, display } = config;
  return {
    barrier: new BarrierDriver({ ...barrier, onState: report('barrier') }),
    display:
      display === undefined ? null : new DisplayDriver({ ...display, onState: report('display') }),
  };
}

function openScanner(
  config: GateConfig,
  clock: Clock,
  log: Logger,
  onLine: (text: string, bytesAtMs: number) => void,
): ScannerDriver {
  let bytesAtMs = 0;
  const lines = createLineReader(clock, (text) => {
    try {
      onLine(text, bytesAtMs);
    } catch (error) {
      // A throw inside a stream's handler would end the process; a bug here must refuse, not stop.
      log.error({ error: describeError(error) }, 'a scan could not be judged');
    }
  });
  return new ScannerDriver({
    ...config.scanner,
    onBytes: (bytes) => {
      bytesAtMs = performance.now();
      lines.push(bytes);
    },
    onState: (connected, why) => {
      if (!connected) lines.reset();
      log[connected ? 'info' : 'warn']({ device: 'scanner', connected, why }, 'device');
    },
  });
}

function settingsOf(
  config: GateConfig,
  identity: ReturnType<typeof readIdentity>,
): LoopParts['settings'] {
  const { rules, barrier } = config;
  return {
    line: identity.line,
    scopes: rules.scopes ?? [identity.scope],
    products: rules.products,
    passbackS: rules.passbackS,
    onClockUnknown: rules.onClockUnknown,
    timing: {
      openMs: barrier.openMs,
      presentationMs: rules.presentationMs,
      messageMs: MESSAGE_MS,
      payBudgetMs: config.settlement.payBudgetMs,
    },
  };
}

/** Moves the journal into the file and drops what is old, while nobody is waiting. */
function keepHouse(
  { taps, reference }: { taps: TapsStore; reference: ReferenceStore },
  loop: GateLoop,
  clock: Clock,
  log: Logger,
): NodeJS.Timeout {
  let checkpointedSeq = -1;
  let round = 0;
  return setInterval(() => {
    const now = clock.now();
    round += 1;
    if (round % WARN_EVERY_ROUNDS === 0) warnIfExpired(reference, clock, log);
    if (now.monoMs - loop.lastScanMonoMs < QUIET_MS) return;
    if (round % PRUNE_EVERY_ROUNDS === 0) taps.prune(now.wallMs);
    if (checkpointedSeq === taps.lastSeq) return;
    checkpointedSeq = taps.lastSeq;
    taps.checkpoint();
  }, HOUSEKEEPING_MS);
}
