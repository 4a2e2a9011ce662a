/**
 * Opens a gate's two stores. One that is damaged is moved aside and begun anew: the lists can be fetched
 * again, and a gate that has lost its log says so in the next one.
 */
import { join } from 'node:path';
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import type { RootTrust } from '@stile/protocol/root-trust.ts';
import type { Logger } from 'pino';
import type { GateConfig } from './config.ts';
import type { Identity } from './identity.ts';
import { openOrReplace } from './store/quarantine.ts';
import {
  isReferenceFile,
  openReferenceStore,
  type ReferenceStore,
} from './store/reference-store.ts';
import { openTapsStore, type TapsStore } from './store/taps-store.ts';

const BOOT_ID_BYTES = 4;
const NOTE_CHARS_MAX = 500;

export type StoresParts = {
  config: GateConfig;
  identity: Identity;
  root: RootTrust;
  clock: Clock;
  random: Random;
  log: Logger;
};

export type Stores = {
  taps: TapsStore;
  reference: ReferenceStore;
  /** Why the log had to be begun anew, if it had. */
  replaced: string | null;
};

export async function openStores(parts: StoresParts): Promise<Stores> {
  const { config, identity, root, clock, random, log } = parts;
  const { dataDir, store } = config;
  const { wallMs } = clock.now();
  const reference = await openOrReplace(() => openReferenceStore(dataDir, root), {
    dataDir,
    belongs: isReferenceFile,
    wallMs,
  });
  const openTaps = () =>
    openTapsStore({
      file: join(dataDir, 'taps.db'),
      gate: identity.gate,
      // Random, because counting boots needs a file that survives.
      boot: random.hex(BOOT_ID_BYTES),
      remembersRides: config.rules.passbackS > 0,
      random,
      ...store,
    });
  const taps = await openOrReplace(openTaps, {
    dataDir,
    belongs: (name) => name.startsWith('taps.db'),
    wallMs,
  }).catch((error) => {
    reference.store.close();
    throw error;
  });
  for (const { replaced } of [reference, taps]) {
    if (replaced !== null) log.error(replaced, 'a damaged store was moved aside');
  }
  return {
    reference: reference.store,
    taps: taps.store,
    replaced: taps.replaced === null ? null : taps.replaced.why.slice(0, NOTE_CHARS_MAX),
  };
}
