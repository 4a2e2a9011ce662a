/**
 * Files that only their owner may read: secrets, settings, databases. A file appears whole and durable or not
 * at all: it is written beside its place, synced, moved there, and the folder is synced.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
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
import { describeError, Fault, type FaultCode } from '@stile/protocol/fault.ts';
import { isWithoutRoom } from './fault.ts';

const DIR_MODE = 0o700;
const FILE_MODE = 0o600;
/** What group and others may do. */
const OTHERS = 0o077;
const OWNER_READS = 0o400;
/** What FAT and some network drives say to a link. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** @throws Fault CONFIG_INVALID if others than the owner may look into it. */
export function makePrivateDir(dir: string): void {
  try {
    makeDirs(dir);
  } catch (error) {
    throw new Fault(storeCodeOf(error), `cannot make ${dir}: ${describeError(error)}`, {
      cause: error,
    });
  }
  requirePrivateDir(dir);
}

/**
 * With those above it, for their owner alone. Step by step: asked for all of them at once, Node tries for ever where the
 * system takes no directory.
 */
export function makeDirs(dir: string): void {
  if (existsSync(dir)) return;
  makeDirs(dirname(dir));
  mkdirSync(dir, { mode: DIR_MODE });
}

/** @throws Fault CONFIG_INVALID if it is no directory, or others than the owner may look into it. */
export function requirePrivateDir(dir: string): void {
  const there = statSync(dir);
  if (!there.isDirectory()) throw new Fault('CONFIG_INVALID', `${dir} is no directory`);
  if ((there.mode & OTHERS) === 0) return;
  const what = `others than its owner may look into ${dir}, which holds secrets`;
  throw new Fault('CONFIG_INVALID', `${what}: "chmod 700 ${dir}", then start again`);
}

/**
 * Makes a file whole; the second call for a file that is there fails, unless it may replace it. What failed leaves
 * nothing behind: it may be a secret.
 * @throws Fault STORE_FULL, STORE_FAILED
 */
export function writePrivateFile(
  file: string,
  text: string,
  { mayReplace = false }: { mayReplace?: boolean } = {},
): void {
  const part = `${file}.part`;
  try {
    rmSync(part, { force: true });
    writeNewFile(part, Buffer.from(text));
    if (mayReplace) renameSync(part, file);
    else giveFreeName(part, file);
    syncPath(dirname(file));
  } catch (error) {
    rmSync(part, { force: true });
    throw new Fault(storeCodeOf(error), `cannot write ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** All of it, on the disk: one call may write less than it was given, on a medium that is nearly full. */
function writeNewFile(file: string, bytes: Uint8Array): void {
  const handle = openSync(file, 'wx', FILE_MODE);
  try {
    for (let done = 0; done < bytes.length; ) {
      const written = writeSync(handle, bytes.subarray(done));
      if (written === 0) throw new Error('the medium takes no more');
      done += written;
    }
    fsyncSync(handle);
    const { size } = fstatSync(handle);
    if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes are there`);
  } finally {
    closeSync(handle);
  }
}

/** A link fails if there is a file already; a rename would replace it. */
function giveFreeName(part: string, file: string): void {
  try {
    linkSync(part, file);
    rmSync(part);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error))) throw error;
    // A medium without links: who makes the empty file has the name, and replaces it whole.
    closeSync(openSync(file, 'wx', FILE_MODE));
    try {
      renameSync(part, file);
    } catch (failed) {
      rmSync(file, { force: true });
      throw failed;
    }
  }
}

function storeCodeOf(error: unknown): FaultCode {
  return isWithoutRoom(error) ? 'STORE_FULL' : 'STORE_FAILED';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
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
    throw new Fault(storeCodeOf(error), `cannot open ${file}: ${describeError(error)}`, {
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
