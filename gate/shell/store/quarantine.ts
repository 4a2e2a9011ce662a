/**
 * What a gate does with a file that is damaged: it moves the file and its journal aside together,
 * never deletes and never repairs in place, and starts anew. A person can look at it later.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { isDamage } from './damage.ts';

/** Which files of a directory are one store's, and when they are moved. */
export type StoreFiles = { dataDir: string; belongs: (name: string) => boolean; wallMs: number };

/**
 * Moves every file that `belongs` into a folder of its own; returns that folder.
 * @throws Fault STORE_FAILED with what is in the way.
 */
export function quarantine({ dataDir, belongs, wallMs }: StoreFiles): string {
  const stamp = new Date(wallMs).toISOString().replaceAll(/[:.]/g, '-');
  try {
    const folder = freshFolder(join(quarantineFolder(dataDir), stamp));
    for (const name of readdirSync(dataDir)) {
      if (belongs(name)) renameSync(join(dataDir, name), join(folder, name));
    }
    return folder;
  } catch (error) {
    throw new Fault(
      'STORE_FAILED',
      `damaged files of ${dataDir} cannot be moved aside (${describeError(error)}): see who owns the folder, and ` +
        'whether its disk can still be written, then start again',
      { cause: error },
    );
  }
}

/** Something else that has its name stays where it is. */
function quarantineFolder(dataDir: string): string {
  const wanted = join(dataDir, 'quarantine');
  let folder = wanted;
  for (let n = 2; existsSync(folder) && !statSync(folder).isDirectory(); n += 1) {
    folder = `${wanted}-${n}`;
  }
  return folder;
}

function freshFolder(wanted: string): string {
  let folder = wanted;
  for (let n = 2; existsSync(folder); n += 1) folder = `${wanted}-${n}`;
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** What another file in its place would not mend is for a person. */
function inWords(error: unknown, { dataDir }: StoreFiles): unknown {
  if (error instanceof Fault && error.code !== 'STORE_FAILED') return error;
  return new Fault(
    'STORE_FAILED',
    `${describeError(error)}: ${dataDir} cannot be used. See who owns its files, whether another program has them ` +
      'open, and whether the disk is sound, then start again',
    { cause: error },
  );
}

/** Opens a store; if it is damaged, moves it aside and opens it once more, empty. */
export async function openOrReplace<T>(
  open: () => T | Promise<T>,
  files: StoreFiles,
): Promise<{ store: T; replaced: { folder: string; why: string } | null }> {
  try {
    return { store: await open(), replaced: null };
  } catch (error) {
    if (!isDamage(error)) throw inWords(error, files);
    const folder = quarantine(files);
    try {
      return { store: await open(), replaced: { folder, why: describeError(error) } };
    } catch (again) {
      throw inWords(again, files);
    }
  }
}
