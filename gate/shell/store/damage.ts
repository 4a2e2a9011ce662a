/**
 * What damage is: whatever goes wrong while stored data is read, unless the machine says that it could not be read
 * at all, is full, or is in use. That is no damage, and moving the file aside would not help.
 */
import { Fault } from '@stile/protocol/fault.ts';

/** SQLite's words for what another file in its place would not mend. */
const OF_THE_MACHINE = /^SQLITE_(FULL|IOERR|CANTOPEN|BUSY|LOCKED|READONLY|PERM|NOMEM)/;
/** A file that ends too early. */
const CUT_SHORT = 'SQLITE_IOERR_SHORT_READ';
/** Those of Faults, of which STORE_FAILED says by its cause what it was. */
const NO_DAMAGE = new Set(['STORE_FULL', 'CONFLICT', 'CONFIG_INVALID']);

export function isDamage(error: unknown): boolean {
  if (error instanceof Fault) {
    if (error.code !== 'STORE_FAILED') return !NO_DAMAGE.has(error.code);
    return error.cause !== undefined && isDamage(error.cause);
  }
  if (!(error instanceof Error) || !('code' in error)) return true;
  if (error.code === CUT_SHORT) return true;
  // Node's own, of the file system, name the call.
  return !('syscall' in error) && !OF_THE_MACHINE.test(String(error.code));
}
