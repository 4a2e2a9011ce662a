/** The facts of payments that were asked for in one moment, of those that can be decided together. */
import type { PayFacts, PaymentRequest } from '../../core/payments/pay.ts';
import { decidableTogether } from '../../core/payments/pay-together.ts';
import { type Awaitable, follow } from '../awaitable.ts';
import type { Facts, PayQuery } from '../database.ts';

/** One for each request; null: it has to wait for another transaction. */
export function readPayments(
  facts: Facts,
  requests: readonly PaymentRequest[],
): Awaitable<readonly (PayFacts | null)[]> {
  return follow(facts.codeOwners(requests.map(({ presented }) => presented)), (owners) => {
    const payers = owners.map((owner) => owner?.account ?? null);
    const isTogether = decidableTogether(requests, payers);
    const asked = requests.flatMap((request, index): PayQuery[] =>
      isTogether[index] ? [{ request, owner: owners[index] ?? null }] : [],
    );
    return follow(facts.pay(asked), (found) => {
      const each = found.values();
      return isTogether.map((is) => (is ? (each.next().value ?? null) : null));
    });
  });
}
