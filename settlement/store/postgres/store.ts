/** The Store on PostgreSQL, for any number of processes; use-cases.ts puts the decisions on it. */
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { type Random, systemRandom } from '@stile/host/random.ts';
import type { Limits } from '../../core/logs/rulings.ts';
import { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from '../../core/payments/payment-rules.ts';
import type { Store } from '../port.ts';
import type { OnEvents } from '../sharing/event-use-cases.ts';
import { storeOn } from '../store-on.ts';
import { createDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { openSeals } from './seals.ts';
import { openPool } from './session.ts';
import { createTransactions } from './transactions.ts';

/** Connections of one process: more than its use cases can use at once, fewer than a server has. */
const CONNECTIONS_MAX = 16;

export type PostgresOptions = {
  /** postgres://USER:PASSWORD@HOST:PORT/DATABASE */
  url: string;
  /** Where the key lies that seals the books, made with a new database. */
  dataDir: string;
  limitsNow: Limits;
  paymentLimits?: PaymentLimits;
  onEvents?: OnEvents | undefined;
  random?: Random;
  clock?: Clock;
  connectionsMax?: number;
  /** Hears of connections that broke while nobody used them. */
  onIdleError?: (error: Error) => void;
};

/** @throws Fault CONFIG_INVALID, STORE_CORRUPT or STORE_FAILED if the database can't be used. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { url, dataDir, limitsNow, paymentLimits = DEFAULT_PAYMENT_LIMITS } = options;
  const { random = systemRandom, clock = systemClock } = options;
  const { connectionsMax = CONNECTIONS_MAX, onIdleError = () => undefined } = options;
  await migrate({ url, migrations: MIGRATIONS });
  const pool = openPool({ url, connectionsMax, onIdleError });
  try {
    const transactions = createTransactions({ pool, url, clock, random });
    const { keyedHash, finish } = await transactions((session) =>
      openSeals(session, { url, dataDir, random }),
    );
    finish();
    const database = createDatabase({ pool, transactions, keyedHash });
    return storeOn(database, { limitsNow, paymentLimits, onEvents: options.onEvents });
  } catch (error) {
    await pool.close();
    throw error;
  }
}
