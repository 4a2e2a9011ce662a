/** Opens the books of a data directory, in its file or in the PostgreSQL database that has them. */
import { join } from 'node:path';
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import { paymentLimitsOf, type SettlementFile } from './config.ts';
import type { PaymentLimits } from './core/payments/payment-rules.ts';
import { BOOKS_KEY, DATABASE_FILE, recordBooks, requireOwnBooks } from './database-place.ts';
import { MOVE_KEY, requireMoved } from './move/half-move.ts';
import type { Store } from './store/port.ts';
import { type OnHint, openEventHints } from './store/postgres/event-hints.ts';
import { peekMeta } from './store/postgres/peek.ts';
import { openPostgresStore, type PostgresOptions } from './store/postgres/store.ts';
import { openSqliteStore } from './store/sqlite/store.ts';

/** Under which name of `meta` the hash of the operator's token stands. */
export const OPERATOR_TOKEN_KEY = 'operatorTokenHash';

type Surroundings = { clock: Clock; random: Random };

export type StoreParts = Surroundings & {
  config: SettlementFile;
  database: string | undefined;
  /** As in `SettlementParts`. */
  onFatal?: ((fault: Fault) => void) | undefined;
  /** Hears who has something to hear, from every process on this database. */
  onEvents?: OnHint;
  log?: Logger;
};

/** The books of this directory, wherever they lie. */
export async function openStore(dataDir: string, parts: StoreParts): Promise<Store> {
  const { config, database, onFatal, onEvents } = parts;
  const rules = { limitsNow: config.limits, paymentLimits: paymentLimitsOf(config) };
  if (database !== undefined) {
    return await openOnPostgres(dataDir, { ...parts, database, rules });
  }
  const file = join(dataDir, DATABASE_FILE);
  return await openSqliteStore({
    file,
    ...rules,
    onEvents,
    ...(onFatal && { onDiskFailure: onFatal }),
  });
}

type PostgresParts = Omit<StoreParts, 'database'> & {
  database: string;
  rules: { limitsNow: SettlementFile['limits']; paymentLimits: PaymentLimits };
};

async function openOnPostgres(dataDir: string, parts: PostgresParts): Promise<Store> {
  const { database: url, clock, random, rules } = parts;
  const meta = await peekMeta(url, [BOOKS_KEY, OPERATOR_TOKEN_KEY, MOVE_KEY]);
  requireMoved(meta);
  requireOwnBooks(dataDir, {
    books: meta.get(BOOKS_KEY),
    isInitialised: meta.has(OPERATOR_TOKEN_KEY),
  });
  const { onEvents, log } = parts;
  if (onEvents === undefined || log === undefined) {
    return await openOwn({ url, dataDir, clock, random, ...rules });
  }
  const hints = await openEventHints({ url, onHint: onEvents, clock, log });
  const say = (subjects: readonly string[]) => {
    onEvents(subjects);
    hints.say(subjects);
  };
  try {
    const store = await openOwn({ url, dataDir, clock, random, ...rules, onEvents: say });
    const close = async () => {
      await hints.close();
      await store.close();
    };
    return { ...store, close };
  } catch (error) {
    await hints.close();
    throw error;
  }
}

async function openOwn(options: PostgresOptions & { random: Random }): Promise<Store> {
  const { dataDir, random } = options;
  const store = await openPostgresStore(options);
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
