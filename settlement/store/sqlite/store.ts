/** The Store on SQLite: one file, one connection; use-cases.ts puts the decisions on it. */
import { type Random, systemRandom } from '@stile/host/random.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import type { Limits } from '../../core/logs/rulings.ts';
import { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from '../../core/payments/payment-rules.ts';
import { judgeAgainUseCases } from '../judge-again-use-cases.ts';
import { listUseCases } from '../list-use-cases.ts';
import { logUseCases } from '../log-use-cases.ts';
import { staffUseCases } from '../operator-use-cases.ts';
import { outboxUseCases } from '../outbox-use-cases.ts';
import { parkedUseCases } from '../parked-use-cases.ts';
import type { Store } from '../port.ts';
import { recoveryUseCases } from '../recovery-use-cases.ts';
import { retentionUseCases } from '../retention-use-cases.ts';
import { operatorUseCases, paymentUseCases, riderUseCases } from '../use-cases.ts';
import { openConnection } from './connection.ts';
import { createDatabase } from './database.ts';
import { keepRulesOfLists } from './list-rules.ts';
import { openSeals, SealRows } from './seals.ts';

export type SqliteOptions = {
  file: string;
  limitsNow: Limits;
  paymentLimits?: PaymentLimits;
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
    return {
      ...riderUseCases(database),
      ...paymentUseCases(database, { paymentLimits }),
      ...operatorUseCases(database),
      ...logUseCases(database, { limitsNow }),
      ...outboxUseCases(database, { limitsNow }),
      ...judgeAgainUseCases(database, { limitsNow }),
      ...parkedUseCases(database, { limitsNow }),
      ...listUseCases(database),
      ...staffUseCases(database),
      ...retentionUseCases(database),
      ...recoveryUseCases(database),
      close: () => database.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}
