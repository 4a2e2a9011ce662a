/** A Store made of a Database: every use case, the same for all of them. */
import type { Limits } from '../core/logs/rulings.ts';
import type { PaymentLimits } from '../core/payments/payment-rules.ts';
import type { Database } from './database.ts';
import { judgeAgainUseCases } from './judge-again-use-cases.ts';
import { listUseCases } from './list-use-cases.ts';
import { logUseCases } from './log-use-cases.ts';
import { staffUseCases } from './operator-use-cases.ts';
import { outboxUseCases } from './outbox-use-cases.ts';
import { parkedUseCases } from './parked-use-cases.ts';
import { paymentUseCases } from './payments/payment-use-cases.ts';
import type { Store } from './port.ts';
import { recoveryUseCases } from './recovery-use-cases.ts';
import { retentionUseCases } from './retention-use-cases.ts';
import { eventUseCases, type OnEvents, withHints } from './sharing/event-use-cases.ts';
import { leadUseCases } from './sharing/lead-use-cases.ts';
import { operatorUseCases, riderUseCases } from './use-cases.ts';

export type StoreOnParts = {
  limitsNow: Limits;
  paymentLimits: PaymentLimits;
  onEvents?: OnEvents | undefined;
};

export function storeOn(
  own: Database,
  { limitsNow, paymentLimits, onEvents }: StoreOnParts,
): Store {
  const database = onEvents === undefined ? own : withHints(own, onEvents);
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
    ...eventUseCases(database),
    ...staffUseCases(database),
    ...retentionUseCases(database),
    ...recoveryUseCases(database),
    close: () => database.close(),
  };
}
