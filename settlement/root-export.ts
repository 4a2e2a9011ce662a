/**
 * Takes the root keys out of a data directory, into two files that are carried to two places. Settlement goes on
 * without them: its online key signs until its end, and the next one is certified where the root is.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { systemClock } from '@stile/host/clock.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import { syncPath, writePrivateFile } from '@stile/host/private-files.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import {
  DATABASE_FILE,
  readConfig,
  readKey,
  recordRootAway,
  requireWhole,
  rootKeyFile,
  rootKeyFilesIn,
} from './data-dir.ts';
import { openOperatorKeys } from './keys/operator-keys.ts';
import { rootKeyOf } from './keys/root-grant.ts';
import { openSqliteStore } from './store/sqlite/store.ts';

export type RootExport = { root: string; next: string };

/**
 * On disk elsewhere before it goes here: cut off, it is done again with the same files.
 * @throws Fault CONFLICT if settlement runs, the root is away already, or a file is there that is another.
 */
export async function exportRoot(
  dataDir: string,
  of: { to: string; nextTo: string; nowMs: number },
): Promise<RootExport> {
  requireWhole(dataDir);
  const unlock = lockDataDir(dataDir, 'settlement');
  try {
    const [rootFile, nextFile] = await pairOf(dataDir);
    const root = await fingerprintOf(rootKeyOf(readKey(rootFile)));
    const next = await fingerprintOf(rootKeyOf(readKey(nextFile)));
    copyKey(rootFile, outside(dataDir, of.to));
    copyKey(nextFile, outside(dataDir, of.nextTo));
    recordRootAway(dataDir, { sinceMs: of.nowMs, root });
    for (const file of rootKeyFilesIn(dataDir)) rmSync(file);
    syncPath(dirname(rootFile));
    return { root, next };
  } finally {
    unlock();
  }
}

/** Which two they are is known to the database alone: a rotation that was cut off has left a third. */
async function pairOf(dataDir: string): Promise<readonly [string, string]> {
  const config = readConfig(dataDir);
  const file = join(dataDir, DATABASE_FILE);
  const store = await openSqliteStore({
    file,
    limitsNow: config.limits,
    paymentLimits: config.payments,
  });
  try {
    const keys = await openOperatorKeys({ dataDir, store, config, clock: systemClock });
    if (!keys.isRootHere) {
      throw new Fault('CONFLICT', `the root was taken out of ${dataDir} before`);
    }
    const { generation } = keys.trust.state;
    return [rootKeyFile(dataDir, generation), rootKeyFile(dataDir, generation + 1)];
  } finally {
    await store.close();
  }
}

function outside(dataDir: string, file: string): string {
  const path = resolve(file);
  if (!path.startsWith(`${resolve(dataDir)}/`)) return path;
  throw new Fault('REQUEST_INVALID', `${file} lies in the data directory: take it elsewhere`);
}

function copyKey(from: string, to: string): void {
  const text = readFileSync(from, 'utf8');
  if (!existsSync(to)) writePrivateFile(to, text);
  else if (readFileSync(to, 'utf8') !== text) {
    throw new Fault('CONFLICT', `${to} is there already and is another file`);
  }
}
