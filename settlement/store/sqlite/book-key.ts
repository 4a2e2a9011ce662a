/**
 * The key that seals the books, a file beside the database. A database that was sealed has its key, and the other
 * way round: one without the other is damage, and is never made anew in silence.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '@stile/host/random.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';

const KEY_BYTES = 32;

/** Where the key of a database lies. */
export function bookKeyFile(databaseFile: string): string {
  return join(dirname(databaseFile), 'keys', 'book.key');
}

/** The key, or undefined if there is none. @throws Fault FILE_UNREADABLE if it is damaged. */
export function findBookKey(file: string): Uint8Array | undefined {
  if (!existsSync(file)) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
  const key = fromHex(text.trim(), KEY_BYTES);
  if (key === undefined)
    throw new Fault('FILE_UNREADABLE', `${file} is damaged: restore it from a backup`);
  return key;
}

/**
 * The key of a database, made if neither it nor a seal is there. A new key lies under another name until the books
 * are sealed with it, so that a crash in between leaves nothing that looks finished.
 * @throws Fault STORE_CORRUPT if one of the two is missing.
 */
export function ensureBookKey(
  databaseFile: string,
  {
    random,
    isSealed,
    seal,
  }: { random: Random; isSealed: boolean; seal: (key: Uint8Array) => void },
): Uint8Array {
  const file = bookKeyFile(databaseFile);
  const next = `${file}.next`;
  const key = findBookKey(file);
  if (key !== undefined) {
    if (isSealed) return key;
    throw new Fault(
      'STORE_CORRUPT',
      `${databaseFile} has lost the seal of its books: restore the backup`,
    );
  }
  const started = findBookKey(next);
  if (isSealed) {
    if (started === undefined) {
      throw new Fault(
        'STORE_CORRUPT',
        `${file} is missing: restore it from the backup of this directory`,
      );
    }
    finish(next, file);
    return started;
  }
  const made = started ?? random.bytes(KEY_BYTES);
  if (started === undefined) writeKey(next, made);
  seal(made);
  finish(next, file);
  return made;
}

function writeKey(file: string, key: Uint8Array): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(file, 'w', 0o600);
    writeSync(handle, `${toHex(key)}\n`);
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

function finish(next: string, file: string): void {
  renameSync(next, file);
  const handle = openSync(dirname(file), 'r');
  fsyncSync(handle);
  closeSync(handle);
}
