/**
 * Takes the root keys out of a data directory, into two files that are carried to two places. Settlement goes on
 * without them: its online key signs until its end, and the next one is certified where the root is.
 */
import { existsSync, readFileSync, realpathSync, rmSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import { syncPath, writePrivateFile } from '@stile/host/private-files.ts';
import { systemRandom } from '@stile/host/random.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import {
  readConfig,
  readKey,
  recordRootAway,
  requireWhole,
  rootKeyFile,
  rootKeyFilesIn,
} from './data-dir.ts';
import { requirePlace } from './database-place.ts';
import { openOperatorKeys } from './keys/operator-keys.ts';
import { rootKeyOf } from './keys/root-grant.ts';
import { openStore } from './open-store.ts';

export type RootExport = { root: string; next: string };

/** One of the two keys: where it lies, where it goes, and which it is. */
type Taken = { from: string; to: string; fingerprint: string };

/** Where the two go. `database`: the URL of the one that has the books, if they are not in the directory. */
export type ExportOf = {
  to: string;
  nextTo: string;
  nowMs: number;
  database?: string | undefined;
};

/**
 * On disk elsewhere, and read back from there, before it goes here: cut off anywhere, it is done again with the
 * same files, and when it is done too.
 * @throws Fault CONFLICT if settlement runs, the root has left for other files, or a file is there that is another;
 * REQUEST_INVALID if a file would lie in the data directory, or is the key itself.
 */
export async function exportRoot(dataDir: string, of: ExportOf): Promise<RootExport> {
  requirePlace(dataDir, of.database);
  requireWhole(dataDir, of);
  const unlock = lockDataDir(dataDir, 'settlement');
  try {
    const [root, next] = await pairOf(dataDir, of);
    for (const one of [root, next]) requireElsewhere(dataDir, one);
    if (placeOf(root.to) === placeOf(next.to)) {
      throw new Fault('CONFLICT', `${root.to} cannot hold both keys: name a file for each`);
    }
    for (const one of [root, next]) await copyKey(one);
    // Of what has left before it says since when.
    if (rootKeyFilesIn(dataDir).length > 0) {
      recordRootAway(dataDir, { sinceMs: of.nowMs, root: root.fingerprint });
    }
    for (const one of [root, next]) await requireCopy(one);
    for (const file of rootKeyFilesIn(dataDir)) rmSync(file);
    syncPath(dirname(root.from));
    return { root: root.fingerprint, next: next.fingerprint };
  } finally {
    unlock();
  }
}

/**
 * Which two they are is known to the database alone: a rotation that was cut off has left a third. An online key
 * that signs without them is made before they go.
 */
async function pairOf(dataDir: string, of: ExportOf): Promise<readonly [Taken, Taken]> {
  const config = readConfig(dataDir);
  const { database } = of;
  const parts = { config, database, clock: systemClock, random: systemRandom };
  const store = await openStore(dataDir, parts);
  const clock: Clock = {
    ...systemClock,
    now: () => ({ ...systemClock.now(), wallMs: of.nowMs }),
  };
  try {
    const keys = await openOperatorKeys({ dataDir, store, config, clock });
    await keys.keepAhead();
    const { generation, root, next } = keys.trust.state;
    const fileOf = (number: number) => rootKeyFile(dataDir, number);
    return [
      { from: fileOf(generation), to: of.to, fingerprint: await fingerprintOf(root) },
      { from: fileOf(generation + 1), to: of.nextTo, fingerprint: next ?? '' },
    ];
  } finally {
    await store.close();
  }
}

/** By what files are, not by how they are named: a link or a mount leads back into the directory. */
function requireElsewhere(dataDir: string, { from, to }: Taken): void {
  if (isSame(identityOf(to), identityOf(from))) {
    throw new Fault(
      'REQUEST_INVALID',
      `${to} is the key itself, by another name: take it elsewhere`,
    );
  }
  const homes = [identityOf(dataDir), identityOf(dirname(from))];
  for (const folder of [folderOf(to), ...(existsSync(to) ? [dirname(realpathSync(to))] : [])]) {
    for (let dir = folder; ; dir = dirname(dir)) {
      if (homes.some((home) => isSame(identityOf(dir), home))) {
        throw new Fault('REQUEST_INVALID', `${to} lies in the data directory: take it elsewhere`);
      }
      if (dir === dirname(dir)) break;
    }
  }
}

function folderOf(file: string): string {
  try {
    return realpathSync(dirname(resolve(file)));
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `there is no folder for ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

function placeOf(file: string): string {
  return join(folderOf(file), basename(file));
}

function identityOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function isSame(a: Stats | undefined, b: Stats | undefined): boolean {
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function copyKey({ from, to, fingerprint }: Taken): Promise<void> {
  // Cut off in the removal: it is gone from here, so it has to be there.
  if (existsSync(from) && !existsSync(to)) writePrivateFile(to, readFileSync(from, 'utf8'));
  await requireCopy({ from, to, fingerprint });
}

/** Read from the other file, which is durable and is not the key's own. */
async function requireCopy({ from, to, fingerprint }: Taken): Promise<void> {
  if (!existsSync(to))
    throw new Fault('CONFLICT', `${to} is not there, and the key has left before`);
  if (isSame(identityOf(to), identityOf(from)) || !(await isKey(to, fingerprint))) {
    throw new Fault('CONFLICT', `${to} is there already and is another file`);
  }
  syncPath(to);
}

async function isKey(file: string, fingerprint: string): Promise<boolean> {
  try {
    return (await fingerprintOf(rootKeyOf(readKey(file)))) === fingerprint;
  } catch {
    // Whatever it is, it is not the key.
    return false;
  }
}
