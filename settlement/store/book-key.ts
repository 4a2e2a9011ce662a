/**
 * The key that seals the books, a file beside the database. A database that was sealed has its key, and the other
 * way round: one without the other is damage, and is never made anew in silence.
 */
import { createHmac, createSecretKey } from 'node:crypto';
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
import type { KeyedHash } from '../core/money/book-seal.ts';

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

export type BookKey = {
  key: Uint8Array;
  /** The books are to be sealed with it now; then `finish` makes it theirs. */
  isNew: boolean;
  finish: () => void;
};

/**
 * The key of a database, made if neither it nor a seal is there. A new key lies under another name until the books
 * are sealed with it, so that a crash in between leaves nothing that looks finished.
 * @throws Fault STORE_CORRUPT if one of the two is missing; `database` names the other in its words.
 */
export function ensureBookKey(
  file: string,
  { database, isSealed, random }: { database: string; isSealed: boolean; random: Random },
): BookKey {
  const next = `${file}.next`;
  const finish = () => moveInPlace(next, file);
  const key = findBookKey(file);
  if (key !== undefined) {
    if (isSealed) return { key, isNew: false, finish: () => undefined };
    throw new Fault(
      'STORE_CORRUPT',
      `${database} has lost the seal of its books: restore the backup`,
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
    finish();
    return { key: started, isNew: false, finish: () => undefined };
  }
  const made = started ?? random.bytes(KEY_BYTES);
  if (started === undefined) writeKey(next, made);
  return { key: made, isNew: true, finish };
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

/** Of two processes that start together the other may have done it. */
function moveInPlace(next: string, file: string): void {
  if (!existsSync(next) && existsSync(file)) return;
  renameSync(next, file);
  const handle = openSync(dirname(file), 'r');
  fsyncSync(handle);
  closeSync(handle);
}

export function keyedHashOf(keyBytes: Uint8Array): KeyedHash {
  // Prepared once: it takes Node six times as long as the hash itself.
  const key = createSecretKey(keyBytes);
  return (message) => new Uint8Array(createHmac('sha256', key).update(message).digest());
}
