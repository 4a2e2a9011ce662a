/**
 * What a gate does with a file that is damaged: it moves the file and its journal aside together,
 * never deletes and never repairs in place, and starts anew. A person can look at it later.
 */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';

/** Which files of a directory are one store's, and when they are moved. */
export type StoreFiles = { dataDir: string; belongs: (name: string) => boolean; wallMs: number };

/** Moves every file that `belongs` into a folder of its own; returns that folder. */
export function quarantine({ dataDir, belongs, wallMs }: StoreFiles): string {
  const stamp = new Date(wallMs).toISOString().replaceAll(/[:.]/g, '-');
  const folder = freshFolder(join(dataDir, 'quarantine', stamp));
  for (const name of readdirSync(dataDir)) {
    if (belongs(name)) renameSync(join(dataDir, name), join(folder, name));
  }
  return folder;
}

function freshFolder(wanted: string): string {
  let folder = wanted;
  for (let n = 2; existsSync(folder); n += 1) folder = `${wanted}-${n}`;
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Opens a store; if it is damaged, moves it aside and opens it once more, empty. */
export async function openOrReplace<T>(
  open: () => T | Promise<T>,
  files: StoreFiles,
): Promise<{ store: T; replaced: { folder: string; why: string } | null }> {
  try {
    return { store: await open(), replaced: null };
  } catch (error) {
    const damaged =
      error instanceof Fault && (error.code === 'STORE_CORRUPT' || error.code === 'LIST_REFUSED');
    if (!damaged) throw error;
    const folder = quarantine(files);
    return { store: await open(), replaced: { folder, why: error.message } };
  }
}
