/**
 * Composition root of the firmware: identity, stores, devices, loop and uplink, put together and taken
 * down again. No decision is made here.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { type SerialPorts, systemPorts } from '@stile/hardware/serial/ports.ts';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import { asFault, asStoreFault } from '@stile/host/fault.ts';
import { type Exchange, exchange } from '@stile/host/http-client.ts';
import { type Random, systemRandom } from '@stile/host/random.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { type RootState, RootTrust } from '@stile/protocol/root-trust.ts';
import type { Logger } from 'pino';
import { type ClockError, isNews } from './core/clock-error.ts';
import { armDown } from './shell/arm-down.ts';
import type { GateConfig } from './shell/config.ts';
import { watchDevices } from './shell/device-watch.ts';
import { openOutputs, openScanner } from './shell/devices.ts';
import type { GateSettings } from './shell/facts.ts';
import { startHousekeeping, warnIfExpired } from './shell/housekeeping.ts';
import { type Identity, keepRoot, readIdentity } from './shell/identity.ts';
import { createGateLoop, type GateLoop } from './shell/loop.ts';
import { createStopwatch, type Stopwatch } from './shell/stopwatch.ts';
import { type ReferenceStore, setListsAside } from './shell/store/reference-store.ts';
import { openStores, type Stores } from './shell/stores.ts';
import { createAuthoriser } from './shell/uplink/authoriser.ts';
import { createListsFetcher, type ListsParts } from './shell/uplink/lists.ts';
import { createSyncer } from './shell/uplink/syncer.ts';
import { createUplink } from './shell/uplink/uplink.ts';
import { warmUp } from './shell/warm-up.ts';

/** How long words stay on the display before it invites the next rider. */
const MESSAGE_MS = 2_500;

/** Time, chance, network and serial ports as a gate gets them from outside. */
export type GateWorld = {
  clock: Clock;
  random: Random;
  exchange: Exchange;
  ports: SerialPorts;
};

export type GateOptions = Partial<GateWorld> & {
  config: GateConfig;
  /** Where the gate's private key is, if it is not in the data directory. */
  keyFile?: string;
  log: Logger;
  /** The disk has failed; the gate has closed itself and the process should end. */
  onFatal: (fault: Fault) => void;
};

export type Gate = {
  readonly gate: string;
  /** Milliseconds since this process began until the gate was ready. */
  readonly readyMs: number;
  /** By the latest time that settlement has signed for it; null: none yet. */
  clockError(): ClockError | null;
  /** Writes how long each step of the latest taps took, as JSON; returns the file's name. @throws Fault */
  writeTimings(): string;
  /** Syncs now instead of at the next due time. */
  syncNow(): void;
  close(): Promise<void>;
};

type Parts = GateWorld & Required<Pick<GateOptions, 'config' | 'log' | 'onFatal'>>;

/** @throws Fault if the gate is not enrolled, runs already, or cannot write its disk. */
export async function startGate(options: GateOptions): Promise<Gate> {
  const { config, log } = options;
  const { dataDir } = config;
  const system = { clock: systemClock, random: systemRandom, exchange, ports: systemPorts };
  const parts = { ...system, ...options, onFatal: onceFatal(options) };
  const { clock, ports } = parts;
  /** What is open is closed in the opposite order, whether the start fails or the gate stops. */
  const open = new AsyncDisposableStack();
  const outputs = openOutputs(parts);
  const { barrier } = outputs;
  let isStarted = false;
  const startBarrier = () => {
    if (isStarted) return;
    isStarted = true;
    open.defer(() => barrier.release());
    barrier.start();
  };
  try {
    // Where there is no directory no gate runs, and there is none to run.
    if (existsSync(dataDir)) open.defer(lockDataDir(dataDir, 'gate'));
    // A gate that died in the midst of a ride has left the arm as it was.
    startBarrier();
    const identity = readIdentity(dataDir, options.keyFile);
    const root = new RootTrust(identity.root);
    return await assemble(parts, { identity, root, open, outputs });
  } catch (error) {
    const isOfAnother = !isStarted && error instanceof Fault && error.code === 'CONFLICT';
    const isThere = ports.nodeOf(config.barrier.path) !== null;
    if (isThere && !isOfAnother) {
      startBarrier();
      await armDown(barrier.closeAtFirst(), clock);
    }
    await closeAll(open, log);
    log.debug({ error: describeError(error) }, 'start failed');
    throw error;
  }
}

/** What is stored is stored: a file that cannot be closed well is said, and keeps nothing else from being closed. */
async function closeAll(open: AsyncDisposableStack, log: Logger): Promise<void> {
  try {
    await open.disposeAsync();
  } catch (error) {
    log.error({ error: describeError(error) }, 'not everything could be closed well');
  }
}

type Opened = {
  identity: Identity;
  root: RootTrust;
  open: AsyncDisposableStack;
  outputs: ReturnType<typeof openOutputs>;
};

async function assemble(parts: Parts, { identity, root, open, outputs }: Opened): Promise<Gate> {
  const { config, log, clock, random } = parts;
  const { barrier, display, verdicts } = outputs;
  const { taps, reference, replaced } = await openStores({ ...parts, identity, root });
  open.defer(() => reference.close());
  open.defer(() => taps.close());
  const endGate = endWithout(reference, parts);
  const onFatal = (fault: Fault) => {
    // Before the sentence, and before whoever started this gate hears of it.
    loop.halt().catch(() => undefined);
    endGate(fault);
  };
  const stopwatch = createStopwatch();
  const verify = createNodeVerify();
  open.defer(async () => verdicts?.release());
  open.defer(async () => display?.release());
  const { uplink, clockWatch } = openUplink(parts, { root, open });
  const loop = createGateLoop({
    taps,
    reference,
    barrier,
    display: display ?? { show: () => undefined },
    verdicts,
    authoriser: createAuthoriser({ ...identity, uplink, log }),
    clock,
    random,
    log,
    verify,
    stopwatch,
    settings: settingsOf(config, identity),
    onFatal,
  });
  open.defer(() => loop.close());
  const onTrust: ListsParts['onTrust'] = (list, of) => loop.onTrust(list, of);
  const syncer = createSyncer({
    ...identity,
    taps,
    reference,
    uplink,
    lists: createListsFetcher({ ...identity, reference, uplink, onTrust }),
    heldLists: () => loop.heldLists(),
    clock,
    pace: config.settlement,
    random,
    log,
    isQuiet: () => loop.isQuiet,
    onEpoch: (before) => loop.storeNote('EPOCH_BEGUN', `in the place of ${before}`),
    onFatal,
  });
  open.defer(() => syncer.close());
  const scanner = openScanner(parts, (text, bytesAtMonoMs) => loop.onScan(text, bytesAtMonoMs));
  open.defer(() => scanner.release());
  const note = noteIfRoom(loop, log);
  if (replaced !== null) note('LOG_REPLACED', replaced);
  note('STARTED', `node ${process.version}`);
  warmUp(verify);
  loop.start();
  for (const device of [display, verdicts, scanner]) device?.start();
  syncer.start();
  open.defer(startHousekeeping({ taps, reference, loop, clock, log, onFatal }));
  open.defer(watchDevices({ scanner, barrier, display }, { clock, log }));
  warnIfExpired({ reference, clock, log });
  const readyMs = sayReady(parts, { identity, taps, reference });
  return {
    gate: identity.gate,
    readyMs,
    writeTimings: () => writeTimings(config.dataDir, stopwatch),
    clockError: clockWatch.latest,
    syncNow: () => syncer.wake(),
    async close() {
      // A rider in the way is the hardware's business.
      await armDown(loop.halt(), clock);
      await closeAll(open, log);
      log.info(loop.counts, 'stopped');
    },
  };
}

/** Returns how long it took: the system's monotonic clock begins with the process. */
function sayReady({ clock, log }: Parts, of: Omit<Stores, 'replaced'> & { identity: Identity }) {
  const { gate, line } = of.identity;
  const readyMs = Math.round(clock.now().monoMs);
  const trust = of.reference.trust?.version ?? 0;
  log.info({ gate, line, trust, unconfirmed: of.taps.unconfirmed, readyMs }, 'ready');
  return readyMs;
}

function writeTimings(dataDir: string, stopwatch: Stopwatch): string {
  const file = join(dataDir, 'timings.json');
  try {
    writeFileSync(file, JSON.stringify(stopwatch.read()));
  } catch (error) {
    throw asStoreFault(error, file);
  }
  return file;
}

/** Of its start a gate on a full disk says nothing in its log, and starts: what waits there can be sent. */
function noteIfRoom(loop: GateLoop, log: Logger): GateLoop['storeNote'] {
  return (note, detail) => {
    try {
      loop.storeNote(note, detail);
    } catch (error) {
      const fault = asFault(error);
      if (fault.code !== 'STORE_FULL') throw fault;
      log.error({ note, error: fault.message }, 'the disk is full: there is no record of it');
    }
  };
}

/** Lists that were found damaged in running: the next start has none, and opens to nobody before it has fetched them. */
function endWithout(reference: ReferenceStore, parts: Parts): (fault: Fault) => void {
  const { config, clock, log, onFatal } = parts;
  let isAside = false;
  return (fault) => {
    try {
      if (reference.isDamaged() && !isAside) {
        isAside = true;
        const folder = setListsAside(config.dataDir, clock.now().wallMs);
        log.error({ folder }, 'a damaged store was moved aside');
      }
    } catch (error) {
      log.error({ error: describeError(error) }, 'the cached lists are damaged');
    }
    onFatal(fault);
  };
}

function openUplink(parts: Parts, { root, open }: Pick<Opened, 'root' | 'open'>) {
  const { config, log } = parts;
  const clockWatch = watchClock(log);
  const uplink = createUplink({
    ...parts,
    ...config.settlement,
    root,
    keepRoot: (state) => keepAndSay(state, parts),
    onClockError: (error: ClockError) => clockWatch.note(error),
  });
  open.defer(() => uplink.close());
  return { uplink, clockWatch };
}

function keepAndSay(state: RootState, { config, log }: Parts): void {
  keepRoot(config.dataDir, state);
  const { generation, floor } = state;
  log.warn({ generation, floor }, "the operator's root has spoken: who is believed has changed");
}

/** How wrong the gate's clock is, by signed time; says so whenever it is news. */
function watchClock(log: Logger) {
  let latest: ClockError | null = null;
  return {
    latest: (): ClockError | null => latest,
    note(error: ClockError): void {
      if (isNews(latest, error)) log.info(error, 'clock error, by signed time');
      latest = error;
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

function settingsOf({ rules, barrier, settlement }: GateConfig, identity: Identity): GateSettings {
  return {
    line: identity.line,
    scopes: rules.scopes ?? [identity.scope],
    products: rules.products,
    passbackS: rules.passbackS,
    maxListAgeS: rules.maxListAgeS,
    closeListAgeS: rules.closeListAgeS,
    onClockUnknown: rules.onClockUnknown,
    timing: {
      openMs: barrier.openMs,
      presentationMs: rules.presentationMs,
      messageMs: MESSAGE_MS,
      payBudgetMs: settlement.payBudgetMs,
    },
  };
}
