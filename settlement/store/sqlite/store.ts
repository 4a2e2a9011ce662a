/** The Store on SQLite: one file, one connection; use-cases.ts puts the decisions on it. */
import { type Random, systemRandom } from '@stile/host/random.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import type { Limits } from '../../core/logs/rulings.ts';
import { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from '../../core/payments/payment-rules.ts';
import type { Store } from '../port.ts';
import type { OnEvents } from '../sharing/event-use-cases.ts';
import { storeOn } from '../store-on.ts';
import { openConnection } from './connection.ts';
import { createDatabase } from './database.ts';
import { keepRulesOfLists } from './list-rules.ts';
import { openSeals, SealRows } from './seals.ts';

export type SqliteOptions = {
  file: string;
  limitsNow: Limits;
  paymentLimits?: PaymentLimits;
  onEvents?: OnEvents | undefined;
  /** For the key that seals the books, made with a new file. */
  random?: Random;
  /** Called once if the disk fails a write; nothing is written any more. */
  onDiskFailure?: (fault: Fault) => void;
};

/** @throws Fault STORE_CORRUPT or STORE_FAILED if the file can't be used. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const {
    file,
    limitsNow,
    paymentLimits = DEFAULT_PAYMENT_LIMITS,
    random = systemRandom,
  } = options;
  const connection = openConnection(file, options.onDiskFailure);
  try {
    const keyedHash = openSeals(connection, { file, random });
    keepRulesOfLists(connection, new SealRows(connection, keyedHash));
    const database = createDatabase(connection, keyedHash);
    return storeOn(database, { limitsNow, paymentLimits, onEvents: options.onEvents });
  } catch (error) {
    connection.close();
    throw error;
  }
}
