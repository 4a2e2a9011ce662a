/**
 * A first start that is refused leaves nothing behind: a directory that was not there is not there, one that was is as
 * it was. What can be refused later than the directory is made is asked for before.
 */

import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { LOCK_FILE } from '@stile/host/data-dir-lock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { pino } from 'pino';
import type { SettlementFile, SettlementOptions } from './config.ts';
import { checkedConfig, isMarkedInitialised, readConfig } from './data-dir.ts';
import { DATABASE_FILE, PLACE_FILE } from './database-place.ts';
import { isBeyondLoopback } from './http/loopback.ts';
import { createSeedBox } from './keys/seeds.ts';
import { openRedis } from './work/queue/redis.ts';
import { SANDBOX, type TopUpProvider } from './work/top-up-provider.ts';

const CONFIG_FILE = 'settlement.json';
/** Files by which a gate's directory is known. */
const OF_A_GATE = ['identity.json', 'taps.db'];

/** As in `SettlementConfig`. */
export type FirstStart = {
  dataDir: string;
  database?: string | undefined;
  redis?: string | undefined;
  host?: string;
  port: number;
  seedKeys?: string;
};

/** @throws Fault CONFIG_INVALID if a gate lives there. */
export function requireNoGate(dataDir: string): void {
  const found = OF_A_GATE.find((name) => existsSync(join(dataDir, name)));
  if (found === undefined) return;
  throw new Fault(
    'CONFIG_INVALID',
    `${dataDir} is the directory of a gate (${found} is there): name another one for settlement`,
  );
}

/**
 * Looks before the first start at what the start itself would be refused for. Of a directory that was initialised
 * nothing would be left behind.
 * @throws Fault CONFIG_INVALID
 */
export async function requireStartable(
  { dataDir, database, redis, host = '127.0.0.1', port, seedKeys }: FirstStart,
  options: SettlementOptions,
): Promise<void> {
  if (isMarkedInitialised(dataDir)) return;
  requireNoGate(dataDir);
  const isThere = existsSync(join(dataDir, CONFIG_FILE));
  builtInProvider(isThere ? readConfig(dataDir) : checkedConfig(options), host);
  if (seedKeys !== undefined) createSeedBox(seedKeys, systemRandom);
  if (redis !== undefined && database === undefined) {
    throw new Fault(
      'CONFIG_INVALID',
      `the books of ${dataDir} are in a file, on which one process works: Redis needs --database`,
    );
  }
  await requireFreePort({ host, port });
  if (redis === undefined) return;
  (await openRedis({ url: redis, log: pino({ level: 'silent' }) })).disconnect();
}

async function requireFreePort(address: { host: string; port: number }): Promise<void> {
  const server = createServer();
  await new Promise<void>((listening, reject) => {
    server.once('error', (error) => reject(cannotListen(address, error)));
    server.listen(address, listening);
  });
  await new Promise<void>((closed) => server.close(() => closed()));
}

export function cannotListen(
  { host, port }: { host: string; port: number },
  error: unknown,
): Fault {
  const why = describeError(error);
  return new Fault('CONFIG_INVALID', `cannot listen on ${host}:${port}: ${why}`, { cause: error });
}

/** @throws Fault CONFIG_INVALID if made-up money could be had from elsewhere and nobody said that it may. */
export function builtInProvider(config: SettlementFile, host: string): TopUpProvider | null {
  const { mode, sandboxBeyondLoopback } = config.topUps;
  if (mode === 'off') return null;
  if (!sandboxBeyondLoopback && isBeyondLoopback({ host, ...config.http })) {
    throw new Fault(
      'CONFIG_INVALID',
      'topUps.mode is "sandbox": anyone who reaches this settlement has free money. Listen on 127.0.0.1 ' +
        'without a proxy, or set topUps.sandboxBeyondLoopback to true',
    );
  }
  return SANDBOX;
}

/** What of the way to a directory is there before it is made. */
export type Before = { isLocked: boolean; firstMissing: string | null };

export function lookBefore(dataDir: string): Before {
  return {
    isLocked: existsSync(join(dataDir, LOCK_FILE)),
    firstMissing: firstMissingOf(resolve(dataDir)),
  };
}

function firstMissingOf(dir: string): string | null {
  if (existsSync(dir)) return null;
  return firstMissingOf(dirname(dir)) ?? dir;
}

/**
 * To be asked for under the lock: what is there then belongs to others, or to a start that was cut off. Null: a
 * settlement has begun here, and nothing of it is ever removed.
 */
export function undoOf(dataDir: string, { isLocked }: Before): (() => void) | null {
  const before = new Set(namesIn(dataDir));
  if (before.has(DATABASE_FILE) || before.has(PLACE_FILE) || before.has('keys')) return null;
  return () => {
    const made = namesIn(dataDir).filter((name) => !before.has(name));
    // The lock last: until then nobody else begins here.
    for (const name of made.filter((one) => one !== LOCK_FILE)) {
      rmSync(join(dataDir, name), { recursive: true, force: true });
    }
    if (!isLocked) rmSync(join(dataDir, LOCK_FILE), { force: true });
  };
}

/** Behind the lock, which has a file of its own beside it: folders that were made, if nothing is in them. */
export function removeMade(dataDir: string, { firstMissing }: Before): void {
  if (firstMissing !== null) removeEmpty(resolve(dataDir), firstMissing);
}

function namesIn(dataDir: string): string[] {
  return existsSync(dataDir) ? readdirSync(dataDir) : [];
}

/** Up to the first that was made; one in which somebody has put something stays. */
function removeEmpty(dir: string, upTo: string): void {
  if (!existsSync(dir) || namesIn(dir).length > 0) return;
  rmdirSync(dir);
  if (dir !== upTo) removeEmpty(dirname(dir), upTo);
}
