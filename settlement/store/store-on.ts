/** A Store made of a Database: every use case, the same for all of them. */
import type { Limits } from '../core/logs/rulings.ts';
import type { PaymentLimits } from '../core/payments/payment-rules.ts';
import type { Database } from './database.ts';
import { judgeAgainUseCases } from './judge-again-use-cases.ts';
import { leadUseCases } from './lead-use-cases.ts';
import { listUseCases } from './list-use-cases.ts';
import { logUseCases } from './log-use-cases.ts';
import { staffUseCases } from './operator-use-cases.ts';
import { outboxUseCases } from './outbox-use-cases.ts';
import { parkedUseCases } from './parked-use-cases.ts';
import type { Store } from './port.ts';
import { recoveryUseCases } from './recovery-use-cases.ts';
import { retentionUseCases } from './retention-use-cases.ts';
import { operatorUseCases, paymentUseCases, riderUseCases } from './use-cases.ts';

export function storeOn(
  database: Database,
  { limitsNow, paymentLimits }: { limitsNow: Limits; paymentLimits: PaymentLimits },
): Store {
  return {
    ...riderUseCases(database),
    ...paymentUseCases(database, { paymentLimits }),
    ...operatorUseCases(database),
    ...logUseCases(database, { limitsNow }),
    ...outboxUseCases(database, { limitsNow }),
    ...judgeAgainUseCases(database, { limitsNow }),
    ...parkedUseCases(database, { limitsNow }),
    ...listUseCases(database),
    ...leadUseCases(database),
    ...staffUseCases(database),
    ...retentionUseCases(database),
    ...recoveryUseCases(database),
    close: () => database.close(),
  };
}
