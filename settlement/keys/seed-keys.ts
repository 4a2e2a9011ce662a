/**
 * Which keys have sealed payment seeds that are still good. A process that lacks one of them would call right codes
 * wrong, so it does not start; a note in the database says which keys there are without a look at every seed.
 */
import type { Clock } from '@stile/host/clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Store } from '../store/port.ts';
import type { SeedBox } from './seeds.ts';

const META_KEY = 'seedKeys';
/** Of other processes that begin at the same moment. */
const TRIES_MAX = 20;

const noteSchema = z.array(z.string());

export type SeedKeysParts = {
  store: Pick<Store, 'readMeta' | 'swapMeta' | 'listSeedKeys' | 'endSeedsOfKey'>;
  /** Null: payment codes are off here, and nothing is called wrong. */
  seedBox: Pick<SeedBox, 'keyId' | 'hasKey'> | null;
  /** Seeds of a key that is not here end; false: then it is refused. */
  mayForget: boolean;
  clock: Clock;
  log: Logger;
};

/**
 * Behind it this process opens every seed that is good, and others know its key.
 * @throws Fault CONFIG_INVALID with the keys that are missing.
 */
export async function requireSeedKeys(parts: SeedKeysParts): Promise<void> {
  const { store, seedBox } = parts;
  if (seedBox === null) return;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const text = (await store.readMeta(META_KEY)) ?? null;
    const noted = text === null ? await goodKeys(parts) : noteSchema.parse(JSON.parse(text));
    const unknown = noted.filter((keyId) => !seedBox.hasKey(keyId));
    // Whoever takes an old key away has waited for its seeds to end.
    const missing = unknown.length === 0 ? [] : await missingOf(parts, unknown);
    await endSeedsOf(parts, missing);
    const kept = noted.filter((keyId) => !unknown.includes(keyId));
    const next = JSON.stringify([...new Set([...kept, seedBox.keyId])].sort());
    if (next === text || (await store.swapMeta({ key: META_KEY, from: text, to: next }))) return;
  }
  throw new Fault('STORE_FAILED', 'other processes begin on this database all the time: try again');
}

async function goodKeys({ store, clock }: SeedKeysParts): Promise<readonly string[]> {
  return await store.listSeedKeys(clock.now().wallMs);
}

async function missingOf(parts: SeedKeysParts, unknown: readonly string[]): Promise<string[]> {
  const good = await goodKeys(parts);
  return unknown.filter((keyId) => good.includes(keyId));
}

async function endSeedsOf(
  { store, mayForget, clock, log }: SeedKeysParts,
  missing: readonly string[],
): Promise<void> {
  if (missing.length === 0) return;
  if (!mayForget) {
    throw new Fault(
      'CONFIG_INVALID',
      `STILE_SEED_KEY lacks the key ${missing.join(' and ')}, which has sealed payment seeds that are still good: ` +
        'put it behind the others, with a comma between. If it is lost, start once with --forget-seeds: phones ' +
        'fetch new seeds when they are next online',
    );
  }
  for (const keyId of missing) {
    await store.endSeedsOfKey({ keyId, nowMs: clock.now().wallMs });
    log.warn({ keyId }, 'the payment seeds of a lost key have ended: phones fetch new ones');
  }
}
