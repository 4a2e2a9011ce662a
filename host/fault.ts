/**
 * What an error of the network or of SQLite means to a caller: the Fault of protocol/fault.ts that says
 * it. Errors that are Faults already pass through as they are.
 */
import { describeError, Fault } from '@stile/protocol/fault.ts';

/** What SQLite and the system call a disk without room; the second is for SQLite's index in shared memory. */
const NO_ROOM = ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT'];

/** Whether there is no room left on the disk, or none for this user: it may come again. */
export function isWithoutRoom(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NO_ROOM.includes(String(error.code));
}

/** Full, damaged, or failed; `file` names the database. */
export function asStoreFault(error: unknown, file: string): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isWithoutRoom(error)) {
    return new Fault('STORE_FULL', `${file}: no room left`, { cause: error });
  }
  // SQLITE_ERROR: a table or a column that is not there; our statements are right.
  if (['SQLITE_NOTADB', 'SQLITE_ERROR'].includes(code) || code.startsWith('SQLITE_CORRUPT')) {
    return new Fault('STORE_CORRUPT', `${file} is damaged: ${describeError(error)}`, {
      cause: error,
    });
  }
  return new Fault('STORE_FAILED', `${file}: ${describeError(error)}`, { cause: error });
}

/** Whatever was thrown while stored data was read, unless it says already what it is: damage. */
export function asUnreadable(error: unknown, place: string): Fault {
  if (error instanceof Fault) return error;
  const why = describeError(error);
  return new Fault('STORE_CORRUPT', `what ${place} holds cannot be understood: ${why}`, {
    cause: error,
  });
}

/** For the end of a program's work: what is no Fault has failed to be stored. */
export function asFault(error: unknown): Fault {
  return error instanceof Fault
    ? error
    : new Fault('STORE_FAILED', describeError(error), { cause: error });
}

/** A name with several addresses fails once an address, and the whole then says nothing itself. */
export function describeNetworkError(error: unknown): string {
  const one = error instanceof AggregateError && error.message === '' ? error.errors[0] : error;
  return describeError(one);
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that',
  EADDRINUSE: 'another program has this port',
  EDQUOT: 'no room left',
  EEXIST: 'it is there already',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no room left',
  ENOTDIR: 'a part of this path is a file',
  EPERM: 'this user may not do that',
  EROFS: 'nothing can be written there',
};

/**
 * What the operating system refused, as a sentence for a person; undefined if the error is not of the system.
 * @example describeSystemError(error) // 'cannot lstat README.md/x: a part of this path is a file'
 */
export function describeSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined;
  const of = 'path' in error ? ` ${error.path}` : '';
  const words = SYSTEM_WORDS[String(error.code)] ?? error.message;
  return `cannot ${error.syscall}${of}: ${words}`;
}
