/** Opens the books of a data directory, in its file or in the PostgreSQL database that has them. */
import { join } from 'node:path';
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { SettlementFile } from './config.ts';
import { BOOKS_KEY, DATABASE_FILE, recordBooks, requireOwnBooks } from './database-place.ts';
import { MOVE_KEY, requireMoved } from './move/half-move.ts';
import type { Store } from './store/port.ts';
import { peekMeta } from './store/postgres/peek.ts';
import { openPostgresStore } from './store/postgres/store.ts';
import { openSqliteStore } from './store/sqlite/store.ts';

/** Under which name of `meta` the hash of the operator's token stands. */
export const OPERATOR_TOKEN_KEY = 'operatorTokenHash';

type Surroundings = { clock: Clock; random: Random };

export type StoreParts = Surroundings & {
  config: SettlementFile;
  database: string | undefined;
  /** As in `SettlementParts`. */
  onFatal?: ((fault: Fault) => void) | undefined;
};

/** The books of this directory, wherever they lie. */
export async function openStore(dataDir: string, parts: StoreParts): Promise<Store> {
  const { config, database, clock, random, onFatal } = parts;
  const rules = { limitsNow: config.limits, paymentLimits: config.payments };
  if (database !== undefined) {
    return await openOnPostgres(dataDir, { database, clock, random, rules });
  }
  const file = join(dataDir, DATABASE_FILE);
  return await openSqliteStore({ file, ...rules, ...(onFatal && { onDiskFailure: onFatal }) });
}

type PostgresParts = Surroundings & {
  database: string;
  rules: { limitsNow: SettlementFile['limits']; paymentLimits: SettlementFile['payments'] };
};

async function openOnPostgres(dataDir: string, parts: PostgresParts): Promise<Store> {
  const { database: url, clock, random, rules } = parts;
  const meta = await peekMeta(url, [BOOKS_KEY, OPERATOR_TOKEN_KEY, MOVE_KEY]);
  requireMoved(meta);
  requireOwnBooks(dataDir, {
    books: meta.get(BOOKS_KEY),
    isInitialised: meta.has(OPERATOR_TOKEN_KEY),
  });
  const store = await openPostgresStore({ url, dataDir, clock, random, ...rules });
  try {
    await recordBooks(store, { dataDir, random });
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

export async function readTokenHash(store: Store): Promise<string> {
  const hash = await store.readMeta(OPERATOR_TOKEN_KEY);
  if (hash !== undefined) return hash;
  throw new Fault('FILE_UNREADABLE', 'this settlement was never initialised');
}
