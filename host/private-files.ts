/**
 * Files that only their owner may read: secrets, settings, databases. A file appears whole and durable or not
 * at all: it is written beside its place, synced, moved there, and the folder is synced.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { describeError, Fault } from '@stile/protocol/fault.ts';

const DIR_MODE = 0o700;
const FILE_MODE = 0o600;
/** What group and others may do. */
const OTHERS = 0o077;
const OWNER_READS = 0o400;

/** @throws Fault CONFIG_INVALID if others than the owner may look into it. */
export function makePrivateDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: DIR_MODE });
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot make ${dir}: ${describeError(error)}`, {
      cause: error,
    });
  }
  requirePrivateDir(dir);
}

/** @throws Fault CONFIG_INVALID if others than the owner may look into it. */
export function requirePrivateDir(dir: string): void {
  if ((statSync(dir).mode & OTHERS) === 0) return;
  const what = `others than its owner may look into ${dir}, which holds secrets`;
  throw new Fault('CONFIG_INVALID', `${what}: "chmod 700 ${dir}", then start again`);
}

/**
 * Makes a file whole; the second call for a file that is there fails, unless it may replace it.
 * @throws Fault STORE_FAILED
 */
export function writePrivateFile(
  file: string,
  text: string,
  { mayReplace = false }: { mayReplace?: boolean } = {},
): void {
  const part = `${file}.part`;
  try {
    rmSync(part, { force: true });
    const handle = openSync(part, 'wx', FILE_MODE);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    if (mayReplace) renameSync(part, file);
    else {
      // A link fails if there is a file already; a rename would replace it.
      linkSync(part, file);
      rmSync(part);
    }
    syncPath(dirname(file));
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/**
 * Makes sure that a file that another library opens is its owner's alone. An existing one is not opened for
 * that: closing it would give back the locks that this process has on it.
 * @throws Fault FILE_UNREADABLE if it is no file, STORE_FAILED if it cannot be made.
 */
export function ensurePrivateFile(file: string): void {
  try {
    if (!existsSync(file)) closeSync(openSync(file, 'a', FILE_MODE));
    const found = statSync(file);
    if (found.isDirectory()) throw new Fault('FILE_UNREADABLE', `${file} is a directory, no file`);
    if ((found.mode & OTHERS) !== 0) chmodSync(file, FILE_MODE);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('STORE_FAILED', `cannot open ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** What its owner has to do if others may read or write it, or they themselves may not read it; else undefined. */
export function adviceOnMode(file: string, { others = OTHERS } = {}): string | undefined {
  const mode = statSync(file).mode & 0o777;
  if ((mode & others) === 0 && (mode & OWNER_READS) !== 0) return undefined;
  return `${file} has the mode ${mode.toString(8).padStart(3, '0')}: "chmod 600 ${file}"`;
}

/** What is in a file or a folder is on the disk. */
export function syncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
